package stagingtest

import (
	"context"
	"sync"

	"pingone-authomize/shared/staging"
)

// A Fault says which operation of a Faulty store fails, and how.
type Fault struct {
	// N is the operation, counted from 1 over Get, Put and List; 0 is none.
	N int
	// Err is what it returns.
	Err error
	// Applied lets the operation take effect before it fails, as when only
	// the answer is lost.
	Applied bool
	// Dead makes all later operations fail as well, without effect: the
	// invocation is gone.
	Dead bool
	// Match, if set, says which operations are counted. op is "get", "put" or
	// "list"; key is the key or prefix.
	Match func(op, key string) bool
}

// A Faulty is a staging.Store that fails once, or from some point on. It is
// safe for concurrent use; which operation is the Nth then depends on timing.
type Faulty struct {
	staging.Store

	fault Fault
	mu    sync.Mutex
	count int
}

// NewFaulty returns a store that does what store does, but for the fault.
func NewFaulty(store staging.Store, fault Fault) *Faulty {
	return &Faulty{Store: store, fault: fault}
}

// Operations returns how many operations were counted so far, to find out how
// many there are to fail.
func (f *Faulty) Operations() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Get implements staging.Store.
func (f *Faulty) Get(ctx context.Context, key string) (staging.Object, error) {
	fail, apply := f.next("get", key)
	if !apply {
		return staging.Object{}, f.fault.Err
	}
	object, err := f.Store.Get(ctx, key)
	if fail {
		return staging.Object{}, f.fault.Err
	}
	return object, err
}

// Put implements staging.Store.
func (f *Faulty) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	fail, apply := f.next("put", key)
	if !apply {
		return "", f.fault.Err
	}
	version, err := f.Store.Put(ctx, key, data, cond)
	if fail {
		return "", f.fault.Err
	}
	return version, err
}

// List implements staging.Store.
func (f *Faulty) List(ctx context.Context, prefix string) ([]string, error) {
	fail, apply := f.next("list", prefix)
	if !apply {
		return nil, f.fault.Err
	}
	keys, err := f.Store.List(ctx, prefix)
	if fail {
		return nil, f.fault.Err
	}
	return keys, err
}

// next counts an operation and says whether it fails and whether it is applied.
func (f *Faulty) next(op, key string) (fail, apply bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault.Match != nil && !f.fault.Match(op, key) {
		dead := f.fault.Dead && f.fault.N > 0 && f.count >= f.fault.N
		return dead, !dead
	}
	f.count++
	switch {
	case f.fault.N > 0 && f.count == f.fault.N:
		return true, f.fault.Applied
	case f.fault.Dead && f.fault.N > 0 && f.count > f.fault.N:
		return true, false
	default:
		return false, true
	}
}
