package main

import (
	"testing"
	"time"

	"pingone-authomize/shared/pingone/pingonetest"
)

// run --approve-sweep lets go the held sweep of the newest run, or of the one
// that is named, and of no other.
func TestRunApproveSweep(t *testing.T) {
	t.Parallel()
	for name, isNamed := range map[string]bool{"the newest": false, "by name": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			m := newMachine(t, x.env())
			_, stderr := m.run(t.Context(), exitFailed, "run", "--approve-sweep")
			mustContain(t, "stderr", stderr, "no run in", "has a report")
			m.run(t.Context(), exitDone, "run")
			env := pingonetest.SizedEnvironment()
			for i := range 20 {
				x.org.RemoveUser(env, x.org.Environments[0].Users[i].ID)
			}
			m.run(t.Context(), exitHeld, "run")
			held := m.report()
			args := []string{"run", "--approve-sweep"}
			if isNamed {
				args = append(args, "--run", held.Run)
			}
			posts, calls := len(x.authomize.Posts()), x.pingone.Calls("/v1/**")
			stdout, _ := m.run(t.Context(), exitDone, args...)
			mustContain(t, "stdout", stdout, "run "+held.Run+" done: ", ", swept")
			sweeps := x.authomize.Sweeps()
			if len(sweeps) != 2 || !sweeps[1].ModifiedBefore.Equal(held.Sweep.Cutoff.Truncate(time.Millisecond)) {
				t.Errorf("sweeps %+v, want a second one, of before %s", sweeps, held.Sweep.Cutoff)
			}
			if len(x.authomize.Posts()) != posts || x.pingone.Calls("/v1/**") != calls {
				t.Errorf("%d posts and %d calls to PingOne more, want none", len(x.authomize.Posts())-posts, x.pingone.Calls("/v1/**")-calls)
			}
			_, stderr = m.run(t.Context(), exitFailed, args...)
			mustContain(t, "stderr", stderr, "there is no held sweep to approve: run "+held.Run+" is done, not held")
		})
	}
}
