package fetch_test

import (
	"context"
	"fmt"
	"path"
	"testing"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// PingOne answers 403 to many under load, at the start and for longer than a
// second try takes: all is read in the end, and nothing is unread.
func TestBurstOfForbidden(t *testing.T) {
	t.Parallel()
	const roles, members = "/v1/environments/*/users/*/roleAssignments", "/v1/environments/*/users"
	tests := []struct {
		c           staging.Collection
		path, query string
		from, times int
	}{
		{staging.RoleAssignments, roles, "", 1, 14}, // each of seven users, twice
		{staging.RoleAssignments, roles, "", 1, 20}, // and three at the end
		{staging.RoleAssignments, roles, "", 3, 9},
		{staging.RoleAssignments, "/v1/environments/*/groups/*/roleAssignments", "", 1, 12},
		{staging.Memberships, members, "memberOfGroups", 1, 4},
		{staging.Memberships, members, "memberOfGroups", 1, 9},
		{staging.Memberships, members, smallEveryone.String(), 3, 2}, // in the middle of a group
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %s from %d %d times", tt.c, path.Dir(tt.path), tt.query, tt.from, tt.times), func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t, pingonetest.WithFaults(pingonetest.Fault{
				Match: tt.path, Query: tt.query, From: tt.from, Times: tt.times, Status: 403, Code: "ACCESS_FAILED",
			}))
			r.mustRead(tt.c)
			r.wantStaged(tt.c, modelEdges(o, tt.c))
			if got, want := r.fake.Calls("/v1/**"), smallPages[tt.c]+tt.times; got != want {
				t.Errorf("%d calls, want %d", got, want)
			}
		})
	}
}

// An invocation that ends before it asked again leaves that to the next one,
// which asks for nothing else twice.
func TestBurstOfForbiddenOverInvocations(t *testing.T) {
	t.Parallel()
	const roles = "/v1/environments/*/users/*/roleAssignments"
	r, o := smallRig(t)
	r.fake.Inject(
		pingonetest.Fault{Match: roles, Times: 14, Status: 403, Code: "ACCESS_FAILED"},
		pingonetest.Fault{Match: roles, From: 15, Times: 6, Status: 503},
	)
	if result, err := r.read(staging.RoleAssignments); err == nil || result.Unread != 0 {
		t.Fatalf("got %+v, %v; want an error and nothing unread", result, err)
	}
	r.fake.ResetLog()
	r.mustRead(staging.RoleAssignments)
	r.wantStaged(staging.RoleAssignments, modelEdges(o, staging.RoleAssignments))
	if got := r.fake.Calls("/v1/**"); got != smallUsers {
		t.Errorf("%d calls, want the %d users", got, smallUsers)
	}
}

// Some are refused for good while others of their kind are read: each of them
// is asked for twice, and those alone are unread.
func TestSomeAreForbidden(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	for _, i := range []int{0, 4, 6} {
		r.fake.Deny("/v1/environments/*/users/"+smallUser(i).String()+"/roleAssignments", 403, "ACCESS_FAILED")
	}
	r.mustRead(staging.RoleAssignments)
	s := r.snapshot(staging.RoleAssignments)
	if u := s.Complete.Unread; len(u) != 1 || u[0].Status != 403 || u[0].Skipped != 2 || u[0].Parent == nil {
		t.Errorf("unread: got %+v, want one entry of 403 and two like it", u)
	}
	if got, want := len(r.edges(staging.RoleAssignments)), len(modelEdges(o, staging.RoleAssignments))-1; got != want { // 4 holds one
		t.Errorf("%d records staged, want %d", got, want)
	}
	if got, want := r.fake.Calls("/v1/**"), smallPages[staging.RoleAssignments]+3*3; got != want {
		t.Errorf("%d calls, want %d", got, want)
	}
	for _, slice := range s.Manifest.Slices {
		if slice.Parent == "user" && (slice.Asked != smallUsers || slice.Refused != 3) {
			t.Errorf("got %+v, want 3 of 7 refused", slice)
		}
	}
}

// Little time an invocation, and children that are refused for good: what is
// settled of them at the end is progress as well.
func TestSettlingWhatWasPutOffIsProgress(t *testing.T) {
	t.Parallel()
	r, _ := smallRig(t)
	for i := range 3 {
		r.fake.Deny("/v1/environments/*/users/"+smallUser(i).String()+"/roleAssignments", 403, "ACCESS_FAILED")
	}
	options := r.options()
	options.PerSecond = 0 // one worker
	const calls = 3       // a refused child, which is asked twice, and one more
	for n := 1; n < 60; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan struct{})
		r.fake.Inject(pingonetest.Fault{Match: "/v1/**", From: calls + 1, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
			cancel()
			<-left
		}})
		result, err := fetch.Run(ctx, run, staging.RoleAssignments, options)
		close(left)
		cancel()
		switch {
		case err != nil:
			t.Fatalf("invocation %d: %v", n, err)
		case result.Complete:
			if result.Unread != 1 {
				t.Errorf("%d unread, want one entry for all three", result.Unread)
			}
			return
		case !result.Progressed:
			t.Errorf("invocation %d: no progress", n)
		}
	}
	t.Error("the reading never ended")
}
