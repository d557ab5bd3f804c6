package transform_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// id makes the id of something in the tiny organization from its name.
func id(name string) pingone.ID {
	switch name {
	case "reader":
		return pingonetest.RoleID("Identity Data Read Only")
	case "envadmin":
		return pingonetest.RoleID("Environment Admin")
	}
	return pingonetest.StableID("tiny", name)
}

// names are all that tests use, to turn ids back.
var names = []string{
	"main", "side", "people", "others", "ann", "bob", "cy", "dan", "eve", "fay", "fred", "ghost", "staff", "leads", "temps", "ring", "lost",
	"wiki", "sync", "shop", "desk", "admin", "closed", "gate", "idle", "reader", "envadmin", "custom", "unlisted", "nowhere",
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// named replaces ids by their names.
func named(text string) string {
	return uuids.ReplaceAllStringFunc(text, func(found string) string {
		for _, n := range names {
			if id(n).String() == found {
				return n
			}
		}
		return found
	})
}

func namedAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = named(s)
	}
	slices.Sort(out)
	return out
}

// tiny is an organization of one environment: five users, all in staff, with
// ann in leads, which is in staff; ann reads the population people, and the
// worker application sync administers the environment; anybody may use wiki.
func tiny() *pingonetest.Organization {
	o := pingonetest.NewOrganization("Tiny")
	o.Roles = slices.DeleteFunc(o.Roles, func(r *pingonetest.Role) bool { return r.ID != id("reader") && r.ID != id("envadmin") })
	main := id("main")
	o.AddEnvironment(pingonetest.Environment{ID: main, Name: "Main", Type: "PRODUCTION", Region: "EU"})
	o.AddPopulation(main, pingonetest.Population{ID: id("people"), Name: "People"})
	for _, name := range []string{"ann", "bob", "cy", "dan", "eve"} {
		o.AddUser(main, person(name))
	}
	o.AddGroup(main, pingonetest.Group{ID: id("leads"), Name: "Leads", Members: []int32{0}})
	o.AddGroup(main, pingonetest.Group{ID: id("staff"), Name: "Staff", Members: []int32{0, 1, 2, 3, 4}, Children: []pingone.ID{id("leads")}})
	o.AddApplication(main, pingonetest.Application{ID: id("wiki"), Name: "Wiki", Type: "WEB_APP", Protocol: "OPENID_CONNECT"})
	o.AddApplication(main, pingonetest.Application{
		ID: id("sync"), Name: "Sync", Type: "WORKER", Protocol: "OPENID_CONNECT", GrantTypes: []string{"CLIENT_CREDENTIALS"},
		AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{id("leads")},
	})
	o.Assign(main, user("ann"), pingonetest.RoleAssignment{Role: id("reader"), ScopeType: "POPULATION", Scope: id("people")})
	o.Assign(main, pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: id("sync")},
		pingonetest.RoleAssignment{Role: id("envadmin"), ScopeType: "ENVIRONMENT", Scope: main})
	return o
}

// removeLeads deletes the group leads; the application that named it names a
// group that never was.
func removeLeads(o *pingonetest.Organization) {
	o.RemoveGroup(id("main"), id("leads"))
	for _, a := range o.Environment(id("main")).Applications {
		if a.ID == id("sync") {
			a.AccessGroups = []pingone.ID{id("ghost")}
		}
	}
}

func person(name string) pingonetest.User {
	return pingonetest.User{ID: id(name), Population: id("people"), Username: name}
}

func user(name string) pingonetest.Principal {
	return pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: id(name)}
}

func group(name string) pingonetest.Principal {
	return pingonetest.Principal{Kind: pingonetest.GroupPrincipal, ID: id(name)}
}

// holdings are the keys of records by kind.
type holdings map[string][]string

