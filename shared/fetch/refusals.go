package fetch

import (
	"sync"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
)

const (
	// doubtful is after how many refusals, with none of a sort answered, the
	// rest of the sort is put to the end: a role that lacks is the same for every
	// parent, and each call counts against the customer's rate limit.
	doubtful = 3
	// hopeless is after how many more at the end the rest counts as refused.
	hopeless = 5
)

// A sort is the lists of one environment that one role allows to read.
type sort struct {
	environment pingone.ID
	key, kind   string
}

// refusals know which sorts of lists are refused. Safe for concurrent use.
type refusals struct {
	mu     sync.Mutex
	second bool
	of     map[sort]*refused
}

type refused struct {
	times    int
	answered bool
	last     error
}

func (r *refusals) get(l *collection.List) *refused {
	s := sort{environment: l.Environment, key: l.Key}
	if l.Parent != nil {
		s.kind = l.Parent.Kind
	}
	if r.of == nil {
		r.of = map[sort]*refused{}
	}
	if r.of[s] == nil {
		r.of[s] = &refused{}
	}
	return r.of[s]
}

// lookTwice begins the second look.
func (r *refusals) lookTwice() {
	r.second = true
	for _, one := range r.of {
		one.times = 0
	}
}

// spare is the refusal that a list would get; nil: it should be asked for.
func (r *refusals) spare(l *collection.List) error {
	if l.Parent == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one, most := r.get(l), doubtful
	if r.second {
		most = hopeless
	}
	if one.answered || one.times < most {
		return nil
	}
	return one.last
}

// hear notes how a list was answered.
func (r *refusals) hear(l *collection.List, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.get(l)
	switch refusal := pingone.Refusal(err); {
	case err == nil:
		one.answered = true
	case refusal != nil && isRefusal(refusal.Status):
		one.times++
		one.last = err
	}
}
