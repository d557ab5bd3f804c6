package fetch

import (
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
}

func newProgress(p staging.Progress) *progress {
	t := &progress{before: p.Before, done: map[int]bool{}, open: map[int]staging.OpenTask{}}
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

// paged notes that a page of task was appended, and where the next one is.
func (t *progress) paged(task int, page pingone.Page) {
	o := t.open[task]
	t.open[task] = staging.OpenTask{Task: task, Next: page.Next, Pages: o.Pages + 1, Records: o.Records + page.Records}
}

// restart lets a task begin again.
func (t *progress) restart(task int) { delete(t.open, task) }

func (t *progress) finish(task int) {
	delete(t.open, task)
	t.done[task] = true
	for t.done[t.before] {
		delete(t.done, t.before)
		t.before++
	}
}

// save is the form that the manifest keeps.
func (t *progress) save() staging.Progress {
	p := staging.Progress{Before: t.before, Done: slices.Sorted(maps.Keys(t.done))}
	for _, i := range slices.Sorted(maps.Keys(t.open)) {
		p.Open = append(p.Open, t.open[i])
	}
	return p
}
