package fetch

import (
	"net/http"
	"sync"

	"pingone-authomize/shared/pingone"
)

const (
	// doubtful is after how many refusals, with nothing else answered, the rest
	// of a slice is put off: a missing permission is the same for every child,
	// and each question costs the customer's rate limit.
	doubtful = 3
	// hopeless is after how many refusals more, at the end and one after the
	// other, the slice counts as refused.
	hopeless = 5
	// mostPutOff bounds the children of slices that do answer that are put off.
	mostPutOff = 1000
)

// doubts are what one invocation knows of slices that were refused. PingOne
// answers 403 under load as well as for want of permission. So what is refused
// is put off, and asked once more when all the rest is read. Only a refusal
// then decides: of a child, if others of its slice are answered; of the whole
// slice, if that happens again and again.
type doubts struct {
	mu     sync.Mutex
	last   bool // all the rest is read
	of     map[sliceKey]*doubt
	putOff int // in this pass
	spared int // children put off whose slice does answer
}

type doubt struct {
	refused  int            // since the doubts, or the end, began
	answered bool           // by anything but a refusal
	why      *pingone.Error // the latest refusal
	probe    sync.Mutex     // held by who asks, at the end, before any answer
}

func newDoubts(counts sliceCounts) *doubts {
	d := &doubts{of: map[sliceKey]*doubt{}}
	for k, s := range counts {
		d.of[k] = &doubt{answered: s.Asked > s.Refused}
	}
	return d
}

// again begins a pass at the end.
func (d *doubts) again() {
	d.putOff = 0
	if d.last {
		return
	}
	d.last = true
	for _, one := range d.of {
		one.refused = 0
	}
}

func (d *doubts) get(k sliceKey) *doubt {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of[k] == nil {
		d.of[k] = &doubt{}
	}
	return d.of[k]
}

// enter waits for a child's turn. At the end that is one after the other while
// nothing of its slice was answered. why is set if the child should not be
// asked for. leave must be called.
func (d *doubts) enter(t task) (why *pingone.Error, leave func()) {
	k, isChild := keyOf(t)
	if !isChild {
		return nil, func() {}
	}
	one, leave := d.get(k), func() {}
	if d.last && !d.isAnswered(one) {
		one.probe.Lock()
		leave = one.probe.Unlock
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	enough := doubtful
	if d.last {
		enough = hopeless
	}
	if one.answered || one.refused < enough {
		return nil, leave
	}
	if !d.last {
		d.putOff++
	}
	return one.why, leave
}

func (d *doubts) isAnswered(one *doubt) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return one.answered
}

// answered notes that a child was not refused.
func (d *doubts) answered(t task) {
	if k, isChild := keyOf(t); isChild {
		one := d.get(k)
		d.mu.Lock()
		defer d.mu.Unlock()
		one.answered = true
	}
}

// refused notes a refusal, and tells whether the child is put off: a 403, and a
// 5xx where that is a refusal.
func (d *doubts) refused(t task, why *pingone.Error) bool {
	k, isChild := keyOf(t)
	if !isChild {
		return false
	}
	one := d.get(k)
	d.mu.Lock()
	defer d.mu.Unlock()
	one.refused++
	one.why = why
	switch {
	case why.Status != http.StatusForbidden && why.Status < 500, d.last && (one.answered || one.refused >= hopeless), one.answered && d.spared >= mostPutOff:
		return false
	case one.answered:
		d.spared++
	}
	d.putOff++
	return true
}
