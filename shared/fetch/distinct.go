package fetch

import (
	"context"
	"fmt"
	"hash/maphash"
	"path"
	"slices"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// hashes stand for those whom a child list has shown so far, page by page: 8
// bytes each, so that a list of a million takes 8 MB while it is read. A list that
// shows a member twice is not longer for it: another one may be missing. Two
// members of one hash count once, so that a list may be taken for short that is
// not, which holds the sweep, and never the other way round.
type hashes [][]uint64

// see takes up a page. An item without an id is nobody.
func (h *hashes) see(ids []pingone.ID, seed maphash.Seed) {
	page := make([]uint64, 0, len(ids))
	for _, id := range ids {
		if !id.IsZero() {
			page = append(page, maphash.Comparable(seed, id))
		}
	}
	*h = append(*h, page)
}

// distinct is how many different ones there are.
func (h hashes) distinct() int {
	all := slices.Concat(h...)
	slices.Sort(all)
	return len(slices.Compact(all))
}

// isCounted tells whether a list is counted member by member: those of what a
// group holds. Users in populations are counted once all are read, since they
// move between them.
func (t task) isCounted() bool {
	return t.Parent != nil && t.Parent.Kind == parentKinds[pingone.GroupPrincipal] && (t.Key == usersName || t.Key == string(pingone.GroupPrincipal))
}

// hidesOne tells whether a list shows somebody twice and nobody says how long it
// is: another one may be missing for it.
func (t numbered) hidesOne() bool { return t.Expect <= 0 && t.records > t.distinct }

// A listKey names a child list.
type listKey struct {
	environment pingone.ID
	parent      staging.Parent
	name        string
}

// listOf is the child list that a reply is a page of, the zero key for none.
func listOf(r staging.Reply) listKey {
	if r.Parent == nil {
		return listKey{}
	}
	return listKey{r.Environment, *r.Parent, path.Base(r.Path)}
}

// seenBefore are those who were seen on the lists that were begun, by task. They
// are read from what is staged, since kept beside it they would be 8 bytes a
// member in each commit. Few lists are open at a time, and most of them were
// begun a few parts ago.
func (r *reading) seenBefore(ctx context.Context, open map[int]staging.OpenTask) (map[int]hashes, error) {
	lists, err := r.begunLists(ctx, open)
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	m := *r.w.Manifest()
	first := len(m.Parts)
	for _, task := range lists {
		first = min(first, open[task].Part)
	}
	m.Parts = m.Parts[first:]
	seen := make(map[int]hashes, len(lists))
	var d pingone.Decoder[pingone.Member]
	var ids []pingone.ID
	for reply, err := range staging.Replies(ctx, r.o.Store, &m) {
		if err != nil {
			return nil, err
		}
		task, begun := lists[listOf(reply)]
		if !begun {
			continue
		}
		members, _, err := d.Items(reply.Body, path.Base(reply.Path))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", reply.Path, err)
		}
		ids = ids[:0]
		for _, x := range members {
			ids = append(ids, x.ID)
		}
		pages := seen[task]
		pages.see(ids, r.seed)
		seen[task] = pages[max(0, len(pages)-open[task].Pages):] // those before are of a list that was begun again
	}
	return seen, nil
}

// begunLists are the tasks that are open and counted, by their lists.
func (r *reading) begunLists(ctx context.Context, open map[int]staging.OpenTask) (map[listKey]int, error) {
	lists := map[listKey]int{}
	if len(open) == 0 {
		return lists, nil
	}
	i := -1
	for line, err := range r.w.Plan(ctx) {
		if err != nil {
			return nil, err
		}
		i++
		if _, begun := open[i]; !begun {
			continue
		}
		var t task
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, fmt.Errorf("task %d of the plan: %w", i, err)
		}
		if t.isCounted() {
			lists[listKey{t.Environment, *t.Parent, t.Key}] = i
		}
	}
	return lists, nil
}
