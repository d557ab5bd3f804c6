package lambdafn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// goodKey is where the last good run is kept, beside the runs and longer than
// these.
const goodKey = "state/good.json"

// goodTries bounds how often it is written again after someone else wrote in
// the same moment.
const goodTries = 3

// mostHours is how far the alarm can look back.
const mostHours = 168

type goodRun struct {
	Run staging.RunID `json:"run"`
}

// goodWithin is how old a run may be that counts as good: the time that the
// alarm waits for one.
func goodWithin(getenv func(string) string) time.Duration {
	hours, err := strconv.Atoi(getenv(observe.GoodRunVariable))
	if err != nil {
		hours = mostHours
	}
	return time.Duration(hours) * time.Hour
}

// countGood tells whether a run that ended counts as a good one, and keeps the
// run if it does. Good means that Authomize shows fresh data now: an old run
// that a person replays or approves shows old data, and one that was counted
// already is no news.
func (s *seen) countGood(ctx context.Context, store staging.Store, r *report.Report) bool {
	run := staging.RunID(r.Run)
	age := s.now().Sub(run.Time())
	if r.State != report.Done || age < 0 || age > s.goodWithin {
		return false
	}
	news, err := keepGood(ctx, store, run)
	if err != nil {
		s.log.ErrorContext(ctx, "the last good run could not be kept: SinceGoodRun counts from an earlier one", "err", err)
		return true
	}
	return news
}

// keepGood keeps a run as the last good one, and tells whether it is newer
// than what was kept.
func keepGood(ctx context.Context, store staging.Store, run staging.RunID) (bool, error) {
	data, err := json.Marshal(goodRun{Run: run})
	if err != nil {
		return false, err
	}
	for range goodTries {
		last, version, err := lastGood(ctx, store)
		if err != nil || last >= run {
			return false, err
		}
		cond := staging.IfAbsent
		if version != "" {
			cond = staging.IfVersion(version)
		}
		if _, err = store.Put(ctx, goodKey, data, cond); !errors.Is(err, staging.ErrConflict) {
			return err == nil, err
		}
	}
	return false, fmt.Errorf("write %s: others wrote each of %d times: %w", goodKey, goodTries, staging.ErrConflict)
}

// lastGood returns the last good run, "" if there was none. An object that
// holds anything else counts as none: the next good run replaces it.
func lastGood(ctx context.Context, store staging.Store) (run staging.RunID, version string, err error) {
	object, err := store.Get(ctx, goodKey)
	if errors.Is(err, staging.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	var last goodRun
	if json.Unmarshal(object.Data, &last) == nil {
		run, _ = staging.ParseRun(string(last.Run))
	}
	return run, object.Version, nil
}

// sinceGood writes how long ago the last good run was due. Every invocation
// does, so that the number grows even while no run gets as far as transform.
func (s *seen) sinceGood(ctx context.Context, store staging.Store) {
	if s.metrics == nil || store == nil {
		return
	}
	last, _, err := lastGood(ctx, store)
	if err != nil {
		s.log.WarnContext(ctx, "the metric SinceGoodRun is missing", "err", err)
		return
	}
	if last != "" {
		s.put(observe.NoDimension, "", observe.Values{observe.SinceGoodRun: max(s.now().Sub(last.Time()).Seconds(), 0)})
	}
}
