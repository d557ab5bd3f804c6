package fetch_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

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
		{"shows no event and tells of one", func(r *rolesRig) {
			r.assign(3, "Help Desk Admin")
			r.fake.Inject(pingonetest.Fault{Match: askFeed, Times: -1, Do: pingonetest.FaultEdit, Edit: emptied("activities")})
		}, 10},
		{"event that names nobody", func(r *rolesRig) {
			r.org.Assign(r.env, pingonetest.Principal{}, pingonetest.RoleAssignment{Role: pingonetest.RoleID("Help Desk Admin")})
			r.org.Read(func() { delete(r.org.Environments[0].RoleAssignments, pingonetest.Principal{}) })
		}, 0},
		{"event from before the time asked for", func(r *rolesRig) { r.dateEvents(-31 * time.Minute) }, 10},
		{"event from behind it", func(r *rolesRig) { r.dateEvents(16 * time.Minute) }, 10},
		{"event without a date", func(r *rolesRig) {
			r.editEvents(func(time.Time) string { return "soon" })
		}, 10},
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

// dateEvents dates all events of the feed anew, as far from now as d.
func (r *rolesRig) dateEvents(d time.Duration) {
	r.editEvents(func(now time.Time) string { return now.Add(d).UTC().Format(time.RFC3339) })
}

// editEvents gives the feed an event, and all of its events another date.
func (r *rolesRig) editEvents(date func(now time.Time) string) {
	r.assign(3, "Help Desk Admin")
	recorded := regexp.MustCompile(`"recordedAt":"[^"]*"`)
	r.fake.Inject(pingonetest.Fault{Match: askFeed, Times: -1, Do: pingonetest.FaultEdit, Edit: func(body string) string {
		return recorded.ReplaceAllString(body, `"recordedAt":"`+date(r.now())+`"`)
	}})
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
