package pingonetest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// fingerprint is a hash over everything that a server of Demo lists.
func fingerprint(t *testing.T) string {
	t.Helper()
	c := newClient(t, pingonetest.New(t, pingonetest.Demo()))
	sum := sha256.New()
	read := func(path, array string) (ids []pingone.ID) {
		for path != "" {
			r := c.get(path)
			var p page
			if err := json.Unmarshal(r.body, &p, json.MatchCaseInsensitiveNames(true)); err != nil || r.status != 200 {
				t.Fatalf("GET %s: status %d, %v", path, r.status, err)
			}
			sum.Write(bytes.ReplaceAll(r.body, []byte(c.s.URL), []byte("https://api.pingone.example")))
			for _, item := range p.Embedded[array] {
				ids = append(ids, item.ID)
			}
			path = p.Links.Next.Href
		}
		return ids
	}
	for _, env := range read("/v1/environments", "environments") {
		read(inEnv(env, "/populations"), "populations")
		for _, u := range read(inEnv(env, "/users"), "users")[:50] {
			read(inEnv(env, "/users/"+u.String()+"/roleAssignments"), "roleAssignments")
		}
		read(inEnv(env, "/roles"), "roles")
		for _, g := range read(inEnv(env, "/groups"), "groups") {
			read(inEnv(env, "/users?"+byMember(g, true)), "users")
			read(inEnv(env, "/groups/"+g.String()+"/roleAssignments"), "roleAssignments")
		}
		for _, a := range read(inEnv(env, "/applications"), "applications") {
			read(inEnv(env, "/applications/"+a.String()+"/roleAssignments"), "roleAssignments")
		}
		for _, g := range read(inEnv(env, "/gateways"), "gateways") {
			read(inEnv(env, "/gateways/"+g.String()+"/roleAssignments"), "roleAssignments")
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Tests elsewhere and the README speak of what Demo holds: a change of it
// must be meant, and changes the hash here.
func TestDemoIsStable(t *testing.T) {
	t.Parallel()
	const want = "7210e2ce1b546e8fa30e6ce5d6248e198b53e5fdfa0e2dc4a869bb83b145eefc"
	if got := fingerprint(t); got != want {
		t.Errorf("the demo organization renders to %s, want %s", got, want)
	}
}

// decode refuses duplicate names and broken UTF-8, which the fake must not send.
func decode(t *testing.T, c *client, path string, into any) {
	t.Helper()
	r := c.get(path)
	if err := json.Unmarshal(r.body, into); err != nil || r.status != 200 {
		t.Fatalf("GET %s: status %d, %v", path, r.status, err)
	}
}

func TestSized(t *testing.T) {
	t.Parallel()
	org := pingonetest.Sized(pingonetest.Size{
		Users: 3000, Groups: 10, MembershipsPerUser: 3, LargestGroup: 500, Populations: 3, RoleHolders: 5, Applications: 20,
	})
	c := newClient(t, pingonetest.New(t, org))
	_, sizes := c.all(inEnv(pingonetest.SizedEnvironment(), "/users?limit=1000"), "users")
	if diff := cmp.Diff([]int{1000, 1000, 1000}, sizes); diff != "" {
		t.Errorf("sizes of pages (-want +got):\n%s", diff)
	}
	e := org.Environment(pingonetest.SizedEnvironment())
	if len(e.Groups) != 10 || len(e.RoleAssignments) != 7 || len(e.Applications) != 20 {
		t.Errorf("%d groups, %d holders, %d applications", len(e.Groups), len(e.RoleAssignments), len(e.Applications))
	}
	var users []int
	for _, p := range e.Populations {
		users = append(users, e.PopulationCount(p.ID))
	}
	if diff := cmp.Diff([]int{500, 1000, 1500}, users); diff != "" {
		t.Errorf("users of the populations (-want +got):\n%s", diff)
	}
	largest := e.DirectMembers(e.Groups[0].ID, false)
	if len(largest) < 500 || len(largest) == 3000 || largest[499] != e.Users[499].ID {
		t.Errorf("the largest group has %d members", len(largest))
	}
}
