package pingone_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
)

// A page that tells of more than it shows is no page. What a count counts is not
// the same in every list.
func TestPagesThatTellOfMoreThanTheyShow(t *testing.T) {
	t.Parallel()
	roles := pingone.RoleAssignmentsOf(env, pingone.UserPrincipal, env)
	totals := pingone.TotalIdentities(env, time.Time{}, time.Time{})
	tests := []struct {
		list  pingone.List
		body  string
		fault string // "" for a good page
	}{
		{roles, `{"_embedded":{"roleAssignments":[]},"count":0,"size":0}`, ""},
		{roles, `{"_embedded":{"roleAssignments":[]}}`, ""},
		{roles, `{"_embedded":{"roleAssignments":[{},7,null]},"count":3,"size":3}`, ""}, // broken items are items
		{roles, `{"_embedded":{"roleAssignments":[{},{}]},"count":1,"size":1}`, ""},
		{roles, `{"_embedded":{"roleAssignments":[]},"count":1,"size":1}`, "1 roleAssignments, 0 shown"},
		{roles, `{"_embedded":{"roleAssignments":[]},"size":1}`, "1 roleAssignments, 0 shown"},
		{roles, `{"_embedded":{"roleAssignments":[]},"count":1}`, "1 roleAssignments, 0 shown"},
		{roles, `{"_embedded":{"roleAssignments":[{}]},"count":2,"size":1}`, "2 roleAssignments, 1 shown"},
		{roles, `{"_embedded":{"roleAssignments":[{}]},"count":1,"size":2}`, "2 roleAssignments, 1 shown"},
		{pingone.UsersOf(env), `{"_embedded":{"users":[{}]},"count":9,"size":1}`, ""}, // it may be wrong
		{pingone.UsersOf(env), `{"_embedded":{"users":[{}]},"count":2,"size":2}`, "2 users, 1 shown"},
		{pingone.UsersOf(env), `{"_embedded":{"users":[]},"count":3,"size":0}`, "3 users, 0 shown"},
		{totals, `{"_embedded":{"totalIdentities":[{"totalIdentities":40}]},"count":40,"size":1}`, ""}, // it counts users
		{totals, `{"_embedded":{"totalIdentities":[]},"count":40,"size":2}`, "2 totalIdentities, 0 shown"},
	}
	for _, tt := range tests {
		t.Run(tt.list.Key+" "+tt.body, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, text(200, tt.body))
			_, err := r.read(t.Context(), tt.list, "")
			if tt.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want := "pingone: GET " + tt.list.Path + ": pingone: the page tells of more than it shows: " + tt.fault
			if !errors.Is(err, pingone.ErrContradiction) || err.Error() != want {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// The count is that of the whole list: no single one of several pages shows it.
func TestCountOfSeveralPagesIsNoPagesOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		body := `{"_embedded":{"roles":[{}]},"count":2,"size":1,"_links":{"next":{"href":"/v1/roles?cursor=1"}}}`
		if req.URL.Query().Has("cursor") {
			body = `{"_embedded":{"roles":[{}]},"count":2,"size":1}`
		}
		_, _ = io.WriteString(w, body)
	})
	if pages, err := r.read(t.Context(), pingone.BuiltInRoles(), ""); err != nil || len(pages) != 2 {
		t.Errorf("%d pages, %v; want 2", len(pages), err)
	}
}

// What PingOne really sent says of itself what it is.
func TestRecordedListsAreGoodPages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list    pingone.List
		records int
	}{
		"applications.json": {pingone.ApplicationsOf(env), 5},
		"groups.json":       {pingone.GroupsOf(env), 2},
		"roles.json":        {pingone.BuiltInRoles(), 6},
		"users.json":        {pingone.UsersOf(env), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := recorded(t, name)
			r := newRig(t, text(200, string(body)))
			pages, err := r.read(t.Context(), tt.list, "")
			if err != nil || len(pages) != 1 || pages[0].Records != tt.records || len(pages[0].IDs) != tt.records {
				t.Fatalf("%d pages, %v; want one of %d records", len(pages), err, tt.records)
			}
			for _, id := range pages[0].IDs {
				if id.IsZero() {
					t.Error("an item without an id")
				}
			}
		})
	}
}

// recorded reads the body of a real reply. They are not part of the repository;
// CI has them, and says so by REQUIRE_SHARED.
func recorded(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "recorded", name))
	switch {
	case err != nil && os.Getenv("REQUIRE_SHARED") != "":
		t.Fatalf("no recorded replies, and REQUIRE_SHARED is set: %v", err)
	case err != nil:
		t.Skipf("no recorded replies: %v", err)
	}
	return body
}
