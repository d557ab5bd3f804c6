package fetch_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// A long reading commits each half minute, so that a kill costs no more.
func TestLongReadingCommitsEachHalfMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowPingOne{latency: time.Second, members: make([]int, 100)}
		for i := range s.members {
			s.members[i] = 1
		}
		o := s.options(t, 1)
		began := time.Now()
		var commits []time.Duration
		o.Store = stagingtest.NewFaulty(o.Store, stagingtest.Fault{Match: func(op, key string) bool {
			if op == "put" && strings.HasSuffix(key, "/manifest.json") {
				commits = append(commits, time.Since(began))
			}
			return false
		}})
		result, err := fetch.Run(t.Context(), run, staging.Memberships, o)
		if err != nil || !result.Complete {
			t.Fatalf("got %+v, %v", result, err)
		}
		// After the plan, each half minute, when all is read, and at the end.
		want := []time.Duration{1 * time.Second, 31 * time.Second, 61 * time.Second, 91 * time.Second, 101 * time.Second, 101 * time.Second}
		if d := cmp.Diff(want, commits); d != "" {
			t.Errorf("committed at (-want +got):\n%s", d)
		}
	})
}

// The log says what was planned before it is read.
func TestPlannedIsLogged(t *testing.T) {
	t.Parallel()
	r, _ := smallRig(t)
	var log bytes.Buffer
	o := r.options()
	o.PerSecond = 2
	o.Log = slog.New(slog.NewJSONHandler(&log, nil))
	if _, err := fetch.Run(t.Context(), run, staging.Memberships, o); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(log.String(), "\n")
	var got map[string]any
	if err := json.Unmarshal([]byte(first), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "planned", "run": string(run), "collection": "memberships",
		"calls": 3.0, "at_least": false, "planning_calls": 2.0, "device_calls_at_most": 0.0, "per_second": 2.0, "estimated_s": 3.0,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the first line (-want +got):\n%s", d)
	}
}
