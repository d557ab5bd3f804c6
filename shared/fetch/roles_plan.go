package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

const (
	// DefaultRoleMaxAge is how old a user's last reading may be.
	DefaultRoleMaxAge = 7 * 24 * time.Hour
	// deadAfter is when a run that commits nothing any more counts as dead;
	// a living one commits every half minute.
	deadAfter = 20 * time.Minute
	// patience is how long a full reading that the feed's refusal called for
	// may take over several runs, before it begins anew.
	patience = 24 * time.Hour
)

// RoleOptions say how the role assignments of users are read.
type RoleOptions struct {
	// MaxAge is how old a user's last reading may be; 0 is DefaultRoleMaxAge.
	MaxAge time.Duration
	// Refresh is how many users at least are read again in a run although
	// nothing calls for it: those read longest ago. It grows with their
	// number and the time between runs, so that not all come to MaxAge at
	// once; 0 refreshes none.
	Refresh int
}

func (o RoleOptions) maxAge() time.Duration {
	if o.MaxAge <= 0 {
		return DefaultRoleMaxAge
	}
	return o.MaxAge
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// planRoleAssignments asks every principal that can hold roles: there is no
// list of those that do. The few come first, the users last.
func planRoleAssignments(ctx context.Context, p *planner) error {
	envs, err := p.environments(ctx)
	if err != nil {
		return err
	}
	for _, env := range envs {
		if err := planOtherRoles(ctx, p, env); err != nil {
			return err
		}
	}
	for _, env := range envs {
		if err := p.listUsers(ctx, env); err != nil {
			return err
		}
	}
	if err := p.allInOne(ctx); err != nil {
		return err
	}
	return planUserRoles(ctx, p, envs)
}

// planOtherRoles asks the principals of an environment that are no users.
func planOtherRoles(ctx context.Context, p *planner, env pingone.ID) error {
	err := listParents(ctx, p, env, pingone.GroupsOf(env), func(g *pingone.Group) error {
		return p.askRoles(env, pingone.GroupPrincipal, g.ID, false)
	})
	if err != nil {
		return err
	}
	err = listParents(ctx, p, env, pingone.ApplicationsOf(env), func(a *pingone.Application) error {
		if !mayHoldRoles(a) {
			return nil
		}
		return p.askRoles(env, pingone.ApplicationPrincipal, a.ID, false)
	})
	if err != nil {
		return err
	}
	err = listParents(ctx, p, env, pingone.GatewaysOf(env), func(g *pingone.Gateway) error {
		return p.askRoles(env, pingone.GatewayPrincipal, g.ID, false)
	})
	if err != nil {
		return err
	}
	for _, kind := range []pingone.Principal{pingone.GroupPrincipal, pingone.ApplicationPrincipal, pingone.GatewayPrincipal} {
		if err := p.askMissedRoles(ctx, env, kind); err != nil {
			return err
		}
	}
	return nil
}

func mayHoldRoles(a *pingone.Application) bool {
	return a.Type == "WORKER" || a.Links.RoleAssignments.Href != ""
}

// askRoles adds a task; check says that the answer should be what is kept.
func (p *planner) askRoles(env pingone.ID, kind pingone.Principal, id pingone.ID, check bool) error {
	l := pingone.RoleAssignmentsOf(env, kind, id)
	return p.addTask(task{Environment: env, Path: l.Path, Key: l.Key, Parent: &staging.Parent{Kind: parentKinds[kind], ID: id}, Expect: unknown, Check: check})
}

// A roleMemo is what the end of a run must find again of its plan.
type roleMemo struct {
	Claim int `json:"claim"`
	// Reading is the other run that reads the users, if there is one.
	Reading      staging.RunID     `json:"reading,omitzero"`
	Replies      []staging.Kept    `json:"replies,omitempty"`
	Environments []memoEnvironment `json:"environments,omitempty"`
	// Appended counts the replies that were looked at and, as far as they
	// still hold, appended to the run's own.
	Appended int `json:"appended"`
}

type memoEnvironment struct {
	ID    pingone.ID     `json:"id"`
	Users []rosterObject `json:"users,omitempty"`
}

// A rolePlan decides which users to ask.
type rolePlan struct {
	*planner
	state   roleStore
	kept    *keptRoles
	memo    roleMemo
	marks   map[pingone.ID]feedMark
	rosters map[pingone.ID]*roster
	began   time.Time // by our clock, as all that tells of other runs
	// at is the time of the reading by our clock or PingOne's, whichever is
	// earlier: what is read counts from then on. until is by the later one.
	at, until time.Time
}

// planUserRoles asks the users that the audit feed names, those that are new
// or were read too long ago, and some more; for the others it relies on what
// earlier runs read.
func planUserRoles(ctx context.Context, p *planner, envs []pingone.ID) error {
	q := &rolePlan{
		planner: p, state: roleStore{p.o.Store, p.o.now},
		marks: map[pingone.ID]feedMark{}, rosters: map[pingone.ID]*roster{}, began: p.o.now(),
	}
	var err error
	if err := q.listen(ctx, envs); err != nil {
		return err
	}
	if q.kept, q.memo.Claim, err = q.state.claim(ctx); err != nil {
		return err
	}
	if err := q.load(ctx, envs); err != nil {
		return err
	}
	if err := q.settlePending(ctx); err != nil {
		return err
	}
	for _, env := range envs {
		if err := q.environment(ctx, env); err != nil {
			return fmt.Errorf("role assignments of users of environment %s: %w", env, err)
		}
	}
	if q.memo.Reading == "" {
		if err := q.publish(ctx); err != nil {
			return err
		}
	}
	q.memo.Replies = q.kept.Replies
	p.memo, err = json.Marshal(q.memo)
	return err
}

// listen makes sure that PingOne has told its time: an earlier invocation may
// have done all of the listing.
func (q *rolePlan) listen(ctx context.Context, envs []pingone.ID) error {
	if q.client.HasTime() || len(envs) == 0 {
		return nil
	}
	_, err := q.client.Get(ctx, pingone.EnvironmentPath(envs[0]))
	if refusal(err) != nil {
		return nil //nolint:nilerr // a refusal tells it as well
	}
	return err
}

// load reads what is kept of the environments. What is damaged is forgotten.
func (q *rolePlan) load(ctx context.Context, envs []pingone.ID) error {
	var damage error
	for _, err := range staging.ReadKept(ctx, q.state.store, q.kept.Replies) {
		damage = err
	}
	if damage != nil && !errors.Is(damage, staging.ErrCorrupt) {
		return damage
	}
	if damage != nil {
		q.log.WarnContext(ctx, "what is kept of role assignments is damaged: all users are read again", "err", damage)
		q.kept.Replies, q.kept.Environments, q.kept.Pending = nil, nil, nil
	}
	for _, env := range envs {
		e := q.kept.environment(env)
		r, err := loadRoster(ctx, q.state.store, e.Users)
		switch {
		case errors.Is(err, staging.ErrCorrupt):
			q.log.WarnContext(ctx, "what is kept of role assignments is damaged: all users are read again", "environment", env, "err", err)
			*e, r = keptEnvironment{ID: env}, &roster{}
		case err != nil:
			return err
		}
		q.rosters[env] = r
	}
	return nil
}

// settlePending finds out whether another run reads the users just now. What
// a dead one has read is taken over.
func (q *rolePlan) settlePending(ctx context.Context) error {
	pending := q.kept.Pending
	if pending == nil {
		return nil
	}
	m, err := staging.LoadManifest(ctx, q.state.store, pending.Run, staging.RoleAssignments)
	switch {
	case errors.Is(err, staging.ErrCorrupt):
		return nil
	case errors.Is(err, staging.ErrNotFound) || err == nil && len(m.Plan) == 0:
		if pending.Run != q.run && q.began.Sub(pending.At) < deadAfter {
			q.memo.Reading = pending.Run
		}
		return nil
	case err != nil:
		return err
	case pending.Run != q.run && !pending.Stopped && !m.Complete && q.began.Sub(m.UpdatedAt) < deadAfter:
		q.memo.Reading = pending.Run
		return nil
	}
	if err := q.harvest(ctx, m); !errors.Is(err, staging.ErrCorrupt) {
		return err
	}
	q.log.WarnContext(ctx, "the readings of an unfinished run are lost", "of_run", pending.Run, "err", err)
	return nil
}

// harvest takes over what an abandoned run read.
func (q *rolePlan) harvest(ctx context.Context, m *staging.Manifest) error {
	g, err := gather(ctx, q.state.store, m, q.rosters)
	if err != nil {
		return err
	}
	w := &rewrite{store: q.state.store, old: q.kept.Replies, run: m, gathered: g}
	replies, err := staging.WriteKept(ctx, q.state.store, repliesKey(q.memo.Claim, q.kept.Replies), w.replies(ctx))
	if err != nil {
		return err
	}
	q.kept.Replies = replies
	for env, r := range g.all {
		before := len(q.rosters[env].ids)
		q.rosters[env] = r.times(false)
		e := q.kept.environment(env)
		e.Suspects = append(e.Suspects, w.suspects(env)...)
		q.log.InfoContext(ctx, "readings of an unfinished run are taken over", "of_run", m.Run, "environment", env, "known", len(q.rosters[env].ids), "users", before)
	}
	return nil
}

// environment plans one environment.
func (q *rolePlan) environment(ctx context.Context, env pingone.ID) error {
	ids, whole, err := q.listed(ctx, env, usersName)
	if err != nil || !whole {
		return err // who isn't listed may still be there: nothing is concluded
	}
	users := newRoster(ids, q.rosters[env])
	delete(q.rosters, env)
	e := q.kept.environment(env)
	if q.memo.Reading != "" {
		q.unread.add(staging.Unread{
			Environment: env, Path: pingone.EnvironmentPath(env) + "/users/{user}/roleAssignments", Code: staging.StillReading,
			Message: fmt.Sprintf("run %s is still reading the role assignments of users; this run relies on what was read before", q.memo.Reading),
		}, "")
	} else if err := q.ask(ctx, e, users); err != nil {
		return err
	} else if err := q.askMissedUsers(ctx, env, users); err != nil {
		return err
	}
	objects, err := users.save(ctx, q.state.store, usersKey(env, q.memo.Claim, e.Users))
	if err != nil {
		return err
	}
	e.Users = objects
	q.memo.Environments = append(q.memo.Environments, memoEnvironment{ID: env, Users: objects})
	return nil
}

// askMissedUsers asks for the roles of users whom earlier runs posted and the
// list of users lacks.
func (q *rolePlan) askMissedUsers(ctx context.Context, env pingone.ID, users *roster) error {
	g, err := q.gapBeside(ctx, env, usersName, func(id pingone.ID) bool { _, ok := users.find(id); return ok })
	if err != nil {
		return err
	}
	return q.addMissed(g, pingone.UserPrincipal)
}

// publish makes the plan the state's. A rival that changed it since this plan
// looked wins.
func (q *rolePlan) publish(ctx context.Context) error {
	_, err := q.state.update(ctx, func(k *keptRoles) error {
		if k.Revision != q.kept.Revision {
			return fmt.Errorf("%s: another invocation planned meanwhile and this one stops: %w", roleIndex, staging.ErrConflict)
		}
		k.Revision++
		k.Environments, k.Replies = q.kept.Environments, q.kept.Replies
		k.Pending = &pendingRoles{Run: q.run, Claim: q.memo.Claim, At: q.began.UTC().Truncate(time.Millisecond), Marks: q.marks}
		return nil
	})
	return err
}

// ask adds the tasks of an environment.
func (q *rolePlan) ask(ctx context.Context, e *keptEnvironment, users *roster) error {
	c, reason, err := q.changes(ctx, e, users)
	if err != nil {
		return err
	}
	if reason != "" {
		e.Reason = reason
	}
	q.marks[e.ID] = feedMark{FeedUntil: e.FeedUntil, Seen: e.Seen}
	if reason == "" {
		q.marks[e.ID] = feedMark{FeedUntil: q.at.Truncate(time.Second), Seen: c.seen}
	}
	urgent, others := q.choose(e, users, c)
	for _, i := range urgent {
		if err := q.askRoles(e.ID, pingone.UserPrincipal, users.ids[i], false); err != nil {
			return err
		}
	}
	for _, i := range others {
		if err := q.askRoles(e.ID, pingone.UserPrincipal, users.ids[i], reason == ""); err != nil {
			return err
		}
	}
	q.log.InfoContext(ctx, "role assignments of users", "environment", e.ID, "users", len(users.ids), "called_for", len(urgent), "refreshed", len(others), "all_because", reason)
	return nil
}

// changes reads the feed. If it can't vouch for what is kept, all users are to
// be read, and reason says why.
func (q *rolePlan) changes(ctx context.Context, e *keptEnvironment, users *roster) (c changes, reason string, err error) {
	q.at, q.until = q.client.Now()
	since := q.until.Sub(e.FeedUntil)
	switch {
	case e.FeedUntil.IsZero():
		reason = "first reading"
	case since > feedRetention:
		reason = "the audit feed does not reach back to the last reading"
	case since < -feedOverlap:
		reason = "the last reading is dated in the future"
	default:
		if c, err = readFeed(ctx, q.client, e.ID, e.feedMark, q.at, q.until); err != nil {
			return changes{}, "", err
		}
		if c.named == nil && !e.ReadAll.IsZero() && q.until.Sub(e.ReadAll) < patience {
			return c, c.distrust, nil // the full reading that was begun goes on
		}
		reason = c.distrust
	}
	if reason == "" && disagrees(e.Suspects, users, c.named) {
		reason = "the audit feed left out a change"
	}
	e.Suspects = nil
	if reason != "" {
		e.feedMark, e.ReadAll = feedMark{FeedUntil: q.at.Truncate(time.Second), Seen: c.seen}, q.until.Truncate(time.Second)
	}
	return c, reason, nil
}

// disagrees tells whether the feed names one of the suspects not even later.
func disagrees(suspects []pingone.ID, users *roster, named map[pingone.ID]time.Time) bool {
	return slices.ContainsFunc(suspects, func(id pingone.ID) bool {
		_, isNamed := named[id]
		_, exists := users.find(id)
		return exists && !isNamed
	})
}
