package lambdafn

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// Which run an event is about, before and while one is open.
func TestWhichRunIsRead(t *testing.T) {
	t.Parallel()
	run := staging.RunID(observedRun)
	earlier, later := staging.RunAt(run.Time().Add(-time.Minute)), staging.RunAt(run.Time().Add(time.Minute))
	hourly := strings.Replace(syncEvent, `"}}`, `","open":false}}`, 1)
	named := func(r staging.RunID) string { return `{"run":"` + string(r) + `"}` }
	waits := []staging.Collection{staging.Environments}
	tests := []struct {
		name    string
		open    bool // run is
		c       staging.Collection
		payload string
		want    fetch.Result // Run, Complete and Waiting; Collection is c
		err     error
	}{
		{"the schedule opens a run", false, staging.Environments, syncEvent, fetch.Result{Run: run, Complete: true}, nil},
		{"so does a person", false, staging.Environments, named(run), fetch.Result{Run: run, Complete: true}, nil},
		{"the hourly event opens none", false, staging.Environments, hourly, fetch.Result{Run: run}, nil},
		{"nothing is open yet", false, staging.Groups, syncEvent, fetch.Result{Run: run, Waiting: waits}, nil},
		{"nor for a person", false, staging.Groups, named(run), fetch.Result{Run: run, Waiting: waits}, nil},

		{"a second schedule goes on", true, staging.Environments, strings.ReplaceAll(syncEvent, run.Time().Format(time.RFC3339), later.Time().Format(time.RFC3339)), fetch.Result{Run: run, Complete: true}, nil},
		{"a person asks for another", true, staging.Environments, named(later), fetch.Result{}, staging.ErrClosed},
		{"the open one by name", true, staging.Groups, named(run), fetch.Result{Run: run, Complete: true}, nil},
		{"the open one by its input", true, staging.Groups, completeOf(staging.Environments), fetch.Result{Run: run, Complete: true}, nil},
		{"the open one by the hour", true, staging.Groups, hourly, fetch.Result{Run: run, Complete: true}, nil},
		{"now", true, staging.Groups, `{}`, fetch.Result{Run: run, Complete: true}, nil},
		{"its inputs are not complete", true, staging.Users, named(run), fetch.Result{Run: run, Waiting: []staging.Collection{staging.Populations}}, nil},
		{"a closed one by name", true, staging.Groups, named(earlier), fetch.Result{}, staging.ErrClosed},
		{"a closed one goes on by itself", true, staging.Groups, strings.Replace(named(earlier), "}", `,"continuation":3}`, 1), fetch.Result{Run: earlier}, nil},
		{"a closed one by its input", true, staging.Groups, strings.ReplaceAll(completeOf(staging.Environments), string(run), string(earlier)), fetch.Result{Run: earlier}, nil},
		{"one that is to come", true, staging.Groups, named(later), fetch.Result{Run: later, Waiting: waits}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, nil)
			if tt.open {
				if _, err := w.fetch(staging.Environments, syncEvent); err != nil {
					t.Fatal(err)
				}
			}
			got, err := w.fetch(tt.c, tt.payload)
			if tt.err == nil {
				tt.want.Collection = tt.c
			}
			got.Pages, got.Records, got.Progressed = 0, 0, false
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.err) || w.lambda.asked != nil {
				t.Errorf("%v, invoked %q (-want +got):\n%s", err, w.lambda.asked, diff)
			}
		})
	}
}

// What the event says of a new run stands in run.json, beside the settings, and
// goes with it to its transform, which neither alarms nor counts as a good run.
func TestNarrowedAndDryRuns(t *testing.T) {
	t.Parallel()
	only := []pingone.ID{pingonetest.SizedEnvironment()}
	for _, tt := range []struct {
		beside string
		want   staging.Run
		posts  bool
		event  string
	}{
		{`"environments":["` + only[0].String() + `"]`, staging.Run{Only: only}, true, `"narrowed":true`},
		{`"dryRun":true`, staging.Run{DryRun: true}, false, `"dryRun":true`},
	} {
		t.Run(tt.beside, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
			w.fetchAll(`{"run":"` + observedRun + `",` + tt.beside + `}`)
			got, err := staging.LoadRun(t.Context(), w.store, staging.RunID(observedRun))
			tt.want.Version, tt.want.Run, tt.want.All, tt.want.OpenedBy, tt.want.OpenedAt = 1, staging.RunID(observedRun), true, "lambda request-1", got.OpenedAt
			tt.want.Worker, _ = pingone.ParseID(w.ping.ClientID)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("run.json: %v (-want +got):\n%s", err, diff)
			}
			if err := w.transform(completed); err != nil {
				t.Fatal(err)
			}
			written := w.metrics()
			for _, name := range []string{"RunsCompleted", "RunsHeld", "GoodRuns", "RunAge", "StaleReadings/refused"} {
				if _, ok := written[name]; ok {
					t.Errorf("it writes %s", name)
				}
			}
			if posts := len(w.app.Posts()) > 0; posts != tt.posts {
				t.Errorf("posted: %t, want %t", posts, tt.posts)
			}
			if len(w.events.details) != 1 || !strings.Contains(w.events.details[0], tt.event) {
				t.Errorf("events: %v", w.events.details)
			}
		})
	}
}
