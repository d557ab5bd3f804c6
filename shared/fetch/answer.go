package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/feed"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// An answer is what PingOne says of something absent that was asked for.
type answer uint8

const (
	unclear   answer = iota // it does not say
	there                   // 200, or shown by the member's own list
	notThere                // 404, or not shown
	forbidden               // 403
	inherited               // shown as INDIRECT, where it was direct: it is gone
)

// An asked one is an absent one and the answer.
type asked struct {
	*absent
	answer answer
	at     time.Time
	item   []byte // as PingOne shows it now; nil: as it was shown before
}

// askBatch asks for some, and decides about them.
func (r *reading) askBatch(ctx context.Context, some []*absent, ended *feed.Ended) error {
	answers, err := r.askAll(ctx, some)
	if err != nil {
		return err
	}
	w, err := r.witnesses(ctx, answers, ended)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if err := r.conclude(a, w); err != nil {
			return err
		}
	}
	return nil
}

// conclude stages what is there or unproven, and notes what is gone.
func (r *reading) conclude(a *asked, w *witnesses) error {
	switch a.answer {
	case there:
		a.reason, a.shown, a.asked = "", a.at, a.at
		if a.item != nil {
			a.body = pageOf(r.of.KeyOf(a.list), a.item)
		}
		reply := a.reply()
		if err := r.append(reply, 1); err != nil {
			return err
		}
		return r.index.add(reply)
	case unclear:
	default:
		if by, gone := judgeGone(w.evidence(a)); gone {
			g := staging.Gone{Environment: a.list.Environment, Path: a.list.Path, ID: a.id, By: by}
			if r.of.Ties {
				parent := a.list.Parent
				g.Parent = &parent
			}
			r.m.Gone = append(r.m.Gone, g)
			return nil
		}
		a.asked = a.at
	}
	if a.listed {
		return nil
	}
	return r.append(a.reply(), 1)
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

func (r *reading) at(fetched time.Time) time.Time {
	if !fetched.IsZero() {
		return fetched
	}
	earlier, _ := r.o.Client.Now()
	return earlier
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

// answerOf reads what a refusal says. What is no answer is an error.
func answerOf(err error) (answer, error) {
	if err == nil {
		return there, nil
	}
	switch refusal := pingone.Refusal(err); {
	case refusal == nil && isFatal(err), errors.Is(err, transport.ErrOutOfTime):
		return unclear, err
	case refusal == nil && pingone.IsTransient(err):
		return unclear, err
	case refusal != nil && refusal.Status == http.StatusNotFound:
		return notThere, nil
	case refusal != nil && refusal.Status == http.StatusForbidden:
		return forbidden, nil
	}
	return unclear, nil
}

// itemOf cuts one item out of a reply.
func itemOf(body []byte, key string, id pingone.ID) ([]byte, error) {
	var d pingone.Decoder[jsontext.Value]
	all, _, err := d.Items(body, key)
	if err != nil {
		return nil, err
	}
	for _, item := range all {
		if m, err := pingone.One[pingone.Member](item); err == nil && m.ID == id {
			return item.Clone(), nil
		}
	}
	if m, err := pingone.One[pingone.Member](body); err == nil && m.ID == id {
		return body, nil // a single resource
	}
	return nil, fmt.Errorf("%w: %s is not in its reply any more", staging.ErrCorrupt, id)
}