// tinyHoldings are what tiny is in Authomize.
func tinyHoldings() holdings {
	return holdings{
		"users":           {"user:ann", "user:bob", "user:cy", "user:dan", "user:eve"},
		"serviceAccounts": {"client:sync"},
		"groupings": {
			"all-users:main", "group:leads", "group:staff", "role:envadmin@ENVIRONMENT:main", "role:reader@POPULATION:people",
		},
		"privileges":           {"privilege:app-access", "privilege:role:envadmin", "privilege:role:reader"},
		"assets":               {"application:sync", "application:wiki", "environment:main", "population:people"},
		"assetInheritance":     {"environment:main population:people"},
		"groupingAssociations": {"group:leads group:staff"},
		"accountAssociations": {
			"client:sync role:envadmin@ENVIRONMENT:main",
			"user:ann all-users:main", "user:ann group:leads", "user:ann group:staff", "user:ann role:reader@POPULATION:people",
			"user:bob all-users:main", "user:bob group:staff", "user:cy all-users:main", "user:cy group:staff",
			"user:dan all-users:main", "user:dan group:staff", "user:eve all-users:main", "user:eve group:staff",
		},
		"permissions": {
			"all-users:main privilege:app-access application:wiki", "group:leads privilege:app-access application:sync",
			"role:envadmin@ENVIRONMENT:main privilege:role:envadmin environment:main",
			"role:reader@POPULATION:people privilege:role:reader population:people",
		},
	}
}

// tinyPosts are the posts that carry tiny, in order.
var tinyPosts = []string{
	"users 5", "serviceAccounts 1", "groupings 5", "privileges 3", "assets 4", "assetInheritance 1",
	"groupingAssociations 1", "accountAssociations 13", "permissions 4",
}

// without takes every record away that an id has a part in.
func (h holdings) without(id string) holdings {
	out := holdings{}
	word := regexp.MustCompile(regexp.QuoteMeta(id) + `(\s|$)`)
	for kind, keys := range h {
		if left := slices.DeleteFunc(slices.Clone(keys), word.MatchString); len(left) > 0 {
			out[kind] = left
		}
	}
	return out
}

func (h holdings) with(kind string, keys ...string) holdings {
	out := maps.Clone(h)
	out[kind] = slices.Sorted(slices.Values(append(slices.Clone(h[kind]), keys...)))
	return out
}

// held are the keys of all that the fake Authomize holds.
func (r *rig) held() holdings {
	out := holdings{}
	note := func(record authomize.Record) {
		kind := string(record.Kind())
		out[kind] = append(out[kind], named(record.Key()))
	}
	each(note, authomizetest.Get[authomize.User](r.app))
	each(note, authomizetest.Get[authomize.ServiceAccount](r.app))
	each(note, authomizetest.Get[authomize.Grouping](r.app))
	each(note, authomizetest.Get[authomize.Privilege](r.app))
	each(note, authomizetest.Get[authomize.Asset](r.app))
	each(note, authomizetest.Get[authomize.PrivilegeGrant](r.app))
	each(note, authomizetest.Get[authomize.AssetInheritance](r.app))
	each(note, authomizetest.Get[authomize.GroupingAssociation](r.app))
	each(note, authomizetest.Get[authomize.AccountAssociation](r.app))
	each(note, authomizetest.Get[authomize.Permission](r.app))
	for kind := range out {
		slices.Sort(out[kind])
	}
	return out
}

func each[T authomize.Record](note func(authomize.Record), all []T) {
	for _, r := range all {
		note(r)
	}
}

// bodies are all that the fake Authomize holds, as it was posted, sorted by key.
func (r *rig) bodies() map[authomize.Kind][]string {
	out := map[authomize.Kind][]string{}
	for _, kind := range authomize.Kinds {
		for _, body := range r.app.Records(kind) {
			out[kind] = append(out[kind], named(string(body)))
		}
	}
	return out
}

func (r *rig) wantHeld(want holdings) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.held()); diff != "" {
		r.t.Errorf("Authomize holds (-want +got):\n%s", diff)
	}
}

