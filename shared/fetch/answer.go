package fetch

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
)

// An asked one is an absent one and the answer.
type asked struct {
	*absent
	answer answer
	at     time.Time
	item   []byte // as PingOne shows it now; nil: as it was shown before
}

// askAll asks for some, side by side; for those that one reply can tell of,
// once.
func (r *reading) askAll(ctx context.Context, some []*absent) ([]*asked, error) {
	byPath := map[string][]*asked{}
	all := make([]*asked, len(some))
	var paths []string
	for i, a := range some {
		all[i] = &asked{absent: a}
		p := pathOf(r.of.Ask(a.list, a.id))
		if byPath[p] == nil {
			paths = append(paths, p)
		}
		byPath[p] = append(byPath[p], all[i])
	}
	down := r.newOutage(r.o.Now())
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workersFor(r.o.PerSecond, max(len(paths), 1)))
	for _, p := range paths {
		g.Go(func() error {
			err := r.askFor(ctx, byPath[p])
			if err == nil || !pingone.IsTransient(err) || ctx.Err() != nil {
				return err
			}
			down.suspect()
			if err := down.wait(ctx); err != nil {
				return err
			}
			if err = r.askFor(ctx, byPath[p]); err != nil && pingone.IsTransient(err) && ctx.Err() == nil {
				return nil // unclear: it is asked for in the next run
			}
			return err
		})
	}
	return all, g.Wait()
}

func pathOf(a collection.Ask) string {
	if a.List != nil {
		return a.List.Path
	}
	return a.Path
}

// askFor asks for those that one path tells of.
func (r *reading) askFor(ctx context.Context, some []*asked) error {
	q := r.of.Ask(some[0].list, some[0].id)
	if q.List != nil {
		return r.askMember(ctx, *q.List, some)
	}
	page, err := r.o.Client.Get(ctx, q.Path)
	a, err := answerOf(err)
	for _, one := range some {
		one.answer, one.at = a, r.at(page.FetchedAt)
		if a == there && !r.of.Ties {
			one.item = page.Body
		}
	}
	return err
}

// askMember reads which groups a member is in, and looks for some of them.
func (r *reading) askMember(ctx context.Context, l pingone.List, some []*asked) error {
	var d pingone.Decoder[pingone.GroupMembership]
	direct := map[pingone.ID]bool{} // of the groups that are shown
	whole, at := true, time.Time{}
	for page, err := range r.o.Client.Pages(ctx, l, "") {
		if err != nil {
			a, err := answerOf(err)
			if a == notThere {
				a = forbidden // the run's inputs show the member: its list is refused
			}
			for _, one := range some {
				one.answer, one.at = a, r.at(time.Time{})
			}
			return err
		}
		shown, broken, err := d.Items(page.Body, l.Key)
		if err != nil || broken > 0 || page.Announced > page.Records {
			whole = false
		}
		for _, m := range shown {
			direct[m.ID] = direct[m.ID] || m.Direct()
		}
		at = page.FetchedAt
	}
	for _, one := range some {
		q := r.of.Ask(one.list, one.id)
		isDirect, shown := direct[q.In]
		one.at = at
		switch {
		case shown && q.Direct && !isDirect:
			one.answer = inherited
		case shown:
			one.answer = there
		case whole:
			one.answer = notThere
		}
	}
	return nil
}
