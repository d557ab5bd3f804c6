package transform_test

import (
	"sync/atomic"
	"testing"
	"time"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
)

// Our clock is off by an hour or by days in one run, whose end is that of any
// other; what changes in PingOne soon after is seen by the next run, whose
// clock is right.
func TestBadDaysOfClocks(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{time.Hour, -10 * time.Minute, -48 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			t.Parallel()
			d := newBadDay(t)
			var passed, off atomic.Int64
			d.org.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
			d.clock = func() time.Time { return d.org.Now().Add(time.Duration(off.Load())) }
			off.Store(int64(by))
			d.readAll()
			d.wantGoodEnd(nil)

			passed.Add(int64(20 * time.Minute))
			want := tinyHoldings().without("user:eve").with("accountAssociations")
			for _, name := range []string{"ann", "bob", "cy", "dan"} { // of whom two are asked in any case
				d.org.Assign(id("main"), user(name), pingonetest.RoleAssignment{Role: id("envadmin"), ScopeType: "ENVIRONMENT", Scope: id("main")})
				want = want.with("accountAssociations", "user:"+name+" role:envadmin@ENVIRONMENT:main")
			}
			passed.Add(int64(6 * time.Hour))
			off.Store(0)
			d.run = run3
			d.readAll()
			d.wantState(d.mustTransform(run3), report.Done, true)
			d.wantHeld(want)
			d.wantGone(run3)
		})
	}
}
