package transform_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

const oneUser = "/v1/environments/*/users/*"

// A user whom the lists miss is asked for, posted and kept.
func TestMissedUserIsKept(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.org.AddPopulation(id("main"), pingonetest.Population{ID: id("others"), Name: "Others"})
	r.org.HidePopulation(id("main"), id("others"))
	r.firstRun(c)
	to := func(population string) func(*pingonetest.Organization) {
		return func(o *pingonetest.Organization) {
			o.UpdateUser(id("main"), id("eve"), func(u *pingonetest.User) { u.Population = id(population) })
		}
	}
	r.fake.Inject(
		pingonetest.Fault{Match: "/v1/environments/*/users", Do: pingonetest.FaultCall, Call: to("others")},
		pingonetest.Fault{Match: oneUser, Do: pingonetest.FaultCall, Call: to("people")},
	)
	r.fetch(run2)
	if n := r.fake.Calls(oneUser); n != 1 {
		t.Fatalf("%d users were asked for, want one", n)
	}
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantHeld(tinyHoldings())
	r.wantSweeps("23 09:29:00", "24 09:29:00")
}

// A user whom nobody may ask for is not proven to be gone.
func TestHeldForUserWhoIsRefused(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fake.Deny(oneUser, 403, "ACCESS_FAILED")
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false,
		"users: /v1/environments/main/users/eve could not be read (403 ACCESS_FAILED): grant the worker application the role Identity Data Read Only on environment main",
		"roleassignments: /v1/environments/main/users/eve/roleAssignments could not be read (404 NOT_FOUND)")
	r.wantHeld(tinyHoldings())
	r.wantSweeps("23 09:29:00")

	// A person may know better: the lists were all read.
	if got, err := r.approve(run2); err != nil || !got.Swept {
		t.Fatalf("got %+v, %v, want swept", got, err)
	}
	r.wantHeld(tinyHoldings().without("user:eve").with("accountAssociations"))
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
}

// A run whose users were read before the run before had posted could not ask
// for those whom that one posted first.
func TestHeldForUserWhoWasNotAskedFor(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.fetch(run1)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run1), report.Done, true)
	c.set(day2)
	r.wantState(r.mustTransform(run2), report.Held, false, "users: 1 users of environment main that an earlier run was told of were not read, and PingOne was not asked for them one by one")
	r.wantHeld(tinyHoldings())
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantHeld(tinyHoldings().without("user:eve").with("accountAssociations"))
}

// A person may overrule that too many users are missing, and has to see every
// other reason to do so.
func TestManyMissingHidesNoOtherReason(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.restage(run1, run2, func(m *staging.Manifest) {
		if m.Collection == staging.Users {
			m.Unread = []staging.Unread{{Environment: id("main"), Path: "/v1/environments/main/users/{user}", Code: "MANY_MISSING", Missing: true}}
		}
	}, func(collection staging.Collection, _, body string) []string {
		if collection == staging.Populations {
			body = strings.Replace(body, `"userCount":5`, `"userCount":9`, 1)
		}
		return []string{body}
	})
	r.wantState(r.mustTransform(run2), report.Held, false,
		"users: /v1/environments/main/users/{user} could not be read (0 MANY_MISSING)", "users: 5 of 9 users of population People were read")
}

// Thousands are not asked for one by one. Once a person has approved the
// sweep, they are known no more.
func TestHeldForManyMissing(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	many := func(i int) pingone.ID { return pingonetest.StableID("many", fmt.Sprint(i)) }
	for i := range 5001 {
		r.org.AddUser(id("main"), pingonetest.User{ID: many(i), Population: id("people"), Username: fmt.Sprint("many", i)})
	}
	r.firstRun(c)
	for i := range 5001 {
		r.org.RemoveUser(id("main"), many(i))
	}
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false,
		"users: /v1/environments/main/users/{user} and 5000 like it could not be read (0 MANY_MISSING): check that the worker application's roles are on the whole of environment main; if so many were deleted, approve the sweep",
		"roleassignments: /v1/environments/main/users/{user} and 5000 like it could not be read (0 MANY_MISSING)")
	o := r.options()
	o.Approve = true
	r.wantState(r.run(run2, o), report.Done, true, "users: ", "roleassignments: ")
	r.wantHeld(tinyHoldings())
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantGone(run3)
	if n := r.fake.Calls(oneUser); n != 0 {
		t.Errorf("%d users were asked for", n)
	}
}

