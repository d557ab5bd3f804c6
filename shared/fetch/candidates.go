package fetch

import (
	"cmp"
	"container/heap"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// An absent item or tie: the previous snapshot holds it, and no list of this
// run shows it.
type absent struct {
	key    uint64
	list   staging.ListKey
	id     pingone.ID
	shown  time.Time // when it was last shown
	asked  time.Time // when it was last asked for; zero: never
	ended  bool      // the feed says that it ended
	listed bool      // a list that is carried shows it all the same
	reason staging.Carried
	body   []byte // a page of its list with it alone
}

// subject is what events call it: an item by itself, a tie with its parent.
func (a *absent) subject(isTie bool) collection.Subject {
	s := collection.Subject{ID: a.id}
	if !isTie {
		return s
	}
	s.Kind, s.Parent = a.list.Parent.Kind, a.list.Parent.ID
	if s.Kind == staging.GroupAny {
		s.Kind = "group"
	}
	return s
}

// reply is the item or tie as a reply of its own, as it was last shown.
func (a *absent) reply() *staging.Reply {
	r := &staging.Reply{
		Environment: a.list.Environment, Path: a.list.Path, FetchedAt: a.shown, Carried: a.reason, ID: a.id, Asked: a.asked, Body: a.body,
	}
	if a.list.Parent != (staging.Parent{}) {
		parent := a.list.Parent
		r.Parent = &parent
	}
	return r
}

// before tells which of two is asked for first: those that the feed speaks of,
// those never asked for, those asked for longest ago.
func (a *absent) before(b *absent) int {
	rank := func(x *absent) int {
		if x.ended {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), a.asked.Compare(b.asked), cmp.Compare(a.key, b.key))
}

// candidates are the absent ones that are asked for in a run: as many as may
// be, the first in order. Each is there once, as it was shown last.
type candidates struct {
	most int
	all  lastFirst
	of   map[uint64]*absent
}

// add takes one up, and returns the one that has to wait for another run; nil
// if there is none.
func (c *candidates) add(a *absent) *absent {
	if twin := c.of[a.key]; twin != nil {
		if a.shown.After(twin.shown) {
			twin.shown, twin.body = a.shown, a.body
		}
		twin.listed = twin.listed && a.listed
		return nil
	}
	if len(c.all) < c.most {
		heap.Push(&c.all, a)
		c.of[a.key] = a
		return nil
	}
	if c.most == 0 || a.before(c.all[0]) >= 0 {
		return a
	}
	last := c.all[0]
	delete(c.of, last.key)
	c.all[0] = a
	c.of[a.key] = a
	heap.Fix(&c.all, 0)
	return last
}

// lastFirst is a heap whose first element is the last in order.
type lastFirst []*absent

func (h lastFirst) Len() int { return len(h) }

func (h lastFirst) Less(i, j int) bool { return h[i].before(h[j]) > 0 }

func (h lastFirst) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *lastFirst) Push(x any) { *h = append(*h, x.(*absent)) } //nolint:forcetypeassert // by heap.Push alone

func (h *lastFirst) Pop() any {
	all := *h
	last := all[len(all)-1]
	*h = all[:len(all)-1]
	return last
}

// itemOf cuts one item out of a reply.
func itemOf(body []byte, list, key string, id pingone.ID) ([]byte, error) {
	var d pingone.Decoder[jsontext.Value]
	all, _, err := d.Items(body, key)
	if err != nil {
		return nil, err
	}
	for _, item := range all {
		if pingone.ItemID(list, item) == id {
			return item.Clone(), nil
		}
	}
	return nil, fmt.Errorf("%w: %s is not in its reply any more", staging.ErrCorrupt, id)
}
