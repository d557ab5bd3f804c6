package fetch

import (
	"cmp"
	"maps"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// progress says which lists of the plan are ended and where the others go on.
// Ended ones at the start are one number, so that it stays small however long
// the plan is.
type progress struct {
	before   int // all lists with a lower index are ended
	done     map[int]bool
	open     map[int]staging.OpenList
	deferred ranges // ended, but asked for once more at the end
}

func newProgress(p staging.Progress) *progress {
	t := &progress{before: p.Before, done: map[int]bool{}, open: map[int]staging.OpenList{}, deferred: slices.Clone(p.Deferred)}
	for _, i := range p.Done {
		t.done[i] = true
	}
	for _, o := range p.Open {
		t.open[o.List] = o
	}
	return t
}

func (t *progress) isDone(list int) bool { return list < t.before || t.done[list] }

func (t *progress) ended() int { return t.before + len(t.done) - t.deferred.len() }

// paged notes that a page was staged when there were so many parts.
func (t *progress) paged(list int, page *pingone.Page, parts int) {
	o := t.open[list]
	if o.Pages == 0 {
		o.Part = parts
	}
	o.List, o.Next, o.Pages, o.Records = list, page.Next, o.Pages+1, o.Records+page.Records
	t.open[list] = o
}

// restart lets a list begin again when there are so many parts, and keeps that
// it did: a list that starts again in each invocation would never end.
func (t *progress) restart(list, parts int) {
	t.open[list] = staging.OpenList{List: list, Part: parts, Restarted: true}
}

// postpone lets a list be asked for once more at the end: from where it
// stopped, or anew.
func (t *progress) postpone(list int, anew bool) {
	if anew {
		delete(t.open, list)
	}
	t.end(list)
	t.deferred.add(list)
}

func (t *progress) finish(list int) {
	delete(t.open, list)
	t.deferred.remove(list)
	t.end(list)
}

func (t *progress) end(list int) {
	if t.isDone(list) {
		return
	}
	t.done[list] = true
	for t.done[t.before] {
		delete(t.done, t.before)
		t.before++
	}
}

// saved is the form that the manifest has.
func (t *progress) saved() staging.Progress {
	p := staging.Progress{Before: t.before, Done: slices.Sorted(maps.Keys(t.done)), Deferred: slices.Clone(t.deferred)}
	for _, i := range slices.Sorted(maps.Keys(t.open)) {
		p.Open = append(p.Open, t.open[i])
	}
	return p
}

// ranges are lists of the plan, sorted: few pairs where most of them come in
// rows, however many they are.
type ranges []staging.Range

func (r ranges) len() int {
	n := 0
	for _, x := range r {
		n += x.To - x.From
	}
	return n
}

// find is the place of the first range that ends behind a list.
func (r ranges) find(list int) int {
	i, _ := slices.BinarySearchFunc(r, list, func(x staging.Range, list int) int { return cmp.Compare(x.To, list+1) })
	return i
}

func (r ranges) has(list int) bool {
	i := r.find(list)
	return i < len(r) && r[i].From <= list
}

func (r *ranges) add(list int) {
	if r.has(list) {
		return
	}
	all, i := *r, r.find(list)
	below, above := i > 0 && all[i-1].To == list, i < len(all) && all[i].From == list+1
	switch {
	case below && above:
		all[i-1].To = all[i].To
		all = slices.Delete(all, i, i+1)
	case below:
		all[i-1].To++
	case above:
		all[i].From--
	default:
		all = slices.Insert(all, i, staging.Range{From: list, To: list + 1})
	}
	*r = all
}

func (r *ranges) remove(list int) {
	if !r.has(list) {
		return
	}
	all, i := *r, r.find(list)
	was := all[i]
	var left ranges
	if was.From < list {
		left = append(left, staging.Range{From: was.From, To: list})
	}
	if list+1 < was.To {
		left = append(left, staging.Range{From: list + 1, To: was.To})
	}
	*r = slices.Replace(all, i, i+1, left...)
}
