package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
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

func TestRolesAreReadOnceAndThenByEvents(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 30)
	r.wantRun("first run", 30)
	if n := r.fake.Calls(askFeed); n != 0 {
		t.Errorf("the first run read the feed %d times", n)
	}
	r.wantRun("no change", 0)
	if n := r.fake.Calls(askFeed); n != 2 {
		t.Errorf("the feed was read %d times, want once for each action", n)
	}
	a := r.assign(4, "Help Desk Admin")
	r.wantRun("one was given a role", 1)
	if n := r.fake.Calls(askUser); n != 1 {
		t.Errorf("%d calls for users, want 1", n)
	}
	if n := r.fake.Calls("/v1/environments/*/users/" + user(4).String() + "/roleAssignments"); n != 1 {
		t.Errorf("that one was asked %d times", n)
	}
	r.wantRun("the event lies in the overlap and was dealt with", 0)
	r.org.Unassign(r.env, holder(4), a.ID)
	r.assign(5, "Help Desk Admin")
	r.assign(5, "Environment Admin")
	r.wantRun("one lost it, another was given two", 2)
	r.addUser(30)
	r.assign(30, "Help Desk Admin")
	r.addUser(31)
	r.wantRun("two are new", 2)
	r.org.RemoveUser(r.env, user(5))
	r.org.RemoveUser(r.env, user(6))
	r.wantRun("two are gone", 0)
	r.org.Assign(r.env, pingonetest.Principal{Kind: pingonetest.GroupPrincipal, ID: pingonetest.StableID("group")},
		pingonetest.RoleAssignment{Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "ENVIRONMENT", Scope: r.env})
	r.wantRun("a group was given a role: it is always asked", 0)
}

// PingOne gives roles to static groups only, but a group keeps those that it
// had before it was given a filter.
func TestRolesOfADynamicGroupAreRead(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	id := pingonetest.StableID("small", "dynamic")
	o.AddGroup(smallEnv, pingonetest.Group{ID: id, Name: "Dynamic", UserFilter: `population.id eq "x"`})
	o.Assign(smallEnv, pingonetest.Principal{Kind: pingonetest.GroupPrincipal, ID: id}, pingonetest.RoleAssignment{
		Role: pingonetest.RoleID("Environment Admin"), ScopeType: "ENVIRONMENT", Scope: smallEnv,
	})
	r.mustRead(staging.RoleAssignments)
	r.wantStaged(staging.RoleAssignments, modelEdges(o, staging.RoleAssignments))
}

func TestRolesAreRefreshedOldestFirst(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 8)
	r.wantRun("first run", 8)
	r.roles = fetch.RoleOptions{Refresh: 4, MaxAge: 24 * time.Hour}
	asked := map[string]int{}
	for range 4 {
		r.ahead.Add(int64(2 * time.Second))
		r.wantRun("refresh", 4)
		for _, q := range r.fake.Requests() {
			if strings.Contains(q.Path, "/users/") {
				asked[q.Path]++
			}
		}
	}
	for path, n := range asked {
		if n != 2 {
			t.Errorf("%s: asked %d times in four runs of four, want 2 for each of eight users", path, n)
		}
	}
	r.ahead.Add(int64(25 * time.Hour))
	r.wantRun("all are too old", 8)
}

func TestRolesAreReadInFullWhenTheFeedCannotVouch(t *testing.T) {
	t.Parallel()
	activities := func(r *rolesRig) string { return "/v1/environments/" + r.env.String() + "/activities" }
	tests := []struct {
		name string
		do   func(r *rolesRig)
		// then is how many are asked in the next run, when all is well again.
		then int
	}{
		{"refused", func(r *rolesRig) { r.fake.Deny(activities(r), http.StatusForbidden, "ACCESS_FAILED") }, 10},
		{"not understood", func(r *rolesRig) { r.fake.Deny(activities(r), http.StatusBadRequest, "INVALID_FILTER") }, 10},
		{"gap longer than its retention", func(r *rolesRig) {
			r.ahead.Store(int64(86 * 24 * time.Hour))
			r.roles.MaxAge = 1000 * 24 * time.Hour
		}, 0},
		{"clock set back", func(r *rolesRig) { r.ahead.Store(-int64(time.Hour)) }, 0},
		{"event that names nobody", func(r *rolesRig) {
			r.org.Assign(r.env, pingonetest.Principal{}, pingonetest.RoleAssignment{Role: pingonetest.RoleID("Help Desk Admin")})
			r.org.Read(func() { delete(r.org.Environments[0].RoleAssignments, pingonetest.Principal{}) })
		}, 0},
		{"index of another form", func(r *rolesRig) {
			if _, err := r.store.Put(r.t.Context(), roleIndex, []byte(`{"version":99}`), staging.Always); err != nil {
				r.t.Fatal(err)
			}
		}, 0},
		{"times damaged", func(r *rolesRig) { r.damage("state/roleassignments/users/") }, 0},
		{"replies damaged", func(r *rolesRig) { r.damage("state/roleassignments/replies/") }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRolesRig(t, 10)
			r.wantRun("first run", 10)
			tt.do(r)
			r.assignSilently(1)
			r.wantRun("distrust", 10)
			r.wantRun("after it", tt.then)
		})
	}
}

// damage spoils every object below a prefix.
func (r *rolesRig) damage(prefix string) {
	keys, err := r.store.List(r.t.Context(), prefix)
	if err != nil || len(keys) == 0 {
		r.t.Fatalf("%d objects, %v", len(keys), err)
	}
	for _, key := range keys {
		if _, err := r.store.Put(r.t.Context(), key, []byte("damaged"), staging.Always); err != nil {
			r.t.Fatal(err)
		}
	}
}

// A change that no event told of is found by the refresh, and costs the feed
// its trust. One whose event only came later does not.
func TestRolesDisagreement(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 10)
	r.roles.Refresh = 10
	r.wantRun("first run", 10)
	r.assignSilently(1)
	r.roles.Refresh = 0
	if got := r.run(); got != 0 || cmp.Equal(r.model(), r.staged()) {
		t.Errorf("%d users asked; nothing can tell of the change yet", got)
	}
	r.roles.Refresh = 10
	r.wantRun("refresh finds it", 10)
	r.roles.Refresh = 0
	r.assignSilently(2)
	r.wantRun("full reading", 10)
	r.wantRun("trust again", 0)

	r.roles.Refresh = 10
	r.ahead.Add(int64(2 * time.Second))
	r.fake.Inject(pingonetest.Fault{Match: askFeed, From: 2, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		r.assign(4, "Help Desk Admin") // once the feed of creations was read
	}})
	r.wantRun("changed while it was read", 10)
	r.roles.Refresh = 0
	r.wantRun("the event comes later", 1)
	r.wantRun("no distrust", 0)
}

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
