package authomize_test

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// fixed is a clock that stands still.
func fixed() time.Time { return start }

// openAPI reads the API description once; nil where there is none.
var openAPI = sync.OnceValue(func() authomizetest.Option {
	path, ok := authomizetest.OpenAPIPath()
	if !ok {
		return nil
	}
	return authomizetest.WithOpenAPI(path)
})

// serve starts a strict fake, with the API description where there is one.
func serve(t testing.TB, opts ...authomizetest.Option) *authomizetest.Server {
	t.Helper()
	if o := openAPI(); o != nil {
		opts = append(opts, o)
	}
	return authomizetest.New(t, append([]authomizetest.Option{authomizetest.WithClock(fixed)}, opts...)...)
}

func client(t testing.TB, s *authomizetest.Server) *authomize.Client {
	t.Helper()
	c, err := authomize.New(authomize.Options{BaseURL: s.URL, AppID: s.AppID, HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func uploader(t testing.TB, s *authomizetest.Server) *authomize.Uploader {
	t.Helper()
	return &authomize.Uploader{Client: client(t, s), RetryPause: time.Millisecond}
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

// keys returns the keys of what the fake holds.
func keys[T authomize.Record](s *authomizetest.Server) []string {
	var out []string
	for _, r := range authomizetest.Get[T](s) {
		out = append(out, r.Key())
	}
	return out
}

// userKeys returns the keys of users from i to below n without those named.
func userKeys(n int, without ...int) []string {
	var out []string
	for i := range n {
		if !slices.Contains(without, i) {
			out = append(out, user(i).UniqueID)
		}
	}
	return out
}

func sorted(q []authomize.Quarantined) []authomize.Quarantined {
	slices.SortFunc(q, func(a, b authomize.Quarantined) int { return cmp.Compare(a.Key, b.Key) })
	return q
}

var errSource = errors.New("source broke")
