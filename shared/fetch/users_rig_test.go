package fetch_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// know makes users of an environment known from an earlier run.
func (r *rig) know(env pingone.ID, users ...pingone.ID) {
	r.t.Helper()
	lines := make([]string, len(users))
	for i, id := range users {
		lines[i] = staging.Known{ID: "user:" + id.String(), Environment: env, Run: "20261122T090000Z"}.Line()
	}
	slices.Sort(lines)
	r.knowLines(strings.Join(lines, ""))
}

func (r *rig) knowLines(text string) {
	r.t.Helper()
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	_, _ = zip.Write([]byte(text))
	if err := zip.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.put("state/known/users-00.gz", buf.String())
	r.put(staging.MemoryKey, `{"swept":{"run":"20261122T090000Z"},"known":{"users":"state/known/users-00.gz"}}`)
}

func (r *rig) put(key, data string) {
	r.t.Helper()
	if _, err := r.store.Put(r.t.Context(), key, []byte(data), staging.Always); err != nil {
		r.t.Fatal(err)
	}
}

const askedFor = "/v1/environments/*/users/*"

var (
	movingEnv   = pingonetest.StableID("moving")
	populationA = pingonetest.StableID("moving", "a") // is read first
	populationC = pingonetest.StableID("moving", "c") // and this one last
)

func movingUser(population string, i int) pingone.ID {
	return pingonetest.StableID("moving", population, fmt.Sprint(i))
}

func addMovingUser(o *pingonetest.Organization, population string, i int) {
	o.AddUser(movingEnv, pingonetest.User{
		ID: movingUser(population, i), Population: pingonetest.StableID("moving", population), Username: fmt.Sprint(population, i),
	})
}

func move(o *pingonetest.Organization, user, to pingone.ID) {
	o.UpdateUser(movingEnv, user, func(u *pingonetest.User) { u.Population = to })
}

// movingRig reads three populations of four users, one after the other, in
// pages of two. Before the first page of the last one, then is called.
func movingRig(t *testing.T, then func(*pingonetest.Organization)) (*rig, fetch.Options) {
	t.Helper()
	o := pingonetest.NewOrganization("moving")
	o.AddEnvironment(pingonetest.Environment{ID: movingEnv, Name: "Moving"})
	for _, name := range []string{"a", "b", "c"} {
		o.AddPopulation(movingEnv, pingonetest.Population{ID: pingonetest.StableID("moving", name), Name: name})
		for i := range 4 {
			addMovingUser(o, name, i)
		}
	}
	r := newRig(t, o, pingonetest.WithPageMax(2))
	r.org = o
	r.envs = []pingone.ID{movingEnv}
	r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: populationC.String(), Do: pingonetest.FaultCall, Call: then})
	options := r.options().PartitioningAbove(3)
	options.PerSecond = 0 // one worker
	return r, options
}

// readUsers are the different users that are staged.
func (r *rig) readUsers() []string {
	r.t.Helper()
	all := r.edges(staging.Users)
	for i := range all {
		_, id, _ := strings.Cut(all[i], " ")
		all[i] = "- " + id
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func shortOf(population pingone.ID, expected, read int) staging.Short {
	return staging.Short{Environment: movingEnv, Parent: staging.Parent{Kind: "population", ID: population}, List: "users", Expected: expected, Read: read}
}

func shortOfAll(expected, read int) staging.Short {
	return staging.Short{Environment: movingEnv, Parent: staging.Parent{Kind: "environment", ID: movingEnv}, List: "users", Expected: expected, Read: read}
}