// posts are the posts since the last call, as "kind items".
func (r *rig) posts() []string {
	all := r.app.Posts()
	var out []string
	for _, p := range all[r.seen:] {
		line := fmt.Sprintf("%s %d", p.Kind, p.Items)
		if p.Status != 200 {
			line += fmt.Sprintf(" → %d", p.Status)
		}
		out = append(out, line)
	}
	r.seen = len(all)
	return out
}

func (r *rig) wantPosts(want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.posts()); diff != "" {
		r.t.Errorf("posts (-want +got):\n%s", diff)
	}
}

// wantSweeps compares the sweeps so far, each as the day and time that it went
// up to and what it deleted.
func (r *rig) wantSweeps(want ...string) {
	r.t.Helper()
	var got []string
	for _, s := range r.app.Sweeps() {
		line := s.ModifiedBefore.Format("02 15:04:05")
		for _, kind := range authomize.Kinds {
			if n := s.Deleted[kind]; n > 0 {
				line += fmt.Sprintf(" %s:%d", kind, n)
			}
		}
		got = append(got, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("sweeps (-want +got):\n%s", diff)
	}
}

func (r *rig) report(run staging.RunID) *report.Report {
	r.t.Helper()
	rep, err := report.Load(r.t.Context(), r.store, run)
	if err != nil {
		r.t.Fatal(err)
	}
	return rep
}

// wantGone compares the names of the records that a run says are gone.
func (r *rig) wantGone(run staging.RunID, want ...string) {
	r.t.Helper()
	var got []string
	for _, g := range r.report(run).Sweep.Gone {
		if int(g.Count) != len(g.IDs) {
			r.t.Errorf("%s: count %d of %d ids", g.Kind, g.Count, len(g.IDs))
		}
		got = append(got, g.IDs...)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, namedAll(got)); diff != "" && len(want)+len(got) > 0 {
		r.t.Errorf("gone in run %s (-want +got):\n%s", run, diff)
	}
}

// wantState compares how a transform ended: its answer and its report, which
// must agree. Each of reasons must occur in the reason to hold at its place.
func (r *rig) wantState(got transform.Result, state report.State, swept bool, reasons ...string) {
	r.t.Helper()
	rep := r.report(got.Run)
	if got.State != state || got.Swept != swept || rep.State != state || rep.Sweep.Swept != swept || rep.Error != got.Error {
		r.t.Errorf("answer %+v; report state %s, swept %t, error %q; want %s, swept %t", got, rep.State, rep.Sweep.Swept, rep.Error, state, swept)
	}
	if diff := cmp.Diff(rep.Posted(), got.Posted); diff != "" {
		r.t.Errorf("posted (-report +answer):\n%s", diff)
	}
	ok := len(got.Held) == len(reasons) && slices.Equal(got.Held, rep.Sweep.Held)
	for i := range reasons {
		ok = ok && strings.Contains(named(got.Held[i]), reasons[i])
	}
	if !ok {
		r.t.Errorf("held answer %q, report %q; want %q", got.Held, rep.Sweep.Held, reasons)
	}
}

// A clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// day1, day2 and day3 are when the runs are posted.
var (
	day1 = run1.Time().Add(30 * time.Minute)
	day2 = run2.Time().Add(30 * time.Minute)
	day3 = run3.Time().Add(30 * time.Minute)
)

// newTinyRig carries tiny to an Authomize whose clock says day1.
func newTinyRig(t testing.TB, opts ...authomizetest.Option) (*rig, *clock) {
	t.Helper()
	c := &clock{at: day1}
	return newRig(t, tiny(), append(opts, authomizetest.WithClock(c.now))...), c
}

// firstRun fetches, posts and sweeps run1, and sets the clock to day2.
func (r *rig) firstRun(c *clock) {
	r.t.Helper()
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.posts()
	c.set(day2)
}

var errKilled = errors.New("killed")
