package fetch

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

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
		answers, err := p.askAll(ctx, g)
		if err != nil {
			return err
		}
		p.noteRefused(g, answers)
		for i, a := range answers {
			if a.body == nil {
				continue // it is gone, or refused
			}
			one, err := pingone.One[T](a.body)
			if err != nil {
				p.unread.add(brokenItem(env, onePath(env, name, g.first[i].id.String())), "")
				continue
			}
			p.log.WarnContext(ctx, "it was not in its list and is there all the same", "list", name, "environment", env, "id", g.first[i].id)
			if err := each(&one); err != nil {
				return err
			}
		}
		return nil
	})
}

// An answer is one of three: a resource, a refusal, or neither, which means
// that there is no such resource.
type answer struct {
	body    []byte
	refusal *pingone.Error
}

// noteRefused notes those that can't be asked for: the first with PingOne's
// words, the others as a number.
func (p *planner) noteRefused(g gap, answers []answer) {
	var first *staging.Unread
	for i, a := range answers {
		switch {
		case a.refusal == nil:
		case first != nil:
			first.Skipped++
		default:
			u := unreadOf(g.first[i].environment, onePath(g.first[i].environment, g.name, g.first[i].id.String()), nil, a.refusal)
			u.Missing = true
			first = &u
		}
	}
	if first != nil {
		p.unread.add(*first, "")
	}
}

// askAll asks for each of a gap. Where nothing but refusals came, the others
// count as refused.
func (p *planner) askAll(ctx context.Context, g gap) ([]answer, error) {
	answers := make([]answer, len(g.first))
	var refused, answered atomic.Int64
	var last atomic.Pointer[pingone.Error]
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(workersFor(p.o.PerSecond, len(g.first)))
	for i, u := range g.first {
		group.Go(func() error {
			if refused.Load() >= many && answered.Load() == 0 {
				answers[i].refusal = last.Load()
				return nil
			}
			path := onePath(u.environment, g.name, u.id.String())
			page, err := p.client.Get(gctx, path)
			if err == nil {
				err = isOf(u, page.Body)
			}
			why := anyRefusal(path, err)
			switch {
			case err == nil:
				answers[i].body = page.Body
			case why == nil:
				return err
			case why.Status != http.StatusNotFound:
				last.Store(why)
				refused.Add(1)
				answers[i].refusal = why
				return nil
			}
			answered.Add(1)
			return nil
		})
	}
	return answers, group.Wait()
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
