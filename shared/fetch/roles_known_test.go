package fetch_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/staging"
)

// The roles of a user are known from a reading that is not older than the
// maximum age when the run ends; not from an older one, nor from any of a user
// whom PingOne refuses now, nor of anybody where it refuses all.
func TestRolesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	week := 7 * day
	refuse := func(users string) func(r *rolesRig) {
		return func(r *rolesRig) {
			r.fake.Deny("/v1/environments/*/users/"+users+"/roleAssignments", http.StatusForbidden, "ACCESS_FAILED")
		}
	}
	tests := []struct {
		name    string
		refresh int
		since   time.Duration // the first run
		do      func(r *rolesRig)
		takes   time.Duration // each reply
		known   int
	}{
		{name: "refused, though read a day ago", refresh: 10, since: day, do: refuse(user(1).String()), known: 9},
		{name: "refused, and read too long ago", since: week + day, do: refuse(user(1).String()), known: 9},
		{name: "all that are asked are refused", refresh: 5, since: day, do: refuse("*"), known: 0},
		{name: "too old when the run ends", since: week - time.Hour, do: func(*rolesRig) {}, takes: 2 * time.Hour, known: 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRolesRig(t, 10)
			r.wantRun("first run", 10)
			r.ahead.Add(int64(tt.since))
			tt.do(r)
			r.next()
			o := r.rolesOptions()
			o.Roles.Refresh = tt.refresh
			o.OnProgress = func(fetch.Progress) { r.ahead.Add(int64(tt.takes)) }
			if got, err := fetch.Run(t.Context(), r.latest, staging.RoleAssignments, o); err != nil || !got.Complete {
				t.Fatalf("got %+v, %v", got, err)
			}
			got := r.complete().Coverage
			for i := range got {
				got[i].Oldest = time.Time{}
			}
			if d := cmp.Diff([]staging.Coverage{{Environment: r.env, Users: 10, Known: tt.known}}, got); d != "" {
				t.Errorf("coverage (-want +got):\n%s", d)
			}
		})
	}
}

// An event that PingOne shows only after the feed was read, dated before, is
// read by the next run.
func TestEventThatShowsUpLate(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 10)
	r.wantRun("first run", 10)
	r.ahead.Add(int64(time.Hour))
	r.wantRun("no change", 0)
	at := r.now().Add(-14 * time.Minute)
	r.org.Now = func() time.Time { return at }
	r.assign(4, "Help Desk Admin")
	r.org.Now = r.now
	r.ahead.Add(int64(time.Minute))
	r.wantRun("one event more of the time before", 1)
}
