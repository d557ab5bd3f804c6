package pingone_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
)

// A page that says that it shows more than it does is asked for three times, and
// then says both. What a count counts is not the same in every list.
func TestPagesThatShowLessThanTheySay(t *testing.T) {
	t.Parallel()
	roles := pingone.RoleAssignmentsOf(env, pingone.UserPrincipal, env)
	totals := pingone.TotalIdentities(env, time.Time{}, time.Time{})
	tests := []struct {
		list             pingone.List
		body             string
		announced, shown int
	}{
		{roles, `{"_embedded":{"roleAssignments":[]},"count":0,"size":0}`, 0, 0},
		{roles, `{"_embedded":{"roleAssignments":[]}}`, 0, 0},
		{roles, `{"_embedded":{"roleAssignments":[{},7,null]},"count":3,"size":3}`, 3, 3}, // broken items are items
		{roles, `{"_embedded":{"roleAssignments":[{},{}]},"count":1,"size":1}`, 2, 2},
		{roles, `{"_embedded":{"roleAssignments":[]},"count":1,"size":1}`, 1, 0},
		{roles, `{"_embedded":{"roleAssignments":[]},"size":1}`, 1, 0},
		{roles, `{"_embedded":{"roleAssignments":[]},"count":1}`, 1, 0},
		{roles, `{"_embedded":{"roleAssignments":[{}]},"count":2,"size":1}`, 2, 1},
		{roles, `{"_embedded":{"roleAssignments":[{}]},"count":1,"size":2}`, 2, 1},
		{pingone.UsersOf(env), `{"_embedded":{"users":[{}]},"count":9,"size":1}`, 1, 1}, // it may be wrong
		{pingone.UsersOf(env), `{"_embedded":{"users":[{}]},"count":2,"size":2}`, 2, 1},
		{pingone.UsersOf(env), `{"_embedded":{"users":[]},"count":3,"size":0}`, 3, 0},
		{totals, `{"_embedded":{"totalIdentities":[{"totalIdentities":40}]},"count":40,"size":1}`, 1, 1}, // it counts users
		{totals, `{"_embedded":{"totalIdentities":[]},"count":40,"size":2}`, 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.list.Key+" "+tt.body, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, text(200, tt.body))
			pages, err := r.read(t.Context(), tt.list, "")
			if err != nil || len(pages) != 1 || pages[0].Announced != tt.announced || pages[0].Records != tt.shown {
				t.Fatalf("%+v, %v; want one page of %d, %d shown", pages, err, tt.announced, tt.shown)
			}
			want := int64(1)
			if tt.announced > tt.shown {
				want = 3
			}
			if n := r.calls.Load(); n != want {
				t.Errorf("asked %d times, want %d", n, want)
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
	if pages, err := r.read(t.Context(), pingone.BuiltInRoles(), ""); err != nil || len(pages) != 2 || pages[1].Announced != 1 || r.calls.Load() != 2 {
		t.Errorf("%d pages, %v after %d calls; want 2 that show what they announce", len(pages), err, r.calls.Load())
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
