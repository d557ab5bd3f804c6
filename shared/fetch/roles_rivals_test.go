package fetch_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func TestRolesOfAnAbandonedRunAreTakenOver(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 40)
	r.kill(15)
	r.ahead.Add(int64(time.Hour))
	asked := r.run()
	if asked < 20 || asked > 26 {
		t.Errorf("%d users asked, want 40 less about 15", asked)
	}
	r.wantRight("after the abandoned run")
	r.wantRun("after that", 0)

	for i := range 40 {
		r.assign(i, "Environment Admin")
	}
	r.ahead.Add(int64(16 * time.Minute)) // a reading sooner than that may have been too early
	r.kill(15)
	r.ahead.Add(int64(time.Hour))
	r.org.RemoveUser(r.env, user(0))
	asked = r.run()
	if asked < 20 || asked > 26 {
		t.Errorf("%d users asked after a change of 40, want 39 less about 15", asked)
	}
	r.wantRight("after the abandoned run that was called for")
	r.wantRun("after that", 0)
}

func TestRolesAreNotReadTwiceAtOnce(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 40)
	r.wantRun("first run", 40)
	for i := range 40 {
		r.assign(i, "Environment Admin")
	}
	before := r.staged()
	r.kill(15)
	alive := r.latest
	if asked := r.run(); asked != 0 {
		t.Errorf("%d users asked while another run reads them", asked)
	}
	unread := r.complete().Unread
	if len(unread) != 1 || unread[0].Code != "STILL_READING" || unread[0].Environment != r.env {
		t.Errorf("unread %+v, want one STILL_READING", unread)
	}
	if d := cmp.Diff(before, r.staged()); d != "" {
		t.Errorf("what is kept (-want +got):\n%s", d)
	}
	if c := r.complete().Coverage; len(c) != 1 || c[0].Known != 40 || c[0].Users != 40 {
		t.Errorf("coverage %+v", c)
	}
	r.latest = alive
	r.resume()
	r.wantRight("the one that was reading")
	r.wantRun("after that", 0)
}

// A run that ends before its time gives the reading of users back: another one
// takes it over at once, with what was read. The first may still go on, before
// the other one has ended or after.
func TestRolesOfARunThatWasStopped(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} { // the first goes on after all
		t.Run(fmt.Sprint("goes on ", again), func(t *testing.T) {
			t.Parallel()
			r := newRolesRig(t, 40)
			r.stop(15, func() {})
			first := r.latest
			if asked := r.run(); asked < 20 || asked > 26 {
				t.Errorf("%d users asked, want 40 less about 15", asked)
			}
			r.wantRight("the run after the one that was stopped")
			second := r.latest
			if again {
				r.latest = first
				r.resume()
				r.wantRight("the one that was stopped")
				r.latest = second
				r.resume() // complete: nothing to do
				r.wantRight("the second")
			}
			r.assign(5, "Help Desk Admin")
			r.wantRun("after that", 1)
		})
	}
}

// A run that was stopped and goes on takes the reading up again: another one
// reads no user beside it.
func TestRolesOfAStoppedRunThatGoesOn(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 40)
	r.stop(15, func() {})
	first := r.latest
	o := r.rolesOptions()
	o.PerSecond = 0.1
	r.fake.Inject(pingonetest.Fault{Match: askUser, From: 2, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		if asked := r.run(); asked != 0 {
			t.Errorf("%d users asked while the first run reads them", asked)
		}
		if unread := r.complete().Unread; len(unread) != 1 || unread[0].Code != "STILL_READING" {
			t.Errorf("unread %+v, want one STILL_READING", unread)
		}
	}})
	if result, err := fetch.Run(t.Context(), first, staging.RoleAssignments, o); err != nil || !result.Complete {
		t.Fatalf("the first run: %+v, %v", result, err)
	}
	r.latest = first
	r.wantRight("the first run")
	r.wantRun("after that", 0)
}

// Both read at once: the one that was stopped goes on while the other one,
// which took over, is in the middle.
func TestRolesOfAStoppedRunBesideItsSuccessor(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 40)
	r.stop(15, func() {})
	first := r.latest
	r.fake.Inject(pingonetest.Fault{Match: askUser, From: 5, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		if result, err := fetch.Run(t.Context(), first, staging.RoleAssignments, r.rolesOptions()); err != nil || !result.Complete {
			t.Errorf("the first run: %+v, %v", result, err)
		}
	}})
	r.run()
	r.wantRight("the one that took over")
	r.latest = first
	r.wantRight("the one that was stopped")
	r.wantRun("after both", 0)
}

// A run that was taken for dead and goes on still ends right, and leaves the
// state to the one that took over.
func TestRolesOfARunThatWasTakenForDead(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 40)
	r.kill(15)
	dead := r.latest
	r.ahead.Add(int64(time.Hour))
	r.run()
	r.wantRight("the one that took over")
	r.latest = dead
	r.resume()
	r.wantRight("the one that came back")
	r.wantRun("after both", 0)
}

