package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const (
	askUser = "/v1/environments/*/users/*/roleAssignments"
	askFeed = "/v1/environments/*/activities"

	roleIndex = "state/roleassignments/index.json"
)

// a rolesRig reads the role assignments of one small environment, run by run.
type rolesRig struct {
	*rig
	org    *pingonetest.Organization
	env    pingone.ID
	ahead  atomic.Int64 // of the clock, in nanoseconds
	roles  fetch.RoleOptions
	latest staging.RunID
	runs   int
}

func newRolesRig(t testing.TB, users int, opts ...pingonetest.Option) *rolesRig {
	org := pingonetest.NewOrganization("roles")
	r := &rolesRig{org: org, env: pingonetest.StableID("environment")}
	org.Now = func() time.Time { return r.now().Add(-48 * time.Hour) } // long before the first reading
	org.AddEnvironment(pingonetest.Environment{ID: r.env, Name: "Small"})
	org.AddPopulation(r.env, pingonetest.Population{ID: pingonetest.StableID("population"), Name: "All"})
	for i := range users {
		r.addUser(i)
	}
	org.AddGroup(r.env, pingonetest.Group{ID: pingonetest.StableID("group"), Name: "Admins"})
	for i := range users / 3 {
		r.assign(3*i, "Identity Data Admin")
	}
	org.Now = r.now
	r.rig = newRig(t, org, opts...)
	r.envs = []pingone.ID{r.env}
	return r
}

func (r *rolesRig) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func user(i int) pingone.ID { return pingonetest.StableID("user", fmt.Sprint(i)) }

func holder(i int) pingonetest.Principal {
	return pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: user(i)}
}

func (r *rolesRig) addUser(i int) {
	r.org.AddUser(r.env, pingonetest.User{ID: user(i), Population: pingonetest.StableID("population"), Username: fmt.Sprint("u", i)})
}

func (r *rolesRig) assign(i int, role string) pingonetest.RoleAssignment {
	return r.org.Assign(r.env, holder(i), pingonetest.RoleAssignment{Role: pingonetest.RoleID(role), ScopeType: "ENVIRONMENT", Scope: r.env})
}

// assignSilently changes the model without an event.
func (r *rolesRig) assignSilently(i int) {
	r.org.Read(func() {
		held := r.org.Environments[0].RoleAssignments
		held[holder(i)] = append(held[holder(i)], pingonetest.RoleAssignment{
			ID: pingonetest.StableID("silent", fmt.Sprint(i)), Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "ENVIRONMENT", Scope: r.env,
		})
	})
}

func (r *rolesRig) rolesOptions() fetch.Options {
	o := r.options()
	o.Client = o.Client.WithClock(r.now)
	o.Now, o.Roles = r.now, r.roles
	return o
}

// next begins another run.
func (r *rolesRig) next() {
	r.runs++
	r.latest = staging.RunAt(time.Date(2026, 11, 23, r.runs, 0, 0, 0, time.UTC))
	r.fake.ResetLog()
}

// run reads a whole run and returns how many users were asked.
func (r *rolesRig) run() int {
	r.t.Helper()
	r.next()
	return r.resume()
}

func (r *rolesRig) resume() int {
	r.t.Helper()
	result, err := fetch.Run(r.t.Context(), r.latest, staging.RoleAssignments, r.rolesOptions())
	if err != nil || !result.Complete {
		r.t.Fatalf("run %s: %+v, %v", r.latest, result, err)
	}
	s, err := staging.Load(r.t.Context(), r.store, r.latest, staging.RoleAssignments)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, slice := range s.Manifest.Slices {
		if slice.Parent == "user" {
			return slice.Asked
		}
	}
	return 0
}

// kill reads until n users were answered, commits, and dies.
func (r *rolesRig) kill(n int) {
	r.t.Helper()
	var stopped atomic.Bool
	sound := r.store
	r.store = stagingtest.NewFaulty(sound, stagingtest.Fault{N: 1, Err: errors.New("killed"), Dead: true, Match: func(_, key string) bool {
		return stopped.Load() && key == roleIndex
	}})
	r.stop(n, func() { stopped.Store(true) })
	r.store = sound
}

// stop reads until n users were answered, and ends before its time.
func (r *rolesRig) stop(n int, then func()) {
	r.t.Helper()
	r.next()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	o := r.rolesOptions()
	o.PerSecond = 0.1 // two workers
	// A reading within the second of the plan counts as one before it.
	r.fake.Inject(pingonetest.Fault{Match: askUser, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) { r.ahead.Add(int64(2 * time.Second)) }})
	o.OnProgress = func(p fetch.Progress) {
		if p.Pages > n { // the group is one
			then()
			cancel()
		}
	}
	if result, err := fetch.Run(ctx, r.latest, staging.RoleAssignments, o); err != nil || result.Complete {
		r.t.Fatalf("killed run: %+v, %v", result, err)
	}
}

func (r *rolesRig) complete() *staging.Complete {
	r.t.Helper()
	s, err := staging.Load(r.t.Context(), r.store, r.latest, staging.RoleAssignments)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.Complete
}

// staged are the users' rights in the latest run, as "user role scope".
func (r *rolesRig) staged() []string {
	r.t.Helper()
	s, err := staging.Load(r.t.Context(), r.store, r.latest, staging.RoleAssignments)
	if err != nil {
		r.t.Fatal(err)
	}
	rights := []string{}
	var d pingone.Decoder[pingone.RoleAssignment]
	for reply, err := range s.Replies(r.t.Context()) {
		if err != nil {
			r.t.Fatal(err)
		}
		if reply.Parent == nil || reply.Parent.Kind != "user" {
			continue
		}
		items, broken, err := d.Items(reply.Body, "roleAssignments")
		if err != nil || broken > 0 {
			r.t.Fatalf("%d broken items, %v", broken, err)
		}
		for _, a := range items {
			rights = append(rights, fmt.Sprint(reply.Parent.ID, a.Role.ID, a.Scope.Type, a.Scope.ID))
		}
	}
	slices.Sort(rights)
	return rights
}

func (r *rolesRig) model() []string {
	rights := []string{}
	r.org.Read(func() {
		for p, held := range r.org.Environments[0].RoleAssignments {
			for _, a := range held {
				if p.Kind == pingonetest.UserPrincipal {
					rights = append(rights, fmt.Sprint(p.ID, a.Role, a.ScopeType, a.Scope))
				}
			}
		}
	})
	slices.Sort(rights)
	return rights
}

// wantRun runs once more and compares how many users were asked, what is
// staged with the model, and what is covered.
func (r *rolesRig) wantRun(what string, asked int) {
	r.t.Helper()
	if got := r.run(); got != asked {
		r.t.Errorf("%s: %d users asked, want %d", what, got, asked)
	}
	r.wantRight(what)
}

func (r *rolesRig) wantRight(what string) {
	r.t.Helper()
	if d := cmp.Diff(r.model(), r.staged()); d != "" {
		r.t.Errorf("%s: rights (-model +staged):\n%s", what, d)
	}
	users := r.org.Environments[0].UserCount()
	got := r.complete().Coverage
	for i := range got {
		got[i].Oldest = time.Time{}
	}
	if d := cmp.Diff([]staging.Coverage{{Environment: r.env, Users: users, Known: users}}, got); d != "" {
		r.t.Errorf("%s: coverage (-want +got):\n%s", what, d)
	}
	if u := r.complete().Unread; len(u) > 0 {
		r.t.Errorf("%s: unread %+v", what, u)
	}
}
