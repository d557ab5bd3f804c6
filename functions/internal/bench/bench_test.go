package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
)

func TestBounds(t *testing.T) {
	t.Parallel()
	o := size{Users: 2500, Groups: 3, Memberships: 0, Largest: 1001, Populations: 3, Applications: 20}.organization()
	want := map[staging.Collection]int{
		staging.Environments: 1, staging.Populations: 1, staging.Groups: 1, staging.Roles: 3, staging.Applications: 1, staging.Gateways: 1,
		staging.Devices:         0,
		staging.Users:           1 + 1 + 2,    // a sixth, a third and half of them
		staging.Memberships:     2,            // pages of the one group that has members
		staging.RoleAssignments: 3 + 3 + 2500, // groups, workers, users
	}
	if diff := cmp.Diff(want, bounds(only(o))); diff != "" {
		t.Errorf("fewest calls (-want +got):\n%s", diff)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 1, 1: 1, 1000: 1, 1001: 2, 1_000_000: 1000} {
		if got := pages(n); got != want {
			t.Errorf("pages(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-users", "1000000"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	want := size{Users: 1_000_000, Groups: 20_000, Memberships: 5, Largest: 250_000, Holders: 200_000, Populations: 10, Applications: 100}
	if diff := cmp.Diff(want, o.size); diff != "" {
		t.Errorf("size (-want +got):\n%s", diff)
	}
	if _, err := parse([]string{"-users", "0"}, &bytes.Buffer{}); err == nil {
		t.Error("no users are accepted")
	}
}

// measured is a result with one bar in each state.
func measured() *result {
	r := &result{
		Size:      size{Users: 1000, Groups: 20, Memberships: 5, Largest: 250, Holders: 200, Populations: 10},
		Fetch:     []fetched{{Collection: "users", Calls: 102, Bound: 100, spent: spent{PeakBytes: 100 << 20}}, {Collection: "groups", Calls: 2, Bound: 1}},
		Transform: transform{State: "done", Records: 300_000, Reference: 1.6, spent: spent{CPU: 3, PeakBytes: 257 << 20}},
		Later:     &later{Fetch: []fetched{{Collection: "users", Calls: 1}}},
		Paced:     []paced{{Collection: "users", Calls: 100, Pace: 10, Wall: 11}},
		Binaries:  []artifact{{Function: "users", Bytes: 30_000_000, ZipBytes: 9_000_001, InitMs: 49.9}},
	}
	r.Bars = bars(r)
	return r
}

func TestBars(t *testing.T) {
	t.Parallel()
	want := []bar{
		{Name: "calls ÷ lower bound", Limit: "≤ 1.02", Got: "1.0297 (3 more)"},
		{Name: "calls of a run at once ÷ those of the first", Limit: "≤ 1 %", Got: "0.96 % (1 of 104)", Pass: true},
		{Name: "time ÷ (calls ÷ pace)", Limit: "≤ 1.1", Got: "1.100 (users)", Pass: true},
		{Name: "transform, records a second and core", Limit: "≥ 100,000", Got: "100000", Pass: true},
		{Name: "transform ÷ decoding and encoding alone", Limit: "≤ 2.0", Got: "1.88", Pass: true},
		{Name: "peak resident memory", Limit: "≤ 256 MiB", Got: "257 MiB (transform)"},
		{Name: "init", Limit: "≤ 50 ms", Got: "49.9 ms (users)", Pass: true},
		{Name: "binary", Limit: "≤ 30 MB", Got: "30.0 MB (users)", Pass: true},
		{Name: "zip", Limit: "≤ 9 MB", Got: "9.0 MB (users)"},
	}
	if diff := cmp.Diff(want, measured().Bars); diff != "" {
		t.Errorf("bars (-want +got):\n%s", diff)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	write(&out, measured())
	for _, want := range []string{"1,000 users in 10 populations", "NOT met", "100  1.020", "100,000  257 MiB", "each function's default"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the tables:\n%s", want, &out)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if got := median([]time.Duration{9, 1, 5}); got != 5 {
		t.Errorf("median %d, want 5", got)
	}
}
