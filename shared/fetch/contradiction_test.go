package fetch_test

import (
	"errors"
	"regexp"
	"testing"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// emptied shows none of a list's items, and tells of them all the same.
func emptied(list string) func(string) string {
	items := regexp.MustCompile(`"` + list + `":\[.*\]`)
	return func(body string) string { return items.ReplaceAllString(body, `"`+list+`":[]`) }
}

// A list that shows fewer items than it tells of is not believed: the reading
// breaks off and asks again.
func TestListThatTellsOfMoreThanItShows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c          staging.Collection
		path, list string
	}{
		{staging.RoleAssignments, "/groups/" + smallPair.String() + "/roleAssignments", "roleAssignments"},
		{staging.RoleAssignments, "/users/" + smallUser(1).String() + "/roleAssignments", "roleAssignments"},
		{staging.RoleAssignments, "/gateways", "gateways"},
		{staging.Memberships, "/groups", "groups"},
		{staging.Memberships, "/users", "users"},
		{staging.Users, "/users", "users"},
	}
	for _, tt := range tests {
		t.Run(string(tt.c)+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			r.fake.Inject(pingonetest.Fault{Match: "/v1/environments/*" + tt.path, Do: pingonetest.FaultEdit, Edit: emptied(tt.list)})
			if got, err := r.read(tt.c); !errors.Is(err, pingone.ErrBadPage) || got.Complete {
				t.Fatalf("got %+v, %v; want ErrBadPage", got, err)
			}
			r.mustRead(tt.c)
			r.wantStaged(tt.c, modelEdges(o, tt.c))
		})
	}
}
