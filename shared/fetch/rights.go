package fetch

import (
	"context"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// readRights reads the role assignments of our own worker application. They are
// not known where its environment is not, or it may not read them.
func (r *reading) readRights(ctx context.Context) (staging.Rights, error) {
	none := staging.Rights{At: r.rightsTime()}
	app, ok := pingone.ParseID(r.o.ClientID)
	if !ok || r.o.Home.IsZero() {
		return none, nil
	}
	rights := staging.Rights{Read: true}
	var d pingone.Decoder[pingone.RoleAssignment]
	l := pingone.RoleAssignmentsOf(r.o.Home, pingone.ApplicationPrincipal, app)
	for page, err := range r.o.Client.Pages(ctx, l, "") {
		none.At = r.rightsTime()
		if err != nil {
			_, err := answerOf(err)
			return none, err
		}
		all, broken, err := d.Items(page.Body, l.Key)
		if err != nil || broken > 0 || page.Announced > page.Records {
			return none, nil // half of them are not known
		}
		for i := range all {
			rights.Held = append(rights.Held, staging.Right{Role: all[i].Role.ID, ScopeType: upper(all[i].Scope.Type), Scope: all[i].Scope.ID})
		}
	}
	rights.At = none.At
	return rights, nil
}

// rightsTime dates rights that were just read: by the clock that later readings
// are dated by, once a reply has shown it, and never behind one of these, which
// are dated to the millisecond by a header of whole seconds.
func (r *reading) rightsTime() time.Time {
	at, _ := r.o.Client.Now()
	return at.Add(-time.Second).Truncate(time.Millisecond)
}

// surelyRead reads our rights, and waits while PingOne answers nothing: readings
// of which it is not known what they were made with prove little later on.
func (r *reading) surelyRead(ctx context.Context) (staging.Rights, error) {
	rights, err := r.readRights(ctx)
	if err == nil || !pingone.IsTransient(err) {
		return rights, err
	}
	o := r.newOutage(later(r.m.StartedAt, r.m.AnsweredAt))
	o.suspect()
	if err := o.wait(ctx); err != nil {
		return rights, err
	}
	rights, err = r.readRights(ctx)
	return rights, transientAsNo(ctx, err)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// beginRights takes up the history of our rights, and those of before the first
// call.
func (r *reading) beginRights(ctx context.Context) error {
	if r.of.Lenient || r.of.ByFeedOnly || r.isOff() {
		return nil
	}
	now, err := r.surelyRead(ctx)
	if err != nil {
		return err
	}
	r.m.Rights = nil
	if r.previous != nil {
		r.m.Rights = slices.Clone(r.previous.Complete.Rights)
	}
	r.m.Rights = append(r.m.Rights, now)
	return nil
}

// endRights joins those of after the last call: readings count as made with the
// wider of the two. What is older than the oldest reading is forgotten.
func (r *reading) endRights(ctx context.Context, oldest time.Time) error {
	if len(r.m.Rights) == 0 {
		return nil
	}
	after, err := r.surelyRead(ctx)
	if err != nil {
		return err
	}
	last := &r.m.Rights[len(r.m.Rights)-1]
	last.Read = last.Read && after.Read
	for _, right := range after.Held {
		if !slices.Contains(last.Held, right) {
			last.Held = append(last.Held, right)
		}
	}
	for len(r.m.Rights) > 1 && !r.m.Rights[1].At.After(oldest) {
		r.m.Rights = r.m.Rights[1:]
	}
	if n := len(r.m.Rights); n > 1 && isSame(r.m.Rights[n-2], r.m.Rights[n-1]) {
		r.m.Rights = r.m.Rights[:n-1] // in force since the earlier one: else they grow with every run
	}
	return nil
}

func isSame(a, b staging.Rights) bool {
	within := func(a, b []staging.Right) bool {
		return !slices.ContainsFunc(a, func(r staging.Right) bool { return !slices.Contains(b, r) })
	}
	return a.Read == b.Read && within(a.Held, b.Held) && within(b.Held, a.Held)
}

// rightsAt are those in force at a time: of the run that had begun last.
func rightsAt(history []staging.Rights, at time.Time) staging.Rights {
	found := staging.Rights{}
	for i, h := range history {
		if i == 0 || !h.At.After(at) {
			found = h
		}
	}
	if len(history) > 0 && history[0].At.After(at) {
		return staging.Rights{} // older than what is known
	}
	return found
}

// covers tells whether rights are no narrower than others on an environment: each
// role that was held there is held on all of it. What a role on a part of it, such
// as a population, shows no more may have moved out of that part. Those on other
// environments don't matter; where it is not clear which environment a scope is
// in, it counts as in this one. Rights that hold nothing on it don't explain what
// was shown there.
func covers(now, then staging.Rights, env pingone.ID) bool {
	held := false
	for _, right := range then.Held {
		if right.ScopeType == environmentScope && !env.IsZero() && right.Scope != env {
			continue
		}
		if !holdsWhole(now, right.Role, env) {
			return false
		}
		held = true
	}
	return held && now.Read && then.Read
}

const environmentScope = "ENVIRONMENT"

// holdsWhole tells whether a role is held on all of an environment, or with a
// zero id on any.
func holdsWhole(r staging.Rights, role, env pingone.ID) bool {
	return slices.ContainsFunc(r.Held, func(held staging.Right) bool {
		return held.Role == role && (held.ScopeType == "ORGANIZATION" || held.ScopeType == environmentScope && (held.Scope == env || env.IsZero()))
	})
}

func upper(s string) string { return strings.ToUpper(s) }
