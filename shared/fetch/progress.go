package fetch

import (
	"cmp"
	"maps"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// progress knows which tasks of the plan are finished and where the others
// go on. Finished ones at the start are one number, so that it stays small
// however long the plan is.
type progress struct {
	before int // all tasks with a lower index are finished
	done   map[int]bool
	open   map[int]staging.OpenTask
	again  ranges // of the finished ones
}

func newProgress(p staging.Progress) *progress {
	t := &progress{before: p.Before, done: map[int]bool{}, open: map[int]staging.OpenTask{}, again: slices.Clone(p.Again)}
	for _, i := range p.Done {
		t.done[i] = true
	}
	for _, o := range p.Open {
		t.open[o.Task] = o
	}
	return t
}

func (t *progress) isDone(task int) bool { return task < t.before || t.done[task] }

func (t *progress) finished() int { return t.before + len(t.done) }

// left is how many of the finished ones are to be asked once more.
func (r ranges) left() int {
	n := 0
	for _, x := range r {
		n += x.To - x.From
	}
	return n
}

// paged notes that a page of task was appended when there were so many parts,
// and where the next one is.
func (t *progress) paged(task int, page pingone.Page, parts int) {
	o := t.open[task]
	if o.Pages == 0 {
		o.Part = parts
	}
	o.Task, o.Next, o.Pages, o.Records = task, page.Next, o.Pages+1, o.Records+page.Records
	t.open[task] = o
}

// restart lets a task begin again when there are so many parts, and keeps that
// it did: a list that starts again in each invocation would never end.
func (t *progress) restart(task, parts int) {
	t.open[task] = staging.OpenTask{Task: task, Part: parts, Restarted: true}
}

// putOff lets a task be asked once more at the end, from where it stopped.
func (t *progress) putOff(task int) {
	t.settle(task)
	t.again.add(task)
}

func (t *progress) finish(task int) {
	delete(t.open, task)
	t.again.remove(task)
	t.settle(task)
}

func (t *progress) settle(task int) {
	if t.isDone(task) {
		return
	}
	t.done[task] = true
	for t.done[t.before] {
		delete(t.done, t.before)
		t.before++
	}
}

// save is the form that the manifest keeps.
func (t *progress) save() staging.Progress {
	p := staging.Progress{Before: t.before, Done: slices.Sorted(maps.Keys(t.done)), Again: append(ranges(nil), t.again...)}
	for _, i := range slices.Sorted(maps.Keys(t.open)) {
		p.Open = append(p.Open, t.open[i])
	}
	return p
}

// ranges are tasks, sorted: few pairs where most of them come in rows, however
// many they are.
type ranges []staging.Range

// find is the place of the first range that ends behind a task.
func (r ranges) find(task int) int {
	i, _ := slices.BinarySearchFunc(r, task, func(x staging.Range, task int) int { return cmp.Compare(x.To, task+1) })
	return i
}

func (r ranges) has(task int) bool {
	i := r.find(task)
	return i < len(r) && r[i].From <= task
}

func (r *ranges) add(task int) {
	if r.has(task) {
		return
	}
	all, i := *r, r.find(task)
	below, above := i > 0 && all[i-1].To == task, i < len(all) && all[i].From == task+1
	switch {
	case below && above:
		all[i-1].To = all[i].To
		all = slices.Delete(all, i, i+1)
	case below:
		all[i-1].To++
	case above:
		all[i].From--
	default:
		all = slices.Insert(all, i, staging.Range{From: task, To: task + 1})
	}
	*r = all
}

func (r *ranges) remove(task int) {
	if !r.has(task) {
		return
	}
	all, i := *r, r.find(task)
	was := all[i]
	var left ranges
	if was.From < task {
		left = append(left, staging.Range{From: was.From, To: task})
	}
	if task+1 < was.To {
		left = append(left, staging.Range{From: task + 1, To: was.To})
	}
	*r = slices.Replace(all, i, i+1, left...)
}
