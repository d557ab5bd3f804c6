package transform_test

import (
	"testing"

	"pingone-authomize/shared/report"
)

func TestOlderRunAfterANewerOne(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.fetch(run1)
	r.org.AddUser(id("main"), person("fay"))
	r.fetch(run2)
	c.set(day2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	c.set(day3)
	r.wantState(r.mustTransform(run1), report.Held, false,
		"users: 1 users of environment main that an earlier run was told of were not read, and PingOne was not asked for them",
		"run 20261124T090000Z is newer and was posted, or begun: what only it holds must not go")
	r.wantHeld(tinyHoldings().with("users", "user:fay").with("accountAssociations", "user:fay all-users:main"))
	r.wantGone(run1, "user:fay")

	// The next run goes on as if nothing had been.
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantGone(run3)
}

// A newer run that is at work holds an older one back, at whatever moment it
// begins: its own records are younger than what the older one sweeps, or it
// had begun before the older one did.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	both := tinyHoldings().with("users", "user:fay").with("accountAssociations", "user:fay all-users:main")
	for _, at := range []string{"users", "permissions", "sweep"} {
		t.Run("newer begins first, older ends before its "+at, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.fetch(run1)
			r.org.AddUser(id("main"), person("fay"))
			r.fetch(run2)
			done := false
			o := r.options()
			o.Holder = "newer"
			o.Client = &hooked{Authomize: o.Client, before: func(kind string) {
				if kind != at || done {
					return
				}
				done = true
				c.set(c.now().Add(time10))
				r.wantState(r.mustTransform(run1), report.Held, false, "run 20261124T090000Z is newer")
				c.set(c.now().Add(time10))
			}}
			r.wantState(r.run(run2, o), report.Done, true)
			r.wantHeld(both)
		})
		t.Run("older begins first, newer ends before its "+at, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.fetch(run1)
			r.org.AddUser(id("main"), person("fay"))
			r.fetch(run2)
			done := false
			o := r.options()
			o.Holder = "older"
			o.Client = &hooked{Authomize: o.Client, before: func(kind string) {
				if kind != at || done {
					return
				}
				done = true
				c.set(c.now().Add(time10))
				r.wantState(r.mustTransform(run2), report.Done, true)
				c.set(c.now().Add(time10))
			}}
			got := r.run(run1, o)
			if at == "sweep" { // its proof was there already, and its cut-off is older than all of the newer run
				r.wantState(got, report.Done, true)
			} else {
				r.wantState(got, report.Held, false, "users: 1 users of environment main that an earlier run was told of", "run 20261124T090000Z is newer")
			}
			r.wantHeld(both)

			r.org.RemoveUser(id("main"), id("fay"))
			r.fetch(run3)
			r.wantState(r.mustTransform(run3), report.Done, true)
			r.wantGone(run3, "user:fay")
		})
	}
}
