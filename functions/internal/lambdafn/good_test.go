package lambdafn

import (
	"testing"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const replayed = `{"run":"` + observedRun + `"}`

// readGood returns what is kept as the last good run.
func (w *watched) readGood() staging.RunID {
	w.t.Helper()
	run, _, err := lastGood(w.t.Context(), w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// ends transforms the run and returns GoodRuns and SinceGoodRun in seconds, -1
// for one that is not written.
func (w *watched) ends(payload string) (good, since float64) {
	w.t.Helper()
	w.out.Reset()
	if err := w.transform(payload); err != nil {
		w.t.Fatal(err)
	}
	value := func(name string) float64 {
		v, ok := w.values()[name]
		if !ok {
			return -1
		}
		return v
	}
	return value("GoodRuns"), value("SinceGoodRun")
}

func TestGoodRunIsKeptAndCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync", "NO_GOOD_RUN_HOURS": "36"})
	w.fetchAll()
	if good, since := w.ends(completed); good != 1 || since != 3600 || w.readGood() != observedRun {
		t.Errorf("a new run: good %v, %v s, kept %q", good, since, w.readGood())
	}
	w.after = 30 * time.Hour
	if good, since := w.ends(replayed); good != 0 || since != 30*3600 {
		t.Errorf("the same run again: good %v, %v s", good, since)
	}
}

// Last week's run, replayed while nothing newer ended well, must not end the
// alarm that says so, whether it was good in its time or not.
func TestReplayOfAnOldRunIsNoGoodRun(t *testing.T) {
	t.Parallel()
	for name, wasGood := range map[string]bool{"good in its time": true, "never ended": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, map[string]string{"STACK_NAME": "sync", "NO_GOOD_RUN_HOURS": "36"})
			w.fetchAll()
			wantSince, wantKept := -1.0, staging.RunID("")
			if wasGood {
				w.ends(completed)
				wantSince, wantKept = 7*24*3600, observedRun
			}
			w.after = 7 * 24 * time.Hour
			good, since := w.ends(replayed)
			if good != 0 || since != wantSince || w.readGood() != wantKept {
				t.Errorf("good %v, %v s, kept %q", good, since, w.readGood())
			}
			if got := w.values(); got["RunsCompleted"] != 1 {
				t.Errorf("the replay itself is not counted: %v", got)
			}
		})
	}
}

func TestAgeOfAGoodRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hours string
		after time.Duration
		want  float64
	}{
		{"36", 36 * time.Hour, 1},
		{"36", 36*time.Hour + time.Second, 0},
		{"36", -time.Second, 0}, // an id that was mistyped into the future
		{"", 168 * time.Hour, 1},
		{"", 169 * time.Hour, 0},
	} {
		w := newWatched(t, map[string]string{"STACK_NAME": "sync", "NO_GOOD_RUN_HOURS": c.hours})
		w.fetchAll()
		w.after = c.after
		if good, _ := w.ends(completed); good != c.want {
			t.Errorf("%s hours, after %s: good %v, want %v", c.hours, c.after, good, c.want)
		}
	}
}

// The number must grow while PingOne's credentials are refused, which keeps
// transform from being invoked at all.
func TestFetchTellsTheTimeSinceTheLastGoodRun(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync", "NO_GOOD_RUN_HOURS": "36"})
	w.fetchAll()
	w.ends(completed)
	w.run = "20261125T090000Z"
	w.after, w.ping.ClientSecret = 50*time.Hour, "another"
	w.out.Reset()
	if err := w.fetch(staging.Users); err == nil {
		t.Fatal("credentials that nobody knows were taken")
	}
	if got := w.values(); got["SinceGoodRun"] != 50*3600 {
		t.Errorf("metrics %v", got)
	}
}

func TestKeepGood(t *testing.T) {
	t.Parallel()
	store := &stagingtest.Memory{}
	keep := func(run staging.RunID, want bool) {
		t.Helper()
		if got, err := keepGood(t.Context(), store, run); err != nil || got != want {
			t.Errorf("%s: %t, error %v", run, got, err)
		}
	}
	if _, err := store.Put(t.Context(), goodKey, []byte("damaged"), staging.Always); err != nil {
		t.Fatal(err)
	}
	keep("20261123T090000Z", true)
	keep("20261123T090000Z", false)
	keep("20261122T090000Z", false)
	keep("20261124T090000Z", true)
	if last, _, err := lastGood(t.Context(), store); err != nil || last != "20261124T090000Z" {
		t.Errorf("kept %q, error %v", last, err)
	}
}

// Whoever approves a sweep in time makes a good run of a held one; what it
// read and posted was counted when it did.
func TestApprovalCountsTheOutcomeOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		good  float64
	}{"in time": {20 * time.Hour, 1}, "a week later": {7 * 24 * time.Hour, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, map[string]string{"STACK_NAME": "sync", "NO_GOOD_RUN_HOURS": "36"})
			w.app.AddFaults(authomizetest.Fault{Kind: authomize.Groupings, Do: authomizetest.AcceptFewer(1)})
			w.fetchAll()
			if good, _ := w.ends(completed); good != 0 || w.values()["RunsHeld"] != 1 {
				t.Fatalf("the run is not held: %v", w.values())
			}
			w.after = c.after
			good, _ := w.ends(`{"run":"` + observedRun + `","approveSweep":true}`)
			if good != c.good {
				t.Errorf("good %v, want %v", good, c.good)
			}
			got := w.metrics()
			if !hasKey(got, "RunsHeld") || got["RunsHeld"] != 0 {
				t.Errorf("the alarm of the held sweep goes on: %v", got)
			}
			for _, name := range []string{"RunsCompleted", "QuarantinedInRun", "RecordsPosted/users", "RoleCoverage", "RunAge"} {
				if hasKey(got, name) {
					t.Errorf("%s is counted twice", name)
				}
			}
		})
	}
}
