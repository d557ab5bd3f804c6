package fetch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// PingOne's head count knows what the worker application may not see. Where
// there is none, that proof is missing, and nothing else.
func TestHeadCount(t *testing.T) {
	t.Parallel()
	const path = "/v1/environments/*/totalIdentities"
	hidden := pingonetest.StableID("small", "hidden")
	short := func(expected int) []staging.Short {
		return []staging.Short{{Environment: smallEnv, Parent: staging.Parent{Kind: "environment", ID: smallEnv}, List: "users", Expected: expected, Read: smallUsers}}
	}
	tests := []struct {
		name   string
		hidden int
		fault  pingonetest.Fault
		want   []staging.Short
	}{
		{name: "none"},
		{name: "some", hidden: 10, want: short(smallUsers + 10)},
		{name: "forbidden", hidden: 11, fault: pingonetest.Fault{Match: path, Times: -1, Status: 403, Code: "ACCESS_FAILED"}},
		{name: "no such path", hidden: 11, fault: pingonetest.Fault{Match: path, Times: -1, Status: 404, Code: "NOT_FOUND"}},
		{name: "out of order", hidden: 11, fault: pingonetest.Fault{Match: path, Times: -1, Status: 500}},
		{name: "no page", hidden: 11, fault: pingonetest.Fault{Match: path, Times: -1, Do: pingonetest.FaultHTML}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			o.AddPopulation(smallEnv, pingonetest.Population{ID: hidden, Name: "Hidden"})
			for i := range tt.hidden {
				o.AddUser(smallEnv, pingonetest.User{ID: pingonetest.StableID("hidden", fmt.Sprint(i)), Population: hidden, Username: fmt.Sprint("h", i)})
			}
			o.HidePopulation(smallEnv, hidden)
			if tt.fault.Match != "" {
				r.fake.Inject(tt.fault)
			}
			if result := r.mustRead(staging.Users); result.Records != smallUsers || result.Unread != 0 {
				t.Errorf("got %+v, want %d records", result, smallUsers)
			}
			snap := r.snapshot(staging.Users)
			if d := cmp.Diff(tt.want, snap.Complete.Short); d != "" {
				t.Errorf("short (-want +got):\n%s", d)
			}
			if counted := len(snap.Manifest.HeadCounts) == 1; counted == (tt.fault.Match != "") {
				t.Errorf("head counts of %v", snap.Manifest.HeadCounts)
			}
		})
	}
}

// Time is up at the head count: it is asked for again.
func TestOutOfTimeAtTheHeadCount(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	r.fake.Inject(pingonetest.Fault{Match: "/v1/environments/*/totalIdentities", Status: 429, RetryAfter: time.Hour})
	if result, err := fetch.Run(ctx, run, staging.Users, r.options()); err != nil || result.Complete || !result.Progressed {
		t.Errorf("got %+v, %v; want unfinished", result, err)
	}
	r.mustRead(staging.Users)
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
}
