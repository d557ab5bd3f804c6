package lambdafn

import (
	"encoding/json"
	"testing"
	"time"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

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

// A run counts once, when it ends done, if it is not too old.
func TestGoodRunIsCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync", "NO_GOOD_RUN_HOURS": "36"})
	w.fetchAll()
	if good, since := w.ends(completed); good != 1 || since != 3600 {
		t.Errorf("a new run: good %v, %v s", good, since)
	}
	w.after = 30 * time.Hour
	if good, since := w.ends(replayed); good != 0 || since != 30*3600 {
		t.Errorf("the same run transformed again: good %v, %v s", good, since)
	}
}

func TestCountsAsGood(t *testing.T) {
	t.Parallel()
	run := staging.RunID("20261123T090000Z")
	for name, c := range map[string]struct {
		hours string
		after time.Duration
		last  staging.RunID
		state report.State
		want  bool
	}{
		"in time":                {"36", 36 * time.Hour, "20261122T090000Z", report.Done, true},
		"too old":                {"36", 36*time.Hour + time.Second, "", report.Done, false},
		"ahead of the clock":     {"36", -time.Second, "", report.Done, false},
		"as far as an alarm can": {"", 168 * time.Hour, "", report.Done, true},
		"older than that":        {"", 169 * time.Hour, "", report.Done, false},
		"counted already":        {"36", time.Hour, run, report.Done, false},
		"a newer one was":        {"36", time.Hour, "20261123T100000Z", report.Done, false},
		"held":                   {"36", time.Hour, "", report.Held, false},
	} {
		s := &seen{lastGood: c.last, observer: &observer{
			now:        func() time.Time { return run.Time().Add(c.after) },
			goodWithin: goodWithin(func(string) string { return c.hours }),
		}}
		if got := s.countsAsGood(&report.Report{Run: string(run), State: c.state}); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// The newest run that ended done, and was posted whole, is found by the reports.
func TestLastGood(t *testing.T) {
	t.Parallel()
	store := &stagingtest.Memory{}
	for _, c := range []struct {
		run, report string
		want        staging.RunID
	}{
		{"20261120T090000Z", `{"state":"held"}`, ""},
		{"20261121T090000Z", `{"state":"done"}`, "20261121T090000Z"},
		{"20261122T090000Z", `{"state":"done","dryRun":true}`, "20261121T090000Z"},
		{"20261123T090000Z", `{"state":"done","narrowed":true}`, "20261121T090000Z"},
		{"20261124T090000Z", `damaged`, "20261121T090000Z"},
		{"20261125T090000Z", `{"state":"failed"}`, "20261121T090000Z"},
		{"20261126T090000Z", `{"state":"done"}`, "20261126T090000Z"},
	} {
		run := staging.RunID(c.run)
		if _, err := store.Put(t.Context(), staging.ReportKey(run), []byte(c.report), staging.Always); err != nil {
			t.Fatal(err)
		}
		if got, err := lastGood(t.Context(), store); err != nil || got != c.want {
			t.Errorf("with the report of %s: %q, %v; want %q", run, got, err, c.want)
		}
	}
	if _, err := store.Put(t.Context(), staging.RunKey("20261127T090000Z"), []byte(`{}`), staging.Always); err != nil {
		t.Fatal(err)
	}
	if got, err := lastGood(t.Context(), store); err != nil || got != "20261126T090000Z" {
		t.Errorf("with one that has no report: %q, %v", got, err)
	}
	if _, err := lastGood(t.Context(), broken{store}); err == nil {
		t.Error("a store that can't be read was no error")
	}
}

// The number must grow while PingOne's credentials are refused, which means that
// transform is not invoked at all.
func TestFetchSaysTheTimeSinceTheLastGoodRun(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync", "NO_GOOD_RUN_HOURS": "36"})
	data, err := json.Marshal(report.Report{Run: observedRun, State: report.Done})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Put(t.Context(), staging.ReportKey(staging.RunID(observedRun)), data, staging.Always); err != nil {
		t.Fatal(err)
	}
	w.after, w.ping.ClientSecret = 50*time.Hour, "another"
	if _, err := w.fetch(staging.Environments, `{}`); err == nil {
		t.Fatal("credentials that nobody issued were taken")
	}
	if got := w.values(); got["SinceGoodRun"] != 50*3600 {
		t.Errorf("metrics %v", got)
	}
}
