package transform_test

import (
	"testing"
	"time"

	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/report"
)

// A receipt's time decides what the sweep deletes. Where Authomize dates
// receipts ahead of its own clock, the records that were just posted are older
// than that, and stay all the same; what is gone goes.
func TestReceiptsDatedAhead(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Minute, 2 * time.Minute, 2 * time.Hour, 365 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			r.app.AddFaults(authomizetest.Fault{Method: "POST", Do: authomizetest.SetField("acceptedTimestamp", day2.Add(ahead).UTC().Format(time.RFC3339))})
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			r.wantState(r.mustTransform(run2), report.Done, true)
			r.wantHeld(tinyHoldings().without("user:eve"))
			r.wantGone(run2, "user:eve")
			at := r.report(run2).Sweep.ModifiedBefore
			if at == nil || at.After(day2.Add(-time.Minute)) || at.Before(day2.Add(-2*time.Minute)) {
				t.Errorf("swept before %v, want about a minute before the records were sent at %v", at, day2)
			}
		})
	}
}
