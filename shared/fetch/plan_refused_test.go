package fetch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// wantOneUnread compares what is unread with one list of the environment, and
// what is staged with the model less what hangs on the things that lost names.
func (r *rig) wantOneUnread(c staging.Collection, o *pingonetest.Organization, want staging.Unread, lost ...string) {
	r.t.Helper()
	want.Environment, want.Path = smallEnv, "/v1/environments/"+smallEnv.String()+want.Path
	if d := cmp.Diff([]staging.Unread{want}, r.snapshot(c).Complete.Unread, anyCorrelation(), cmpopts.IgnoreFields(staging.Unread{}, "Message")); d != "" {
		r.t.Errorf("unread (-want +got):\n%s", d)
	}
	staged := slices.DeleteFunc(modelEdges(o, c), func(edge string) bool {
		return slices.ContainsFunc(lost, func(parent string) bool { return strings.HasPrefix(edge, parent) })
	})
	if d := cmp.Diff(staged, r.edges(c), cmpopts.EquateEmpty()); d != "" {
		r.t.Errorf("staged (-want +got):\n%s", d)
	}
}

// A list that PingOne says is not there, though its environment is, is no empty
// list: what hangs on it is unread.
func TestListNotFoundWhilePlanningIsUnread(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		c    staging.Collection
		list string
		lost string
	}{
		{staging.Memberships, "/groups", "group:"},
		{staging.RoleAssignments, "/groups", "group:"},
		{staging.RoleAssignments, "/applications", "application:"},
		{staging.RoleAssignments, "/gateways", "gateway:"},
		{staging.RoleAssignments, "/users", "user:"},
	} {
		t.Run(string(tt.c)+tt.list, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			r.fake.Deny("/v1/environments/*"+tt.list, 404, "NOT_FOUND")
			if got := r.mustRead(tt.c); !got.Complete || got.Unread != 1 {
				t.Errorf("got %+v, want complete with one unread", got)
			}
			r.wantOneUnread(tt.c, o, staging.Unread{Path: tt.list, Status: 404, Code: "NOT_FOUND"}, tt.lost)
		})
	}
}

// A cursor of the plan that is refused begins its list again, once: the second
// time the list is unread, and what hangs on its first page is read.
func TestCursorRefusedTwiceWhilePlanning(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	for _, from := range []int{2, 4} {
		r.fake.Inject(pingonetest.Fault{Match: groupsPath, Query: "limit", From: from, Do: pingonetest.FaultCursor})
	}
	r.mustRead(staging.Memberships)
	if n := len(r.asked(groupsPath)); n != 4 {
		t.Errorf("the groups were asked for %d times, want 4", n)
	}
	r.wantOneUnread(staging.Memberships, o, staging.Unread{Path: "/groups", Status: 400, Code: "INVALID_REQUEST"}, "group:"+smallParent.String())
}
