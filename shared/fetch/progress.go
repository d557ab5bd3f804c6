package fetch

import (
	"maps"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// endings are all ways in which a list can end. A place in them is one byte:
// there may be a million lists.
var endings = func() []staging.Ending {
	all := []staging.Ending{"", staging.Whole, staging.Deferred}
	for _, c := range staging.CarriedReasons {
		all = append(all, staging.Ending(c))
	}
	return all
}()

// progress says how the lists of the plan ended, and where those go on that
// were begun.
type progress struct {
	is    []uint8 // of each list, its place in endings
	ended int     // lists that are read, or are not to be
	open  map[int]staging.OpenList
}

func newProgress(lists int, p *staging.Progress) *progress {
	t := &progress{is: make([]uint8, lists), open: map[int]staging.OpenList{}}
	for i, e := range p.Ended() {
		t.end(i, e)
	}
	for _, o := range p.Open {
		t.open[o.List] = o
	}
	return t
}

func (t *progress) clone() *progress {
	return &progress{is: slices.Clone(t.is), ended: t.ended, open: maps.Clone(t.open)}
}

// of is how a list ended; "" if it has not.
func (t *progress) of(list int) staging.Ending { return endings[t.is[list]] }

// end notes how a list ended.
func (t *progress) end(list int, e staging.Ending) {
	if is := t.of(list); is == "" || is == staging.Deferred {
		t.ended++
	}
	if e == staging.Deferred {
		t.ended--
	}
	t.is[list] = uint8(slices.Index(endings, e)) //nolint:gosec // a handful
}

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

// count is how many of the wanted lists ended so.
func (t *progress) count(e staging.Ending, wanted func(list int) bool) int {
	n := 0
	for i := range t.is {
		if t.of(i) == e && wanted(i) {
			n++
		}
	}
	return n
}

// saved is the form that the manifest has.
func (t *progress) saved() staging.Progress {
	var p staging.Progress
	for i := range t.is {
		if n := len(p.Lists); n > 0 && p.Lists[n-1].Is == t.of(i) {
			p.Lists[n-1].To++
		} else {
			p.Lists = append(p.Lists, staging.Stretch{To: i + 1, Is: t.of(i)})
		}
	}
	if n := len(p.Lists); n > 0 && p.Lists[n-1].Is == "" {
		p.Lists = p.Lists[:n-1]
	}
	for _, i := range slices.Sorted(maps.Keys(t.open)) {
		p.Open = append(p.Open, t.open[i])
	}
	return p
}
