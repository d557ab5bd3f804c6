package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/staging"
)

// noProgress shows nothing.
type noProgress struct{ progress }

func (noProgress) read(staging.Collection, fetch.Result, error) {}

// Each collection is read after its inputs, and one that fails stops those
// that need it, directly or not, and no other.
func TestReadAll(t *testing.T) {
	t.Parallel()
	for broken, want := range map[staging.Collection]int{
		"": 10, staging.Environments: 0, staging.Groups: 7, staging.Users: 6, staging.Devices: 9,
	} {
		t.Run("without "+string(broken), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var done []staging.Collection
			err := readAll(t.Context(), func(_ context.Context, c staging.Collection) (fetch.Result, error) {
				mu.Lock()
				defer mu.Unlock()
				of, err := collection.Of(c)
				if err != nil {
					return fetch.Result{}, err
				}
				for _, input := range of.Inputs {
					if !slices.Contains(done, input) {
						t.Errorf("%s was read before %s", c, input)
					}
				}
				if c == broken {
					return fetch.Result{}, errors.New("broken " + string(c))
				}
				done = append(done, c)
				return fetch.Result{Complete: true}, nil
			}, noProgress{})
			if len(done) != want {
				t.Errorf("read %v, want %d", done, want)
			}
			if broken == "" && err != nil || broken != "" && (err == nil || err.Error() != "broken "+string(broken)) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// An invocation is repeated while it makes progress, or another process does.
func TestReadOne(t *testing.T) {
	t.Parallel()
	unfinished := func(pages int, progressed, busy bool) func(int) fetch.Result {
		return func(n int) fetch.Result {
			return fetch.Result{Pages: pages * n, Progressed: progressed, Busy: busy}
		}
	}
	for name, test := range map[string]struct {
		result      func(n int) fetch.Result
		completeAt  int
		invocations int
		wantErr     string
	}{
		"pages":      {unfinished(1, false, false), 20, 20, ""},
		"progress":   {unfinished(0, true, false), 20, 20, ""},
		"standstill": {unfinished(0, false, false), 20, 6, "nothing more was read in 5 invocations"},
		"busy":       {unfinished(0, false, true), 100, 100, ""},
		"busy long":  {unfinished(0, false, true), 1000, 182, "another process reads it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, began := 0, time.Now()
				_, err := readOne(t.Context(), staging.Users, func(context.Context) (fetch.Result, error) {
					n++
					r := test.result(n)
					r.Complete = n == test.completeAt
					return r, nil
				})
				if n != test.invocations || (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("%d invocations in %s, %v; want %d, %q", n, time.Since(began), err, test.invocations, test.wantErr)
				}
			})
		})
	}
}
