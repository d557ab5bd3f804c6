package fetch_test

import (
	"sync/atomic"
	"testing"
	"time"

	"pingone-authomize/shared/pingone/pingonetest"
)

// a clocksRig has two clocks: PingOne's, which goes on, and ours, which is off.
type clocksRig struct {
	*rolesRig
	passed atomic.Int64 // time that has passed by PingOne's clock
	off    time.Duration
}

func newClocksRig(t *testing.T, users int) *clocksRig {
	r := &clocksRig{rolesRig: newRolesRig(t, users)}
	r.org.Now = func() time.Time { return time.Now().Add(time.Duration(r.passed.Load())) }
	return r
}

// set puts our clock off by so much.
func (r *clocksRig) set(off time.Duration) {
	r.off = off
	r.ahead.Store(r.passed.Load() + int64(off))
}

func (r *clocksRig) pass(d time.Duration) {
	r.passed.Add(int64(d))
	r.set(r.off)
}

const day = 24 * time.Hour

var jumps = map[string]time.Duration{
	"an hour ahead": time.Hour, "ten minutes ahead": 10 * time.Minute, "two days ahead": 2 * day, "100 days ahead": 100 * day,
	"an hour behind": -time.Hour, "ten minutes behind": -10 * time.Minute, "two days behind": -2 * day, "100 days behind": -100 * day,
}

// Our clock is wrong in one run, and right in the next one: a role that was
// given in between is noticed, and so is one that was given in mid-run or
// just before.
func TestClockWrongInOneRun(t *testing.T) {
	t.Parallel()
	for name, off := range jumps {
		for _, first := range []bool{false, true} { // the wrong one is the first of all
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := newClocksRig(t, 12)
				if !first {
					r.wantRun("first run", 12)
					r.pass(6 * time.Hour)
					r.assign(1, "Help Desk Admin")
				}
				r.set(off)
				r.fake.Inject(pingonetest.Fault{Match: askUser, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
					r.assign(2, "Help Desk Admin")
				}})
				r.run()
				r.wantHeld("with the clock "+name, 1, !first)
				r.pass(20 * time.Minute)
				r.assign(3, "Help Desk Admin")
				r.addUser(12)
				r.assign(12, "Help Desk Admin")
				r.pass(6 * time.Hour)
				r.set(0)
				asked := r.run()
				r.wantRight("with the clock right again")
				if off > 0 && off < 80*day && asked > 3 {
					t.Errorf("%d users asked, want those three that the feed names", asked)
				}
				r.pass(6 * time.Hour)
				r.wantRun("after that", 0)
			})
		}
	}
}

// wantHeld compares what is staged of one user's roles with the model.
func (r *clocksRig) wantHeld(what string, i int, check bool) {
	r.t.Helper()
	if !check {
		return
	}
	count := func(rights []string) (n int) {
		for _, right := range rights {
			if right[:len(user(i).String())] == user(i).String() {
				n++
			}
		}
		return n
	}
	if got, want := count(r.staged()), count(r.model()); got != want {
		r.t.Errorf("%s: %d rights of user %d staged, want %d", what, got, i, want)
	}
}

// Our clock jumps before each run, forth and back, while PingOne's goes on.
// Each run sees what happened before it, by whatever clock.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	roles := []string{"Help Desk Admin", "Environment Admin", "DaVinci Admin"}
	r := newClocksRig(t, 6)
	r.wantRun("first run", 6)
	for i, off := range []time.Duration{10 * time.Minute, 0, -10 * time.Minute, time.Hour, -2 * day, 0, 100 * day, 0, -100 * day, 0} {
		r.pass(20 * time.Minute)
		r.assign(1, roles[i%len(roles)])
		r.addUser(6 + i)
		r.assign(6+i, "Help Desk Admin")
		r.org.RemoveUser(r.env, user(i+2))
		r.set(off)
		r.run()
		r.wantRight("with a clock ahead by " + off.String())
	}
}
