package fetch

import (
	"context"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// gapIn compares a list that was read for the plan with what earlier runs
// posted. A list that is not whole has no gap: it is unread.
func (p *planner) gapIn(ctx context.Context, env pingone.ID, name string) (gap, error) {
	ids, whole, err := p.listed(ctx, env, name)
	if err != nil || !whole {
		return gap{}, err
	}
	on := make(map[pingone.ID]struct{}, len(ids))
	for _, id := range ids {
		on[id] = struct{}{}
	}
	return p.gapBeside(ctx, env, name, func(id pingone.ID) bool { _, ok := on[id]; return ok })
}

// gapBeside is the gap of one environment. One that is too wide is unread, and
// returned as none.
func (p *planner) gapBeside(ctx context.Context, env pingone.ID, name string, has func(pingone.ID) bool) (gap, error) {
	g, err := gapOf(ctx, p.o.Store, p.run, name, func(e pingone.ID) bool { return e == env }, has)
	if err != nil || !g.isTooWide() {
		return g, err
	}
	p.unread.add(g.unread(env), "")
	return gap{}, nil
}

// askTime is the most that asking for those of one list may take while a plan
// is made, which is all or nothing.
const askTime = 2 * time.Minute

// askMissed asks by its id for each that earlier runs posted and the list lacks:
// a list that loses one of its own would take away what hangs on it. each is
// called for those that are there.
func askMissed[T any](ctx context.Context, p *planner, env pingone.ID, name string, each func(*T) error) error {
	return p.step(ctx, func(string) error {
		g, err := p.gapIn(ctx, env, name)
		if err != nil || len(g.first) == 0 {
			return err
		}
		if float64(g.total) > p.o.PerSecond*askTime.Seconds() {
			p.unread.add(g.unread(env), "")
			return nil
		}
		if p.o.estimating {
			p.place.Estimate.Calls += int64(g.total)
			return nil
		}
		found, err := p.askFor(ctx, g)
		if err != nil {
			return err
		}
		for _, f := range found {
			one, err := pingone.One[T](f.page.Body)
			if err != nil {
				p.unread.add(brokenItem(env, f.page.Path), "")
				continue
			}
			p.log.WarnContext(ctx, "it was not in its list and is there all the same", "list", name, "environment", env, "id", f.id)
			if err := each(&one); err != nil {
				return err
			}
		}
		return nil
	})
}

// A found one was in no list, and is there all the same.
type found struct {
	missing
	page pingone.Page
}

// askFor asks for each of a gap, and returns those that are there, in the
// order of their ids. Those that can't be asked for are noted.
func (p *planner) askFor(ctx context.Context, g gap) ([]found, error) {
	var all []found
	a := &asking{
		client: p.client, name: g.name,
		there: func(u missing, page pingone.Page) error { all = append(all, found{u, page}); return nil },
		gone:  func(missing) error { return nil },
	}
	if err := a.all(ctx, g.first, workersFor(p.o.PerSecond, len(g.first))); err != nil {
		return nil, err
	}
	for _, u := range a.unread() {
		p.unread.add(u, "")
	}
	slices.SortFunc(all, func(a, b found) int { return a.id.Compare(b.id) })
	return all, nil
}

// askMissedRoles asks for the roles of each principal that earlier runs posted
// and the list lacks. One that is gone answers 404 to that, and to being asked
// for itself.
func (p *planner) askMissedRoles(ctx context.Context, env pingone.ID, kind pingone.Principal) error {
	return p.step(ctx, func(string) error {
		g, err := p.gapIn(ctx, env, string(kind))
		if err != nil {
			return err
		}
		return p.addMissed(g, kind)
	})
}

func (p *planner) addMissed(g gap, kind pingone.Principal) error {
	for _, u := range g.first {
		l := pingone.RoleAssignmentsOf(u.environment, kind, u.id)
		t := task{
			Environment: u.environment, Path: l.Path, Key: l.Key, Parent: &staging.Parent{Kind: parentKinds[kind], ID: u.id},
			Expect: unknown, Missed: true,
		}
		if err := p.addTask(t); err != nil {
			return err
		}
	}
	return nil
}
