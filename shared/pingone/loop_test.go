package pingone_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"pingone-authomize/shared/pingone"
)

// pagesOf answers with these items, page after page, each with a cursor that is
// new; after the last ones they are the same for ever, unless it ends.
func pagesOf(items []string, ends bool) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		i := min(n, len(items)-1)
		n++
		next := fmt.Sprintf(`,"next":{"href":"/v1/environments/%s/users?limit=1000&cursor=%d"}`, envText, n)
		if ends && n == len(items) {
			next = ""
		}
		_, _ = fmt.Fprintf(w, `{"_links":{"self":{"href":"x%d"}%s},"_embedded":{"users":[%s]}}`, n, next, items[i])
	}
}

// A list that shows the same items for ever ends, though each link is new.
func TestTheSameItemsForEverAreAnError(t *testing.T) {
	t.Parallel()
	const a, b = `{"id":"1"}`, `{"id":"2"}, {"id":"3"}`
	tests := []struct {
		name  string
		items []string
		ends  bool
		pages int // that are shown
		err   error
	}{
		{"for ever", []string{a}, false, 3, pingone.ErrPageLoop},
		{"after others", []string{b, a, b}, false, 4, pingone.ErrPageLoop},
		{"in turns", []string{a, b, a, b, a, b}, false, 4, pingone.ErrPageLoop},
		{"nothing for ever", []string{""}, false, 999, pingone.ErrPageLoop},
		{"and then others", []string{a, a, a, b, b, b, a}, true, 7, nil},
		{"up to the end", []string{a, a, a, a}, true, 4, nil},
		{"empty pages", []string{"", "", "", "", "", a}, true, 6, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pagesOf(tt.items, tt.ends))
			pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
			if !errors.Is(err, tt.err) || len(pages) != tt.pages {
				t.Errorf("%d pages, %v; want %d and %v", len(pages), err, tt.pages, tt.err)
			}
			if want := int64(tt.pages); tt.err != nil && r.calls.Load() != want+1 {
				t.Errorf("%d calls, want %d", r.calls.Load(), want+1)
			}
		})
	}
}

func TestTheSameLinkTwiceIsAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		next := map[string]string{"": "1", "1": "2", "2": "1"}[req.URL.Query().Get("cursor")]
		_, _ = fmt.Fprintf(w, `{"_links":{"next":{"href":"/v1/environments/x/users?cursor=%s"}},"_embedded":{"users":[]}}`, next)
	})
	pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
	if !errors.Is(err, pingone.ErrPageLoop) || len(pages) != 2 || r.calls.Load() != 3 {
		t.Errorf("%d pages, %d calls, %v; want 2, 3, ErrPageLoop", len(pages), r.calls.Load(), err)
	}
}
