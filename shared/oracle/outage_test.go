package oracle

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

const (
	// invocation is how long one function may run, as on Lambda.
	invocation = 15*time.Minute - fetch.Margin
	away       = time.Hour
	pace       = 2 // requests a second: a run takes some minutes
)

// TestOutage lets PingOne be away for an hour, from each moment of a run. It
// ends complete, in its own time and the hour; no invocation fails, and no list is
// as of an earlier run. The next run knows all.
func TestOutage(t *testing.T) {
	t.Parallel()
	step := 25 * time.Second
	if isLong() {
		step = 3 * time.Second
	}
	inWorld(t, 5, small(), func(w *world) {
		w.pace, w.schedule.limit, w.schedule.strict = pace, invocation, true
		w.undisturbed()
		began := time.Now()
		w.undisturbed()
		length := time.Since(began)
		for at := time.Duration(0); at < length; at += step {
			w.live(2)
			w.outage(at, length)
			time.Sleep(every)
			w.undisturbed()
		}
	})
}

// undisturbed is a run in which all is well.
func (w *world) undisturbed() {
	w.t.Helper()
	if run, err := w.sync(nil); err != nil || w.state != report.Done {
		w.t.Fatalf("run %s is %s: %v", run, w.state, err)
	}
	w.equal()
}

// outage is a run beside which PingOne is away from a moment on.
func (w *world) outage(at, length time.Duration) {
	w.t.Helper()
	time.Sleep(every)
	began := time.Now()
	from := began.Add(at)
	w.bridge.away = func(r *http.Request) (*http.Response, error) {
		switch now := time.Now(); {
		case now.Before(from) || !now.Before(from.Add(away)):
			return nil, nil
		case at%(2*time.Second) == 0:
			return nil, errors.New("connection refused")
		}
		return &http.Response{
			StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"code":"SERVICE_UNAVAILABLE"}`)),
		}, nil
	}
	w.say("away for an hour, %s after the run begins", at)
	run, err := w.sync(nil)
	w.bridge.away = nil
	if took := time.Since(began); err != nil || w.state != report.Done || took > length+away+30*time.Minute {
		w.t.Fatalf("away at %s: run %s is %s after %s: %v", at, run, w.state, took, err)
	}
	w.notCarried(run, staging.Unproven)
}

// notCarried fails the test for whatever is as of an earlier run though it was
// due, but for some reasons.
func (w *world) notCarried(run staging.RunID, but ...staging.Carried) {
	w.t.Helper()
	for _, c := range staging.Collections {
		snap, err := staging.Load(w.t.Context(), w.store, run, c)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, l := range snap.Complete.Carried {
			if l.Reason != staging.NotDue && !slices.Contains(but, l.Reason) {
				w.t.Errorf("%s of run %s is carried as %s: %s %s", c, run, l.Reason, l.Message, l.Keys)
			}
		}
	}
}
