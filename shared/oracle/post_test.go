package oracle

import (
	"fmt"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transform"
	"pingone-authomize/shared/transport"
)

// options are those of one invocation of transform.
func (w *world) options(store staging.Store, holder string) transform.Options {
	client, err := authomize.New(authomize.Options{
		BaseURL: w.authomize.URL, AppID: w.app,
		HTTP: authomize.NewHTTP(w.credentials(), transport.Options{Base: w.authomize.Base()}),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return transform.Options{Store: store, Client: client, Settings: w.settings(), Holder: holder}
}

// postAll invokes transform until the run has ended, and judges what it deleted.
func (w *world) postAll(run staging.RunID, calls *int) error {
	last := errGivenUp
	for range w.tries() {
		result, err := transform.Run(w.t.Context(), run, w.options(w.storeOf(calls), w.holder()))
		w.lost()
		switch {
		case err != nil:
			w.say("    transform: %v", err)
			last = err
		case result.State != report.Waiting:
			w.say("  %s swept=%t held=%v %s", result.State, result.Swept, codesOf(result.Held), result.Error)
			w.note(result.State)
			return nil
		}
		time.Sleep(retryPause)
	}
	return fmt.Errorf("transform %s: %w", run, last)
}

func codesOf(held []transform.Held) (codes []string) {
	for _, h := range held {
		codes = append(codes, string(h.Code))
	}
	return codes
}

// replay transforms a run once more, as a person would.
func (w *world) replay(run staging.RunID) {
	o := w.options(w.store, w.holder())
	o.ByPerson = true
	result, err := transform.Run(w.t.Context(), run, o)
	w.lost()
	w.say("  replay of %s: %s %v", run, result.State, err)
}

// approve lets go what a person picks. A careful one looks first whether all that
// would go is gone.
func (w *world) approve(run staging.RunID, pick func([]string) []string, careful bool) {
	rep, err := report.Load(w.t.Context(), w.store, run)
	if err != nil {
		return
	}
	codes := pick(rep.Approvable())
	if len(codes) == 0 {
		return
	}
	a := sweep.Approval{Codes: codes, Reason: "a test", By: "oracle"}
	going, err := transform.Preview(w.t.Context(), run, a, w.options(w.store, w.holder()))
	if err != nil {
		w.say("  preview of %v: %v", codes, err)
		return
	}
	var goes []record
	if careful {
		_, goes = w.judge.differs(w.held())
	} else {
		for _, kind := range going.Kinds {
			for _, key := range kind.IDs {
				goes = append(goes, record{authomize.Kind(kind.Kind), key})
			}
		}
	}
	if int(going.Count()) > len(goes) {
		w.say("  not approved: %v: %d records would go, and of %d it is known that they may", codes, going.Count(), len(goes))
		return
	}
	for _, r := range goes {
		w.judge.released[r] = true
	}
	result, err := transform.Approve(w.t.Context(), run, a, w.options(w.store, w.holder()))
	w.lost()
	w.say("  approved %v of %s, %d records: %s swept=%t %v", codes, run, going.Count(), result.State, result.Swept, err)
}

// note remembers how a run ended.
func (w *world) note(state report.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = state
	w.judge.runs++
	if state == report.Held {
		w.judge.heldRuns++
	}
}
