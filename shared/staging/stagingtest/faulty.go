package stagingtest

import (
	"context"
	"sync"

	"pingone-authomize/shared/staging"
)

// A Fault says which operation of a Faulty store fails, and how.
type Fault struct {
	// N is the operation, counted from 1 over Get, Put, List and Folders; 0 is none.
	N   int
	Err error // what it returns
	// Applied lets it take effect before it fails, as when an answer is lost.
	Applied bool
	Dead    bool // all later operations fail as well, without effect
	// Match, if set, says which operations are counted. op is "get", "put" or
	// "list", which Folders is too; key is the key or prefix.
	Match func(op, key string) bool
}

// A Faulty is a staging.Store that fails once, or from some point on.
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

// Operations returns how many operations were counted so far.
func (f *Faulty) Operations() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Get implements staging.Store.
func (f *Faulty) Get(ctx context.Context, key string) (staging.Object, error) {
	return operate(f, "get", key, func() (staging.Object, error) { return f.Store.Get(ctx, key) })
}

// Put implements staging.Store.
func (f *Faulty) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	return operate(f, "put", key, func() (string, error) { return f.Store.Put(ctx, key, data, cond) })
}

// Folders implements staging.Store.
func (f *Faulty) Folders(ctx context.Context, prefix string) ([]string, error) {
	return operate(f, "list", prefix, func() ([]string, error) { return f.Store.Folders(ctx, prefix) })
}

func operate[T any](f *Faulty, op, key string, do func() (T, error)) (result T, err error) {
	var none T
	fails, applied := f.next(op, key)
	if applied {
		result, err = do()
	}
	if fails {
		return none, f.fault.Err
	}
	return result, err
}

// next counts an operation and says whether it fails and whether it is applied.
func (f *Faulty) next(op, key string) (fails, applied bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := f.fault.Match == nil || f.fault.Match(op, key)
	if counts {
		f.count++
	}
	switch {
	case f.fault.N == 0 || f.count < f.fault.N:
		return false, true
	case counts && f.count == f.fault.N:
		return true, f.fault.Applied
	default:
		return f.fault.Dead, !f.fault.Dead
	}
}
