package fetch

import (
	"context"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// sealCounts counts the items of each environment, beside PingOne's own count.
func (r *reading) sealCounts(ctx context.Context) error {
	if r.of.Head == nil {
		return nil
	}
	all, err := r.in.Environments(ctx)
	if err != nil {
		return err
	}
	r.index = nil // all that is staged by now
	if err := r.indexed(ctx); err != nil {
		return err
	}
	r.m.Counts = nil
	for i := range all {
		if all[i].Carry != "" {
			r.keepCount(all[i].ID)
			continue
		}
		counted, ok, err := r.countOf(ctx, all[i].ID)
		if err != nil {
			return err
		}
		if ok {
			r.m.Counts = append(r.m.Counts, staging.UserCount{Environment: all[i].ID, Counted: counted, Shown: r.index.count(all[i].ID)})
		}
	}
	return nil
}

// keepCount: of an environment that was not read, the count before is as good.
func (r *reading) keepCount(env pingone.ID) {
	if c, ok := r.countBefore(env); ok {
		r.m.Counts = append(r.m.Counts, c)
	}
}

func (r *reading) countBefore(env pingone.ID) (staging.UserCount, bool) {
	if r.previous == nil {
		return staging.UserCount{}, false
	}
	for _, c := range r.previous.Complete.Counts {
		if c.Environment == env {
			return c, true
		}
	}
	return staging.UserCount{}, false
}

// isCounted tells whether PingOne counts no more items in an environment than
// are shown, by more than it did in the previous snapshot. Where nothing counts
// a collection there is nothing to compare; where its count can't be had, that
// is no witness.
func (r *reading) isCounted(ctx context.Context, env pingone.ID) (bool, error) {
	if r.of.Head == nil {
		return true, nil
	}
	before, ok := r.countBefore(env)
	if !ok {
		return false, nil
	}
	counted, ok, err := r.countOf(ctx, env)
	if err != nil || !ok {
		return false, err
	}
	return counted-r.index.count(env) <= before.Counted-before.Shown, nil
}

// countOf is how many items PingOne counts in an environment: by what holds
// them, else by its head count.
func (r *reading) countOf(ctx context.Context, env pingone.ID) (n int, ok bool, err error) {
	sum, ok := 0, true
	for page, err := range r.o.Client.Pages(ctx, r.of.Head(env), "") {
		if err != nil {
			ok = false
			if err := transientAsNo(ctx, err); err != nil && ctx.Err() != nil {
				return 0, false, err
			}
			break
		}
		n, err := collection.Counts(page.Body)
		if err != nil || page.Announced > page.Records {
			ok = false
			break
		}
		sum += n
	}
	if ok {
		return sum, true, nil
	}
	return r.headCount(ctx, env)
}

// headCount is the newest number of users that PingOne reports by the day.
func (r *reading) headCount(ctx context.Context, env pingone.ID) (n int, ok bool, err error) {
	_, now := r.o.Client.Now()
	page, err := r.o.Client.First(ctx, pingone.TotalIdentities(env, now.Add(-2*day), now))
	if err != nil {
		if ctx.Err() != nil {
			return 0, false, context.Cause(ctx)
		}
		return 0, false, nil // nothing counts them
	}
	var d pingone.Decoder[pingone.DayTotal]
	days, _, err := d.Items(page.Body, pingone.TotalIdentitiesKey)
	for _, total := range days {
		if total.TotalIdentities != nil {
			n, ok = *total.TotalIdentities, true
		}
	}
	return n, ok && err == nil, nil // what can't be read counts nothing
}
