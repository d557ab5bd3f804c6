package fetch_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// A list starts again once in a run, in however many invocations that is read:
// one whose cursor is refused in each would be staged over and over, and pass
// for progress. The second refusal is noted as any other.
func TestListStartsAgainOnceInARun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    staging.Collection
		path string
		cut  int // the request behind the restart at which PingOne breaks down
	}{
		{"before its first page", staging.Users, usersPath, 4},
		{"behind its first page", staging.Users, usersPath, 5},
		{"while planning, before its first page", staging.RoleAssignments, usersPath, 4},
		{"while planning, behind its first page", staging.RoleAssignments, usersPath, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := smallRig(t)
			cursor := pingonetest.Fault{Match: tt.path, Query: "cursor", Do: pingonetest.FaultCursor, From: 2}
			r.fake.Inject(cursor, pingonetest.Fault{Match: tt.path, From: tt.cut, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
				r.fake.Deny(tt.path, http.StatusServiceUnavailable, "")
			}})
			if got, err := r.read(tt.c); err == nil || got.Complete {
				t.Fatalf("got %+v, %v, want an error: PingOne is out of order", got, err)
			}
			r.fake.Permit(tt.path)
			cursor.From = 1
			r.fake.Inject(cursor)
			r.mustRead(tt.c)
			want := []staging.Unread{{Environment: smallEnv, Path: "/v1/environments/" + smallEnv.String() + "/users", Status: 400, Code: "INVALID_REQUEST"}}
			unread := slices.Clone(r.snapshot(tt.c).Complete.Unread)
			for i := range unread {
				unread[i].Message, unread[i].CorrelationID = "", ""
			}
			if d := cmp.Diff(want, unread); d != "" {
				t.Errorf("unread (-want +got):\n%s", d)
			}
		})
	}
}
