package lambdafn

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

func TestMetricsOfFetch(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	for _, payload := range []string{syncEvent, `{"run":"` + observedRun + `"}`} {
		if _, err := w.fetch(staging.Groups, payload); err != nil {
			t.Fatal(err)
		}
		w.expect("waiting", map[string]float64{})
	}
	if _, err := w.fetch(staging.Environments, syncEvent); err != nil {
		t.Fatal(err)
	}
	w.out.Reset()
	if _, err := w.fetch(staging.Groups, completeOf(staging.Environments)); err != nil {
		t.Fatal(err)
	}
	w.expect("complete", map[string]float64{
		"APICalls/PingOne": -1, "Retries/PingOne": 0, "Throttled/PingOne": 0, "TokenRefused/PingOne": 0,
		"InvocationDuration/groups": 1, "InvocationTimeLeft/groups": 1, "Unfinished/groups": 0,
		"RecordsRead/groups": -1, "CarriedLists/groups": 0,
	})
	if _, err := w.fetch(staging.Groups, completeOf(staging.Environments)); err != nil {
		t.Fatal(err)
	}
	w.expect("redelivered", map[string]float64{})

	w.ping.ClientSecret = "another"
	if _, err := w.fetch(staging.Roles, completeOf(staging.Environments)); err == nil {
		t.Fatal("credentials that nobody issued were taken")
	}
	got := w.out.String()
	if strings.Count(got, `"TokenRefused":1`) != 1 || strings.Contains(got, "another") {
		t.Errorf("a refused secret: %s", got)
	}
}

// What is carried is counted by reason, with the age of the oldest; a reason
// that ended is written as well, and what was not due never.
func TestMetricsOfWhatIsCarried(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	now := staging.RunID(observedRun).Time()
	s := &seen{observer: w.observer("transform", observe.Authomize), ctx: observe.WithRun(w.ctx(), observedRun)}
	s.carried(&report.Report{FinishedAt: now, Carried: []report.Carried{
		{Reason: staging.Refused, Lists: 3, Oldest: now.Add(-time.Hour)},
		{Reason: staging.Refused, Lists: 2, Oldest: now.Add(-200 * time.Hour), Overdue: true},
		{Reason: staging.Unproven, Lists: 5, Oldest: now.Add(-300 * time.Hour), Overdue: true, Approved: true},
		{Reason: staging.Short, Lists: 1, Oldest: now.Add(-7 * 24 * time.Hour)},
		{Reason: staging.NotDue, Lists: 9, Oldest: now.Add(-900 * time.Hour), Overdue: true},
	}})
	want := map[string]float64{}
	for _, reason := range staging.CarriedReasons {
		if reason != staging.NotDue {
			want["StaleReadings/"+string(reason)], want["OldestReading/"+string(reason)] = 0, 0
		}
	}
	want["StaleReadings/refused"], want["OldestReading/refused"], want["OldestReading/short"] = 2, 1, 1
	if d := cmp.Diff(want, w.metrics()); d != "" {
		t.Error(d)
	}
}

func TestMetricsAndEventOfTransform(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	if _, err := w.fetch(staging.Environments, syncEvent); err != nil {
		t.Fatal(err)
	}
	w.out.Reset()
	if err := w.transform(completeOf(staging.Environments)); err != nil {
		t.Fatal(err)
	}
	w.expect("waiting", map[string]float64{})

	w.fetchAll()
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	got := w.metrics()
	for name, want := range map[string]float64{
		"RunsCompleted": 1, "RunsFailed": 0, "RunAge": 1, "EventsFailed": 0, "RecordsQuarantined/users": 0, "NeverReadLists": 0, "StaleReadings/refused": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (%t), want %v", name, v, ok, want)
		}
	}
	quarantined := 0.0
	for _, kind := range authomize.Kinds {
		posted, ok := got["RecordsPosted/"+string(kind)]
		held, ok2 := got["RecordsQuarantined/"+string(kind)]
		if !ok || !ok2 {
			t.Errorf("%s: posted %v, in quarantine %v: a number that is 0 must be written too, or the last one stays", kind, posted, held)
		}
		quarantined += held
	}
	if all, ok := got["QuarantinedInRun"]; !ok || all != quarantined {
		t.Errorf("%v in quarantine in the run (%t), want %v", all, ok, quarantined)
	}
	if got["RecordsPosted/users"] == 0 || got["GoodRuns"]+got["RunsHeld"] != 1 {
		t.Errorf("metrics of the run: %v", got)
	}

	if len(w.events.details) != 1 {
		t.Fatalf("%d events, want 1", len(w.events.details))
	}
	var e observe.RunFinished
	if err := json.Unmarshal([]byte(w.events.details[0]), &e); err != nil {
		t.Fatal(err)
	}
	if float64(e.Posted["users"]) != got["RecordsPosted/users"] || e.Stack != "sync" || e.Run != observedRun ||
		e.Report != "s3://bucket/runs/"+observedRun+"/report.json" || (e.State == "done") != (got["GoodRuns"] == 1) {
		t.Errorf("event %+v, metrics %v", e, got)
	}

	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	w.expect("redelivered", map[string]float64{"SinceGoodRun": 1})
	if len(w.events.details) != 1 {
		t.Error("a redelivered event announces the run's end once more")
	}
}

