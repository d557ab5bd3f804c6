package transform

import (
	"context"
	"maps"
	"slices"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/sweep"
)

// readBackKinds are small in any organization, and there is always one of each
// that access hangs on.
var readBackKinds = []authomize.Kind{authomize.Privileges, authomize.Permissions}

const (
	// askTime is for how long Authomize is asked for what was posted: it takes
	// records on and works on them later.
	askTime = time.Hour
	// askPause is waited before it is asked for the second time, and doubled
	// up to mostPause.
	askPause  = 5 * time.Second
	mostPause = 5 * time.Minute
)

// readBack asks Authomize for what was just posted until it shows all of it as
// modified since the cutoff, or the time is up. The pauses go on in the next
// invocation.
func (t *transform) readBack(ctx context.Context) ([]sweep.Shown, error) {
	cutoff := t.cutoff()
	if cutoff.IsZero() {
		return nil, nil // which holds the run by itself
	}
	if t.notes.Pass.AskedSince.IsZero() {
		t.notes.Pass.AskedSince = t.o.Now().UTC()
		if err := t.save(ctx); err != nil {
			return nil, err
		}
	}
	for pause := askPause; ; pause = min(2*pause, mostPause) {
		var all []sweep.Shown
		absent := 0
		for _, kind := range readBackKinds {
			shown, err := t.ask(ctx, kind, cutoff)
			if err != nil {
				return nil, err
			}
			all, absent = append(all, shown), absent+len(shown.Absent)
		}
		left := t.notes.Pass.AskedSince.Add(askTime).Sub(t.o.Now())
		if absent == 0 || left <= 0 {
			return all, nil
		}
		t.o.Log.InfoContext(ctx, "waiting until Authomize shows what was posted", "absent", absent, "since", t.notes.Pass.AskedSince)
		if t.o.OnProgress != nil {
			t.o.OnProgress(Progress{ReadingBack: true})
		}
		if err := sleep(ctx, min(pause, left)); err != nil {
			return nil, err
		}
	}
}

// ask compares what was posted of a kind with what Authomize shows. Where it
// can't be asked, it shows nothing.
func (t *transform) ask(ctx context.Context, kind authomize.Kind, cutoff time.Time) (sweep.Shown, error) {
	posted := map[string]bool{}
	for item, err := range t.x.Stream(ctx, kind, nil) {
		if err != nil {
			return sweep.Shown{}, err
		}
		posted[item.Record.Key()] = true
	}
	for _, q := range t.notes.Pass.Results[kind].Quarantined {
		delete(posted, q.Key)
	}
	s := sweep.Shown{Kind: string(kind), Posted: int64(len(posted))}
	for key, err := range t.o.Client.Refreshed(ctx, kind, cutoff) {
		if err != nil && ctx.Err() != nil {
			return s, context.Cause(ctx)
		}
		if err != nil {
			s.Error = err.Error()
			break
		}
		delete(posted, key)
	}
	s.Absent = slices.Sorted(maps.Keys(posted))
	return s, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// cutoff is the moment to sweep from; the zero time if no receipt gave one.
func (t *transform) cutoff() time.Time {
	var accepted, sent, date time.Time
	for _, r := range t.notes.Pass.Results {
		accepted, sent, date = earlier(accepted, r.FirstAcceptedAt), earlier(sent, r.FirstSentAt), earlier(date, r.FirstDate)
	}
	return authomize.Cutoff(accepted, sent, date)
}

// earlier is the earlier of two times, the other if one is zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// older counts what the app holds from before a moment.
func older(ctx context.Context, client Authomize, before time.Time) ([]report.Gone, error) {
	var all []report.Gone
	for _, kind := range authomize.SweptKinds {
		g := report.Gone{Kind: string(kind)}
		for key, err := range client.Older(ctx, kind, before) {
			if err != nil {
				return nil, err
			}
			g.Add(key)
		}
		if g.Count > 0 {
			all = append(all, g)
		}
	}
	return all, nil
}
