package transform_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A worker application that sees a part of a population gets no error: the
// count gives it away.
func TestHeldForUnseenUsers(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	r.firstRun(c)
	r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
		if collection == staging.Populations {
			body = strings.Replace(body, `"userCount":5`, `"userCount":8`, 1)
		}
		return []string{body}
	})
	var log bytes.Buffer
	o := r.options()
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.wantState(r.run(run2, o), report.Held, false, "users: 5 of 8 users of population People were read")
	if text := log.String(); !strings.Contains(text, "reasons=1") || strings.Contains(text, "People") {
		t.Errorf("the log, which may hold no name, says\n%s", text)
	}
	r.wantHeld(tinyHoldings())
}

// The roles of users that were read too long ago, or not yet, hold the sweep.
func TestHeldForRolesNotKnown(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	// The feed names one user, whose roles can no longer be read.
	r.fake.Deny("/v1/environments/*/users/*/roleAssignments", 403, "ACCESS_FAILED")
	r.fetch(run2)
	result := r.mustTransform(run2)
	if result.State != report.Held || result.Swept {
		t.Fatalf("got %+v, want held", result)
	}
	if all := strings.Join(result.Held, "\n"); !strings.Contains(all, "the roles of 4 of 5 users of environment") {
		t.Errorf("held for %q, want the coverage of roles named", all)
	}
	coverage := r.report(run2).RoleCoverage
	if len(coverage) != 1 || coverage[0].Users != 5 || coverage[0].Known != 4 {
		t.Errorf("coverage %+v, want 4 of 5", coverage)
	}
	r.wantHeld(tinyHoldings())
}

// A run that is swept long after it was fetched relies on readings that were
// recent enough then.
func TestHeldForRolesReadTooLongAgo(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	for _, tt := range []struct {
		age   time.Duration
		state report.State
		want  []string
	}{
		{week - time.Hour, report.Done, nil},
		{week + time.Minute, report.Held, []string{"roleassignments: the oldest reading of roles in environment main is of "}},
	} {
		r, c := newTinyRig(t)
		r.firstRun(c)
		r.restage(run1, run2, func(m *staging.Manifest) {
			if m.Collection == staging.RoleAssignments {
				m.Coverage = []staging.Coverage{{Environment: id("main"), Users: 5, Known: 5, Oldest: time.Now().Add(-tt.age).UTC().Truncate(time.Second)}}
			}
		}, func(_ staging.Collection, _, body string) []string { return []string{body} })
		r.wantState(r.mustTransform(run2), tt.state, tt.want == nil, tt.want...)
	}
}

// The breaker works in each environment: a small one that is emptied is a
// small part of all.
func TestHeldForShrinkInOneEnvironment(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	side := pingonetest.StableID("side")
	r.org.AddEnvironment(pingonetest.Environment{ID: side, Name: "Side"})
	population := pingonetest.StableID("side", "population")
	r.org.AddPopulation(side, pingonetest.Population{ID: population, Name: "Others"})
	user := pingonetest.StableID("side", "user")
	r.org.AddUser(side, pingonetest.User{ID: user, Population: population, Username: "solo"})
	r.firstRun(c)
	r.org.RemoveUser(side, user)
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false, "users of environment "+side.String()+" shrank from 1 to 0")
}
