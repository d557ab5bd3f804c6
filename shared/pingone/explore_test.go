package pingone_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
)

// Whatever the first answer shows, all rows are read by its id, and Pages goes on
// behind any of their pages.
func TestExplore(t *testing.T) {
	t.Parallel()
	const id = `"id":"0a1b2c3d-0000-4000-8000-0000000000e1"`
	const list = "/v1/environments/" + envText + "/dataExplorations/0a1b2c3d-0000-4000-8000-0000000000e1/entries?limit=1000"
	const ann, bob = "0a1b2c3d-0000-4000-8000-0000000000a1", "0a1b2c3d-0000-4000-8000-0000000000b0"
	page := func(user, state, next string) string {
		return `{"_embedded":{"entries":[{"userId":"` + user + `","deviceStatus":"` + state + `","new":1}]}` + next + `}`
	}
	second := `,"_links":{"next":{"href":"` + list + `&cursor=2"}}`
	for name, tt := range map[string]struct {
		status  int
		answer  string
		err     error
		refused int // status
	}{
		"rows, 200": {200, `{` + id + `,"_embedded":{"entries":[{}]}}`, nil, 0},
		"no rows":   {201, `{` + id + `,"status":"SUCCESS"}`, nil, 0},
		"no id":     {201, page(ann, "ACTIVE", ""), pingone.ErrBadPage, 0},
		"no object": {201, `7`, pingone.ErrBadPage, 0},
		"no MFA":    {400, `{}`, nil, 400},
		"no role":   {403, `{}`, pingone.ErrForbidden, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
				body, _ := io.ReadAll(req.Body)
				switch uri := req.URL.RequestURI(); {
				case req.Header.Get("Authorization") == "Bearer token-1":
					w.WriteHeader(http.StatusUnauthorized) // the body must come a second time
				case req.Method == http.MethodPost && strings.Contains(string(body), `"sync":"true"`):
					w.WriteHeader(tt.status)
					_, _ = io.WriteString(w, tt.answer)
				case uri == list:
					_, _ = io.WriteString(w, page(ann, "ACTIVE", second))
				case uri == list+"&cursor=2":
					_, _ = io.WriteString(w, page(bob, "", ""))
				default:
					w.WriteHeader(http.StatusTeapot)
				}
			})
			var rows []pingone.Entry
			var last error
			next := ""
			for p, err := range r.Explore(t.Context(), env) {
				if last = err; err != nil {
					break
				}
				var d pingone.Decoder[pingone.Entry]
				entries, broken, err := d.Items(p.Body, pingone.EntriesKey)
				if err != nil || broken != 0 || len(entries) != 1 || !cmp.Equal(p.IDs, []pingone.ID{entries[0].UserID}) {
					t.Errorf("rows %v, ids %v, %d broken, %v", entries, p.IDs, broken, err)
				}
				rows = append(rows, entries...)
				next = max(next, p.Next)
			}
			refusal := pingone.Refusal(last)
			if tt.err != nil && !errors.Is(last, tt.err) || (refusal != nil) != (tt.refused > 0) || refusal != nil && (refusal.Status != tt.refused || refusal.Method != http.MethodPost) {
				t.Fatalf("error %v, want %v or a refusal with %d", last, tt.err, tt.refused)
			}
			if tt.err != nil || tt.refused > 0 {
				return
			}
			want := []pingone.Entry{{UserID: mustID(ann), DeviceStatus: "ACTIVE"}, {UserID: mustID(bob)}}
			if diff := cmp.Diff(want, rows); diff != "" || last != nil {
				t.Errorf("%v, rows (-want +got):\n%s", last, diff)
			}
			if rest, err := r.read(t.Context(), pingone.Explorations(env), next); err != nil || len(rest) != 1 || rest[0].Records != 1 {
				t.Errorf("behind the first page: %v, %v", rest, err)
			}
		})
	}
}
