package fetch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// maxAsked is after how many missing users nobody is asked for: that many are
// a reading that went wrong, or a day on which a person should look.
const maxAsked = 5000

// proveUsers looks for what the lists of users do not show: they are no proof
// that who is missing from them is gone. All of it may be repeated after dying
// anywhere; who was found or proven is committed.
func (r *reading) proveUsers(ctx context.Context) error {
	m := r.w.Manifest()
	if m.Collection != staging.Users {
		return nil
	}
	l, err := listUsers(ctx, r.o.Store, m)
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
	unread, err := r.proveGone(ctx, l)
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

// A missing user is one whom an earlier run posted and this one has not read.
type missing struct{ environment, user pingone.ID }

// proveGone asks for each missing user by its id: a cursor that lost its place,
// a user who moved, a role that shows a part only, they all look like users
// who were deleted. It returns what could not be proven.
func (r *reading) proveGone(ctx context.Context, l *listing) ([]staging.Unread, error) {
	m := r.w.Manifest()
	proven := map[pingone.ID]bool{}
	for _, id := range m.Proven {
		proven[id] = true
	}
	counts := map[pingone.ID]int{}
	total := 0
	var ask []missing
	for k, err := range staging.KnownUsers(ctx, r.o.Store) {
		if err != nil {
			return nil, err
		}
		_, text, _ := strings.Cut(k.ID, ":")
		id, ok := pingone.ParseID(text)
		if !ok || l.has(id) || !r.readWhole(k.Environment) {
			continue
		}
		total++
		counts[k.Environment]++
		if total <= maxAsked && !proven[id] {
			ask = append(ask, missing{k.Environment, id})
		}
	}
	if total <= maxAsked {
		return r.askFor(ctx, l, ask)
	}
	var unread []staging.Unread
	for _, env := range slices.SortedFunc(maps.Keys(counts), pingone.ID.Compare) {
		unread = append(unread, staging.Unread{
			Environment: env, Path: onePath(env, "{user}"), Code: staging.ManyMissing, Skipped: counts[env] - 1,
			Message: fmt.Sprintf("%d users that earlier runs were told of are missing: with those of other environments more than the %d that are asked for one by one", counts[env], maxAsked),
		})
	}
	return unread, nil
}

// readWhole tells whether the run read the lists of an environment. Where it
// did not, or was refused, the sweep is held for that, and nobody is asked for.
// An environment that is not known is in no run.
func (r *reading) readWhole(env pingone.ID) bool {
	return slices.Contains(r.w.Manifest().Environments, env) &&
		!slices.ContainsFunc(r.unread.entries, func(u staging.Unread) bool { return u.Environment == env })
}

func onePath(env pingone.ID, user string) string {
	return pingone.EnvironmentPath(env) + "/users/" + user
}

// asking is the work of many on one list of missing users.
type asking struct {
	r       *reading
	l       *listing
	mu      sync.Mutex
	slices  sliceCounts
	refused map[pingone.ID]*staging.Unread // by environment
}

func (r *reading) askFor(ctx context.Context, l *listing, users []missing) ([]staging.Unread, error) {
	if len(users) == 0 {
		return nil, nil
	}
	r.log.InfoContext(ctx, "users are missing and asked for one by one", "users", len(users))
	a := &asking{r: r, l: l, slices: sliceCounts{}, refused: map[pingone.ID]*staging.Unread{}}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.workers(len(users)))
	for _, u := range users {
		g.Go(func() error { return a.ask(gctx, u) })
	}
	err := g.Wait()
	if r.lost {
		return nil, err
	}
	// What was answered is kept, whatever the error.
	if serr := r.save(ctx); serr != nil {
		return nil, serr
	}
	var unread []staging.Unread
	for _, env := range slices.SortedFunc(maps.Keys(a.refused), pingone.ID.Compare) {
		unread = append(unread, *a.refused[env])
	}
	return unread, err
}

func (a *asking) ask(ctx context.Context, u missing) error {
	if a.isHopeless(u.environment) {
		return a.refuse(u, nil)
	}
	page, err := a.r.o.Client.Get(ctx, onePath(u.environment, u.user.String()))
	if r := refusal(err); r != nil && r.Status != http.StatusNotFound {
		return a.refuse(u, r)
	} else if r == nil && err != nil {
		return err
	}
	return a.keep(ctx, u, page, err == nil)
}

func (a *asking) slice(env pingone.ID) *staging.Slice {
	return a.slices.of(sliceKey{env, parentKinds[pingone.UserPrincipal], usersName})
}

func (a *asking) isHopeless(env pingone.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return isHopeless(a.slice(env))
}

// refuse notes a user who can't be asked for: the first of an environment with
// PingOne's words, the others as a number.
func (a *asking) refuse(u missing, why *pingone.Error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.slice(u.environment)
	s.Asked++
	s.Refused++
	if first := a.refused[u.environment]; first != nil {
		first.Skipped++
		return nil
	}
	first := unreadOf(u.environment, onePath(u.environment, u.user.String()), nil, why)
	a.refused[u.environment] = &first
	return nil
}

// keep stages a user that was missed, or notes that it is gone.
func (a *asking) keep(ctx context.Context, u missing, page pingone.Page, found bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slice(u.environment).Asked++
	if !found {
		m := a.r.w.Manifest()
		m.Proven = append(m.Proven, u.user)
		return a.r.saveInTime(ctx)
	}
	user, err := pingone.One[located](page.Body)
	if err == nil && user.ID != u.user {
		err = fmt.Errorf("%w: it is of another user than was asked for", pingone.ErrBadPage)
	}
	if err != nil {
		return fmt.Errorf("user %s: %w", u.user, err)
	}
	reply := staging.Reply{Environment: u.environment, Path: page.Path, FetchedAt: page.FetchedAt, Body: page.Body}
	if err := a.r.w.Append(reply, page.Records); err != nil {
		return err
	}
	a.l.add(user, u.environment)
	a.r.log.WarnContext(ctx, "a user was in no list and is there all the same", "environment", u.environment, "user", u.user)
	return a.r.saveInTime(ctx)
}

const (
	// A reading that shows fewer users than PingOne counts holds the sweep if
	// as many as both of these are missing.
	hiddenPercent = 1
	hiddenUsers   = 10
)

// compareTotals compares the users of each environment with PingOne's own head
// count, which knows nothing of the worker application's roles: a population
// that it may not see is missing from every list, and from all other counts.
// Whom the head count counts and how soon is not documented, so it is asked for
// two days of which the lesser number counts, a small difference is only
// logged, and without an answer this proof is missing, no more.
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
		read := l.inEnvironment(env)
		missing := total - read
		switch {
		case missing <= 0:
		case missing > hiddenUsers && missing*100 > hiddenPercent*total:
			short = append(short, staging.Short{
				Environment: env, Parent: staging.Parent{Kind: "environment", ID: env}, List: usersName, Expected: total, Read: read,
			})
		default:
			r.log.WarnContext(ctx, "PingOne's head count has a few more users than were read", "environment", env, "read", read, "counted", total)
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