func TestReplayAndDryRun(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.fetchAll()
	if err := w.transform(`{"run":"` + observedRun + `","dryRun":true}`); err != nil {
		t.Fatal(err)
	}
	for name := range w.metrics() {
		if strings.HasPrefix(name, "Records") || strings.HasPrefix(name, "RunsC") || name == "GoodRuns" || name == "RunAge" {
			t.Errorf("a dry run writes %s", name)
		}
	}
	if len(w.events.details) != 1 || !strings.Contains(w.events.details[0], `"dryRun":true`) {
		t.Errorf("events of a dry run: %v", w.events.details)
	}
	if err := w.transform(`{"run":"` + observedRun + `"}`); err != nil {
		t.Fatal(err)
	}
	got := w.metrics()
	if _, ok := got["RunAge"]; ok || got["RunsCompleted"] != 1 {
		t.Errorf("metrics of a replay: %v", got)
	}
}

func TestRefusedTokenOfAuthomize(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.fetchAll()
	w.token = "another"
	w.app.ExpectViolation("Authorization is not the bare token")
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	got := w.metrics()
	for name, want := range map[string]float64{"TokenRefused/Authomize": 1, "RunsFailed": 1, "GoodRuns": 0} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (%t), want %v", name, v, ok, want)
		}
	}
	if _, ok := got["RunsCompleted"]; ok || len(w.events.details) != 1 || !strings.Contains(w.events.details[0], `"state":"failed"`) {
		t.Errorf("metrics %v, events %v", got, w.events.details)
	}
}

// A fault that a retry may cure is no failed run: Lambda retries, and
// only the end of the run says what became of it.
func TestTransientFaultIsNoFailedRun(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.fetchAll()
	store := w.store
	w.store = broken{store}
	if err := w.transform(completed); err == nil {
		t.Fatal("a store that can't be read was no error")
	}
	if got := w.metrics(); got["RunsFailed"] != 0 || hasKey(got, "RunsFailed") {
		t.Errorf("metrics of a broken invocation: %v", got)
	}
	w.store = store
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	if got := w.metrics(); got["RunsFailed"] != 0 || !hasKey(got, "RunsFailed") {
		t.Errorf("metrics of the try that mended it: %v", got)
	}
}

func hasKey(all map[string]float64, name string) bool {
	_, ok := all[name]
	return ok
}

// broken is a store that lists, and can't be read.
type broken struct{ staging.Store }

func (broken) Get(context.Context, string) (staging.Object, error) {
	return staging.Object{}, errors.New("S3 is out of order")
}

func TestWithoutStackAndDaemonNothingIsWritten(t *testing.T) {
	t.Parallel()
	w := newWatched(t, nil)
	w.fetchAll()
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	if w.out.Len() > 0 || w.log.Len() > 0 || len(w.events.details) > 0 {
		t.Errorf("metrics %q, log %q, events %v", w.out.String(), w.log.String(), w.events.details)
	}
}

// What is sent to X-Ray is tested in shared/observe; here that a function has
// it, and that the APIs are sent none of it (tattler).
func TestTraceOfAFunction(t *testing.T) {
	t.Parallel()
	for tracing, want := range map[string][]string{
		"Active":      {"PingOne GET environments/applications/roleAssignments", "PingOne GET environments/groups", "PingOne POST as/token"},
		"PassThrough": nil, // Lambda names its daemon all the same
		"":            nil,
	} {
		t.Run(tracing, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(want, tracedNames(t, tracing)); d != "" {
				t.Error(d)
			}
		})
	}
}

// tracedNames are the names of the subsegments that an invocation sends.
func tracedNames(t *testing.T, tracing string) []string {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := newWatched(t, map[string]string{"TRACING": tracing, "AWS_XRAY_DAEMON_ADDRESS": conn.LocalAddr().String()})
	before := newWatched(t, nil)
	if _, err := before.fetch(staging.Environments, syncEvent); err != nil {
		t.Fatal(err)
	}
	w.ping, w.store = before.ping, before.store
	if _, err := w.fetch(staging.Groups, completeOf(staging.Environments)); err != nil {
		t.Fatal(err)
	}
	var names []string
	buf := make([]byte, 64<<10)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			slices.Sort(names)
			return names
		}
		_, body, _ := strings.Cut(string(buf[:n]), "\n")
		var s struct {
			Name        string
			Annotations map[string]string
		}
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]string{"run": observedRun, "collection": "groups"}, s.Annotations); d != "" {
			t.Error(d)
		}
		names = append(names, s.Name)
	}
}
