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

// errSaved ends an update that is not needed.
var errSaved = errors.New("nothing to save")

// finishRoles ends a reading of role assignments: it appends what earlier
// runs read of the users that this one did not ask, says how much is known,
// and saves what this run read. It may be repeated after dying anywhere.
func (r *reading) finishRoles(ctx context.Context) error {
	m := r.w.Manifest()
	if m.Collection != staging.RoleAssignments || len(m.Memo) == 0 {
		return nil
	}
	var memo roleMemo
	if err := json.Unmarshal(m.Memo, &memo); err != nil {
		return fmt.Errorf("the memo of the plan can't be read: %w", staging.ErrCorrupt)
	}
	rosters, err := memo.rosters(ctx, r.o.Store)
	if err == nil {
		var g gathered
		if g, err = gather(ctx, r.o.Store, m, rosters); err != nil {
			return err
		}
		if err = r.appendKept(ctx, &memo, g); err == nil {
			r.cover(memo, g)
			if err := r.save(ctx); err != nil {
				return err
			}
			return r.saveRoles(ctx, memo, g)
		}
	}
	if !errors.Is(err, staging.ErrCorrupt) {
		return err
	}
	r.log.WarnContext(ctx, "what is kept of role assignments was replaced or damaged while this run relied on it", "err", err)
	r.noteLost(memo)
	if err := r.save(ctx); err != nil {
		return err
	}
	return r.forgetRoles(ctx, memo)
}

func (memo *roleMemo) rosters(ctx context.Context, store staging.Store) (map[pingone.ID]*roster, error) {
	all := map[pingone.ID]*roster{}
	for _, e := range memo.Environments {
		users, err := loadRoster(ctx, store, e.Users)
		if err != nil {
			return nil, err
		}
		all[e.ID] = users
	}
	return all, nil
}

// appendKept adds the kept replies of users that were not asked and are still
// there. How far it came is committed with them.
func (r *reading) appendKept(ctx context.Context, memo *roleMemo, g gathered) error {
	m, n := r.w.Manifest(), 0
	commit := func() (err error) {
		memo.Appended = n
		if m.Memo, err = json.Marshal(memo); err != nil {
			return err
		}
		return r.save(ctx)
	}
	for reply, err := range staging.ReadKept(ctx, r.o.Store, memo.Replies) {
		if err != nil {
			return err
		}
		if n++; n <= memo.Appended {
			continue
		}
		users, i := userOf(g.all, reply.Environment, reply.Parent)
		if users == nil || users.is(i, wasAsked) {
			continue
		}
		if err := r.w.Append(reply, g.reader.read(reply.Body).items); err != nil {
			return err
		}
		if r.w.Full() {
			if err := commit(); err != nil {
				return err
			}
		}
	}
	if n == memo.Appended {
		return nil
	}
	return commit()
}

// cover says of how many users the roles are known.
func (r *reading) cover(memo roleMemo, g gathered) {
	m := r.w.Manifest()
	m.Coverage = nil
	at, _ := r.o.Client.Now()
	since := seconds(at.Add(-r.o.Roles.maxAge()))
	for _, e := range memo.Environments {
		users, counts := g.all[e.ID], r.userSlice(e.ID)
		c := staging.Coverage{Environment: e.ID, Users: len(users.ids) - counts.Gone}
		// What was read before says nothing where everything is refused now.
		if !isHopeless(counts) && !isSuspect(counts) {
			c.Known, c.Oldest = users.known(since)
		}
		m.Coverage = append(m.Coverage, c)
	}
}

func (r *reading) userSlice(env pingone.ID) *staging.Slice {
	k := sliceKey{env, parentKinds[pingone.UserPrincipal], roleAssignmentsKey}
	if s := r.slices[k]; s != nil {
		return s
	}
	return &staging.Slice{}
}

// known counts the users whose reading is not older than since, and finds the
// oldest reading of any that is relied on.
func (r *readings) known(since uint32) (n int, oldest time.Time) {
	first := uint32(0)
	for i, at := range r.read {
		switch {
		case r.is(i, wasRead):
			at = r.at[i]
		case r.is(i, wasAsked):
			continue // refused or gone
		}
		if at == 0 {
			continue
		}
		if at >= since {
			n++
		}
		if first == 0 || at < first {
			first = at
		}
	}
	if first > 0 {
		oldest = time.Unix(int64(first), 0).UTC()
	}
	return n, oldest
}

// saveRoles makes what this run read the state, unless it has been done or
// another run has taken over.
func (r *reading) saveRoles(ctx context.Context, memo roleMemo, g gathered) error {
	state := roleStore{r.o.Store, r.o.now}
	run := r.w.Manifest().Run
	kept, _, err := state.load(ctx)
	if err != nil || !kept.isOf(run, memo) {
		return err
	}
	kept, claim, err := state.claim(ctx)
	if err != nil || !kept.isOf(run, memo) {
		return err
	}
	w := &rewrite{store: r.o.Store, old: kept.Replies, run: r.w.Manifest(), gathered: g, final: true}
	replies, err := staging.WriteKept(ctx, r.o.Store, repliesKey(claim, kept.Replies), w.replies(ctx))
	if err != nil {
		return err
	}
	next := map[pingone.ID]keptEnvironment{}
	for env, users := range g.all {
		e := *kept.environment(env)
		objects, err := users.times(true).save(ctx, r.o.Store, usersKey(env, claim, e.Users))
		if err != nil {
			return err
		}
		e.Users, e.Suspects, e.feedMark = objects, w.suspects(env), kept.Pending.Marks[env]
		e.ReadAll, e.Reason = time.Time{}, ""
		next[env] = e
		if n := len(e.Suspects); n > 0 {
			r.log.WarnContext(ctx, "users hold other roles than were kept, and no event named them so far", "environment", env, "users", n)
		}
	}
	_, err = state.update(ctx, func(k *keptRoles) error {
		if !k.isOf(run, memo) {
			return errSaved
		}
		k.Revision++
		k.Replies, k.Pending, k.Last = replies, nil, run
		for env, e := range next {
			*k.environment(env) = e
		}
		return nil
	})
	if errors.Is(err, errSaved) {
		return nil
	}
	return err
}

// isOf tells whether the state waits for this reading's end.
func (k *keptRoles) isOf(run staging.RunID, memo roleMemo) bool {
	return memo.Reading == "" && k.Pending != nil && k.Pending.Run == run && k.Pending.Claim == memo.Claim
}

// noteLost notes, once, that the users that were not asked are unread.
func (r *reading) noteLost(memo roleMemo) {
	if slices.ContainsFunc(r.unread.entries, func(u staging.Unread) bool { return u.Code == staging.KeptLost }) {
		return
	}
	for _, e := range memo.Environments {
		r.unread.add(staging.Unread{
			Environment: e.ID, Path: pingone.EnvironmentPath(e.ID) + "/users/{user}/roleAssignments", Code: staging.KeptLost,
			Message: "what earlier runs read was replaced or damaged while this run relied on it; the next run reads it again",
		}, "")
	}
}

// forgetRoles empties the state, if it still waits for this run.
func (r *reading) forgetRoles(ctx context.Context, memo roleMemo) error {
	run := r.w.Manifest().Run
	_, err := roleStore{r.o.Store, r.o.now}.update(ctx, func(k *keptRoles) error {
		if !k.isOf(run, memo) {
			return errSaved
		}
		k.Revision++
		k.Environments, k.Replies, k.Pending = nil, nil, nil
		return nil
	})
	if errors.Is(err, errSaved) {
		return nil
	}
	return err
}
