package fetch

import (
	"context"
	"errors"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// proveUsers looks for what the lists of users do not show: they are no proof
// that who is missing from them is gone. All of it may be repeated after dying
// anywhere; who was found or proven is committed.
func (r *reading) proveUsers(ctx context.Context) error {
	m := r.w.Manifest()
	if m.Collection != staging.Users {
		return nil
	}
	l, err := r.users, error(nil)
	if l == nil {
		l, err = listUsers(ctx, r.o.Store, m)
	}
	if err != nil {
		return err
	}
	planned, err := r.plannedUsers(ctx)
	if err != nil {
		return err
	}
	if err := r.recountUsers(ctx, planned, l); err != nil {
		return err
	}
	unread, err := r.proveGone(ctx, proof{name: usersName, has: l.has, found: l.addReply})
	if err != nil {
		return err
	}
	hidden, err := r.compareTotals(ctx, l)
	if err != nil {
		return err
	}
	for _, u := range unread {
		r.unread.add(u, "")
	}
	m.Short = append(m.Short, slices.Concat(shortPopulations(m, planned, l), hidden)...)
	return nil
}

// compareTotals compares the users of each environment with PingOne's own head
// count, which knows nothing of the worker application's roles: a population
// that it may not see is missing from every list, and from all other counts.
// Whom the head count counts and how soon is not documented, so it is asked for
// two days of which the lesser number counts, transform overlooks a small
// difference, and without an answer this proof is missing, no more.
func (r *reading) compareTotals(ctx context.Context, l *listing) ([]staging.Short, error) {
	var short []staging.Short
	for _, env := range r.w.Manifest().Environments {
		if !r.readWhole(env) {
			continue
		}
		total, err := r.totalUsers(ctx, env)
		if isOutOfTime(ctx, err) {
			return nil, err
		}
		if err != nil {
			r.log.InfoContext(ctx, "PingOne gives no head count to compare the users with", "environment", env, "err", err)
			continue
		}
		m := r.w.Manifest()
		if !slices.Contains(m.HeadCounts, env) {
			m.HeadCounts = append(m.HeadCounts, env)
		}
		if read := l.inEnvironment(env); read < total {
			r.log.WarnContext(ctx, "PingOne's head count has more users than were read", "environment", env, "read", read, "counted", total)
			short = append(short, staging.Short{
				Environment: env, Parent: staging.Parent{Kind: "environment", ID: env}, List: usersName, Expected: total, Read: read,
			})
		}
	}
	return short, nil
}

var errNoTotal = errors.New("there is no number in the reply")

// totalUsers is the head count of yesterday or today.
func (r *reading) totalUsers(ctx context.Context, env pingone.ID) (int, error) {
	today := r.o.now()
	list := pingone.TotalIdentities(env, today.AddDate(0, 0, -1), today)
	page, err := r.o.Client.First(ctx, list)
	if err != nil {
		return 0, err
	}
	var d pingone.Decoder[pingone.DayTotal]
	days, _, err := d.Items(page.Body, list.Key)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, day := range days {
		if n := orUnknown(day.TotalIdentities); n > 0 && (total == 0 || n < total) {
			total = n
		}
	}
	if total == 0 {
		return 0, errNoTotal
	}
	return total, nil
}
