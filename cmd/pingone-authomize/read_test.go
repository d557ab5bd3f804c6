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

// Each collection is read after its inputs, and one that fails stops those
// that need it, directly or not, and no other.
func TestReadAll(t *testing.T) {
	t.Parallel()
	for broken, want := range map[staging.Collection]int{
		"": 11, staging.Environments: 0, staging.Groups: 8, staging.Users: 6, staging.Devices: 10,
	} {
		t.Run("without "+string(broken), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var done []staging.Collection
			err := readAll(func(c staging.Collection) error {
				mu.Lock()
				defer mu.Unlock()
				of, err := collection.Of(c)
				if err != nil {
					return err
				}
				for _, input := range of.Inputs {
					if !slices.Contains(done, input) {
						t.Errorf("%s was read before %s", c, input)
					}
				}
				if c == broken {
					return errors.New("broken " + string(c))
				}
				done = append(done, c)
				return nil
			})
			if len(done) != want {
				t.Errorf("read %v, want %d", done, want)
			}
			if broken == "" && err != nil || broken != "" && (err == nil || err.Error() != "broken "+string(broken)) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A collection that another process reads is waited for while that goes on.
func TestReadOne(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		busy        bool
		pages       int // more each time
		completeAt  int
		invocations int
		wantErr     string
	}{
		"busy":               {true, 0, 100, 100, ""},
		"busy long":          {true, 0, 1000, 182, "another process reads it"},
		"another that reads": {true, 1, 1000, 1000, ""},
		"another run":        {false, 0, 1000, 1, "another run was opened since"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, began := 0, time.Now()
				_, err := readOne(t.Context(), staging.Users, func(context.Context) (fetch.Result, error) {
					n++
					return fetch.Result{Busy: test.busy, Pages: n * test.pages, Complete: n == test.completeAt}, nil
				})
				if n != test.invocations || (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("%d invocations in %s, %v; want %d, %q", n, time.Since(began), err, test.invocations, test.wantErr)
				}
			})
		})
	}
}