// The list of a version that kept ids only proves nothing, as in a first run.
func TestListOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	for key, data := range r.state() {
		if !strings.HasPrefix(key, "state/known/") || !strings.HasSuffix(key, ".gz") {
			continue
		}
		var buf bytes.Buffer
		zip := gzip.NewWriter(&buf)
		for line := range strings.Lines(unzipped(t, []byte(data))) {
			id, _, _ := strings.Cut(line, "\t")
			_, _ = zip.Write([]byte(id + "\n"))
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		r.put(key, buf.String())
	}
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantGone(run2, "user:eve")
	r.wantHeld(tinyHoldings().without("user:eve").with("accountAssociations"))

	c.set(day3)
	r.org.RemoveUser(id("main"), id("dan"))
	r.settings.MaxShrinkPercent = 30
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	if n := r.fake.Calls(oneUser); n != 2 {
		t.Errorf("%d users were asked for, want dan, for users and for role assignments", n)
	}
}

// A role that is limited to populations takes one of eleven away, with its
// users: no list is short, and asked for by id they are not found.
func TestHeldForVanishedPopulation(t *testing.T) {
	t.Parallel()
	hidden := id("others")
	vanished := "populations: population:others of environment main was listed by an earlier run and is not now, and %d users of this environment are gone: a role that is limited to populations looks like this"
	tests := []struct {
		name  string
		users int // of each population
		want  []string
	}{
		{"few users", 5, []string{fmt.Sprintf(vanished, 5)}},
		{"enough for the head count", 20, []string{"users: 205 of 225 users are visible: PingOne counts more in environment main", fmt.Sprintf(vanished, 20)}},
		{"no users", 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			for i := range 11 {
				population := pingonetest.StableID("population", fmt.Sprint(i))
				if i == 0 {
					population = hidden
				}
				r.org.AddPopulation(id("main"), pingonetest.Population{ID: population, Name: fmt.Sprint("Population ", i)})
				for j := range tt.users {
					r.org.AddUser(id("main"), pingonetest.User{ID: pingonetest.StableID(population.String(), fmt.Sprint(j)), Population: population, Username: fmt.Sprint(i, "-", j)})
				}
			}
			r.firstRun(c)
			r.org.HidePopulation(id("main"), hidden)
			r.fetch(run2)
			if tt.want == nil {
				r.wantState(r.mustTransform(run2), report.Done, true)
				r.wantGone(run2, "population:others")
				return
			}
			before := r.held()["users"]
			r.wantState(r.mustTransform(run2), report.Held, false, tt.want...)
			if after := r.held()["users"]; len(after) != len(before) {
				t.Errorf("Authomize holds %d users, want %d", len(after), len(before))
			}
			if n := len(r.proven(run2)); n != tt.users {
				t.Errorf("%d users were not found, want %d", n, tt.users)
			}
			if tt.users > 10 {
				return // it is held for as long as the head count is higher
			}
			o := r.options()
			o.Approve = true
			r.wantState(r.run(run2, o), report.Done, true, tt.want...)
			c.set(day3)
			r.fetch(run3)
			r.wantState(r.mustTransform(run3), report.Done, true)
			r.wantGone(run3)
		})
	}
}

// proven are the users that a run asked for and that are not there.
func (r *rig) proven(run staging.RunID) []pingone.ID {
	r.t.Helper()
	snap, err := staging.Load(r.t.Context(), r.store, run, staging.Users)
	if err != nil {
		r.t.Fatal(err)
	}
	return snap.Manifest.Proven
}

// In an environment that is read population by population, a user moves from
// one that is still to be read to one that was read, and a new user makes up
// for it: neither is missing from any sum.
func TestUserWhoMovesIsNotSwept(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 20,016 users, twice")
	}
	r, c := newTinyRig(t)
	big := id("others")
	r.org.AddPopulation(id("main"), pingonetest.Population{ID: big, Name: "Others"})
	other := func(i int) pingone.ID { return pingonetest.StableID("others", fmt.Sprint(i)) }
	add := func(o *pingonetest.Organization, i int) {
		o.AddUser(id("main"), pingonetest.User{ID: other(i), Population: big, Username: fmt.Sprint("other", i)})
	}
	for i := range 20_010 {
		add(r.org, i)
	}
	r.firstRun(c)
	moved := other(20_009)
	// At the last page of the large one, the small one has long been read.
	r.fake.Inject(
		pingonetest.Fault{Match: "/v1/environments/*/users", Query: "population.id eq \"" + big.String(), From: 21, Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
			o.UpdateUser(id("main"), moved, func(u *pingonetest.User) { u.Population = id("people") })
			add(o, 20_010)
		}},
	)
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantGone(run2)
	if n := len(r.held()["users"]); n != 5+20_011 {
		t.Errorf("Authomize holds %d users, want each of 20,016", n)
	}
}