func TestRefusedUsersAreNotCovered(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 30)
	r.wantRun("first run", 30)
	r.roles.Refresh = 30
	r.fake.Deny(askUser, http.StatusForbidden, "ACCESS_FAILED")
	r.run()
	c := r.complete()
	if len(c.Unread) != 1 || c.Unread[0].Status != http.StatusForbidden {
		t.Errorf("unread %+v, want one of 403", c.Unread)
	}
	if d := cmp.Diff([]staging.Coverage{{Environment: r.env, Users: 30}}, c.Coverage); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
	r.fake.Permit(askUser)
	r.roles.Refresh = 0
	r.wantRun("permitted again", 30)
}

func TestUsersThatVanishWhileTheyAreRead(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 30)
	r.fake.Inject(pingonetest.Fault{Match: "/v1/environments/*/users/" + user(3).String() + "/roleAssignments", Do: pingonetest.FaultCall,
		Call: func(o *pingonetest.Organization) { o.RemoveUser(r.env, user(3)) }})
	r.wantRun("one vanished", 30)
	if gone := r.complete().Gone; gone != 1 {
		t.Errorf("%d gone, want 1", gone)
	}
	r.wantRun("after that", 0)
}

// When users can't be listed nothing is concluded from that.
func TestUnlistedUsersStayKept(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 10)
	r.wantRun("first run", 10)
	list := "/v1/environments/" + r.env.String() + "/users"
	r.fake.Deny(list, http.StatusForbidden, "ACCESS_FAILED")
	if asked := r.run(); asked != 0 || len(r.complete().Unread) != 1 || len(r.complete().Coverage) != 0 {
		t.Errorf("%d asked, %+v", asked, r.complete())
	}
	r.fake.Permit(list)
	a := r.assign(2, "Help Desk Admin")
	r.wantRun("listed again", 1)
	r.org.Unassign(r.env, holder(2), a.ID)
	r.wantRun("after that", 1)
}

// Two invocations of one run at once: at most one goes on, and what comes
// after is right.
func TestRolesOfTwoInvocationsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 20)
	r.wantRun("first run", 20)
	for range 5 {
		r.assign(1, "Help Desk Admin")
		r.next()
		var wg sync.WaitGroup
		for range 2 {
			o := r.rolesOptions()
			wg.Go(func() {
				_, err := fetch.Run(t.Context(), r.latest, staging.RoleAssignments, o)
				if err != nil && !errors.Is(err, staging.ErrConflict) {
					t.Errorf("got %v, want nothing or a conflict", err)
				}
			})
		}
		wg.Wait()
		r.resume()
		r.wantRight("the run")
	}
	r.ahead.Add(int64(time.Hour))
	r.assign(2, "Help Desk Admin")
	r.run()
	r.wantRight("the run after")
	r.wantRun("after that", 0)
}

// Each operation of a run that commits after everything that it plans and
// reads fails once, in each way, and the next invocation goes on. Whatever
// happened, the run and the state are right.
func TestRolesKilledAnywhere(t *testing.T) {
	t.Parallel()
	errFault := errors.New("fault")
	attempt := func(t *testing.T, fault stagingtest.Fault, abandon bool) int {
		r := newRolesRig(t, 6, pingonetest.WithPageMax(2))
		r.roles.Refresh = 2
		r.wantRun("first run", 6)
		r.assign(1, "Help Desk Admin")
		r.addUser(6)
		r.assign(6, "Help Desk Admin")
		r.org.RemoveUser(r.env, user(0))
		r.next()
		sound := r.store
		faulty := stagingtest.NewFaulty(sound, fault)
		r.store = faulty
		_, err := fetch.Run(t.Context(), r.latest, staging.RoleAssignments, r.rolesOptions().CommittingEvery(time.Nanosecond))
		if err != nil && !errors.Is(err, errFault) {
			t.Fatalf("unexpected error: %v", err)
		}
		r.store = sound
		if abandon {
			r.ahead.Add(int64(time.Hour))
			r.run()
		} else {
			r.resume()
		}
		r.wantRight("after the fault")
		r.assign(2, "Help Desk Admin")
		r.roles.Refresh = 0
		r.wantRun("after that", 1)
		return faulty.Operations()
	}
	operations := attempt(t, stagingtest.Fault{}, false)
	if operations < 40 {
		t.Fatalf("only %d operations", operations)
	}
	for n := 1; n <= operations; n++ {
		for _, applied := range []bool{false, true} {
			for _, abandon := range []bool{false, true} {
				t.Run(fmt.Sprintf("operation %d applied %t abandon %t", n, applied, abandon), func(t *testing.T) {
					t.Parallel()
					attempt(t, stagingtest.Fault{N: n, Err: errFault, Applied: applied, Dead: true}, abandon)
				})
			}
		}
	}
}
