package lambdafn

import (
	"strings"
	"testing"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// What the event says of a run goes with it to its transform, which neither
// alarms nor counts as a good run.
func TestTermsOfARun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		terms string
		posts bool
		event string
	}{
		{`"environments":["` + pingonetest.SizedEnvironment().String() + `"]`, true, `"narrowed":true`},
		{`"dryRun":true`, false, `"dryRun":true`},
	} {
		t.Run(test.terms, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
			for _, c := range staging.Collections {
				if err := w.fetchFor(c, `{"run":"`+observedRun+`",`+test.terms+`}`); err != nil {
					t.Fatal(err)
				}
			}
			w.out.Reset()
			if err := w.transform(completed); err != nil {
				t.Fatal(err)
			}
			got := w.metrics()
			for _, name := range []string{"RunsCompleted", "RunsHeld", "GoodRuns", "RunAge", "RoleCoverage"} {
				if _, ok := got[name]; ok {
					t.Errorf("it writes %s", name)
				}
			}
			if posts := len(w.app.Posts()) > 0; posts != test.posts || got["RunsFailed"] != 0 || len(w.app.Sweeps()) != 0 {
				t.Errorf("posted: %t, sweeps %v, metrics %v", posts, w.app.Sweeps(), got)
			}
			if len(w.events.details) != 1 || !strings.Contains(w.events.details[0], test.event) {
				t.Errorf("events: %v", w.events.details)
			}
		})
	}
}

// A dry run that fails alarms nobody: who asked for it sees its report.
func TestFailedDryRunIsNoAlarm(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	for _, c := range staging.Collections {
		if err := w.fetchFor(c, `{"run":"`+observedRun+`","dryRun":true}`); err != nil {
			t.Fatal(err)
		}
	}
	part := staging.PartKey(observedRun, staging.Users, 1)
	if _, err := w.store.Put(t.Context(), part, []byte("damaged"), staging.Always); err != nil {
		t.Fatal(err)
	}
	w.out.Reset()
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	if got := w.metrics(); got["RunsFailed"] != 0 || !strings.Contains(w.events.details[0], `"state":"failed"`) {
		t.Errorf("metrics %v, events %v", got, w.events.details)
	}
}
