package authomize_test

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// fixed is a clock that stands still.
func fixed() time.Time { return start }

// openAPI checks against the API description, read once, where there is one.
var openAPI = sync.OnceValue(func() []authomizetest.Option {
	if path, ok := authomizetest.OpenAPIPath(); ok {
		return []authomizetest.Option{authomizetest.WithOpenAPI(path)}
	}
	return nil
})

// serve starts a strict fake.
func serve(t testing.TB, opts ...authomizetest.Option) *authomizetest.Server {
	t.Helper()
	all := []authomizetest.Option{authomizetest.WithoutNetwork(), authomizetest.WithClock(fixed)}
	return authomizetest.New(t, slices.Concat(all, openAPI(), opts)...)
}

func client(t testing.TB, s *authomizetest.Server) *authomize.Client {
	t.Helper()
	return newClient(t, authomize.Options{BaseURL: s.URL, AppID: s.AppID, HTTP: s.Client()})
}

func newClient(t testing.TB, o authomize.Options) *authomize.Client {
	t.Helper()
	c, err := authomize.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// uploader posts batches one after the other.
func uploader(t testing.TB, s *authomizetest.Server) *authomize.Uploader {
	t.Helper()
	u := &authomize.Uploader{Client: client(t, s), Now: fixed}
	u.OneByOne()
	return u
}

func user(i int) *authomize.User {
	return &authomize.User{
		UniqueID: fmt.Sprintf("user:%04d", i), OriginID: fmt.Sprintf("%04d", i), Name: "Ada Byron",
		Email: fmt.Sprintf("canary-%d@example.com", i), Status: authomize.StatusEnabled,
	}
}

func users(n int) []authomize.Record {
	out := make([]authomize.Record, n)
	for i := range out {
		out[i] = user(i)
	}
	return out
}

// stream yields records, all with tag 1.
func stream(records ...authomize.Record) iter.Seq2[authomize.Item, error] {
	return func(yield func(authomize.Item, error) bool) {
		for _, r := range records {
			if !yield(authomize.Item{Record: r, Tag: 1}, nil) {
				return
			}
		}
	}
}

func userKeys(n int) []string {
	var out []string
	for i := range n {
		out = append(out, user(i).UniqueID)
	}
	return out
}

func sorted(q []authomize.Quarantined) []authomize.Quarantined {
	slices.SortFunc(q, func(a, b authomize.Quarantined) int { return cmp.Compare(a.Key, b.Key) })
	return q
}

// has finds records by what they contain.
func has(texts ...string) func(jsontext.Value) bool {
	return func(v jsontext.Value) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(string(v), text) })
	}
}
