package fetch_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// What was said of a run is kept from its first commit to complete.json, and
// nobody can change it.
func TestTerms(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	one, two := []pingone.ID{ids.Workforce}, []pingone.ID{ids.Workforce, ids.Administrators}
	narrow, dry := staging.Terms{Narrowed: true}, staging.Terms{DryRun: true}
	tests := []struct {
		name        string
		first, next staging.Terms
		envs, later []pingone.ID
		err         error
	}{
		{"none", staging.Terms{}, staging.Terms{}, two, two, nil},
		{"narrowed", narrow, narrow, one, one, nil},
		{"dry", dry, dry, two, two, nil},
		{"by hand, without a word", staging.Terms{Narrowed: true, DryRun: true}, staging.Terms{}, one, two, nil},
		{"to another environment", narrow, narrow, one, two, fetch.ErrTerms},
		{"dry after real", staging.Terms{}, dry, two, two, fetch.ErrTerms},
		{"narrowed after full", staging.Terms{}, narrow, two, one, fetch.ErrTerms},
		{"narrowed after dry", dry, narrow, one, one, fetch.ErrTerms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pingonetest.Demo())
			read := func(terms staging.Terms, envs []pingone.ID) error {
				o := r.options()
				o.Environments, o.All, o.Terms = envs, false, terms
				_, err := fetch.Run(t.Context(), run, staging.Groups, o)
				return err
			}
			if err := read(tt.first, tt.envs); err != nil {
				t.Fatal(err)
			}
			calls := r.fake.Calls("/v1/**")
			if err := read(tt.next, tt.later); !errors.Is(err, tt.err) {
				t.Errorf("got %v, want %v", err, tt.err)
			}
			s := r.snapshot(staging.Groups)
			if s.Complete.Terms != tt.first || s.Manifest.Terms != tt.first || r.fake.Calls("/v1/**") != calls {
				t.Errorf("complete.json says %+v, the manifest %+v; want %+v and no more calls", s.Complete.Terms, s.Manifest.Terms, tt.first)
			}
			if diff := cmp.Diff(tt.envs, s.Complete.Environments); diff != "" {
				t.Errorf("environments (-want +got):\n%s", diff)
			}
		})
	}
}

// What is kept of the roles of users outlives a run that is narrowed to
// another environment.
func TestRolesOutliveANarrowedRun(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 9)
	r.wantRun("first run", 9)
	other, people, fay := pingonetest.StableID("other"), pingonetest.StableID("people"), pingonetest.StableID("fay")
	r.org.AddEnvironment(pingonetest.Environment{ID: other, Name: "Other"})
	r.org.AddPopulation(other, pingonetest.Population{ID: people, Name: "People"})
	r.org.AddUser(other, pingonetest.User{ID: fay, Population: people, Username: "fay"})
	r.envs = []pingone.ID{other}
	if n := r.run(); n != 1 {
		t.Errorf("the narrowed run asked %d users, want the one", n)
	}
	r.envs = []pingone.ID{r.env}
	r.wantRun("the next", 0)
}
