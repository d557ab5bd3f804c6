package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"pingone-authomize/shared/staging"
)

// overlay is a store of which the lower part is only read: everything is
// written to the upper one, and what is there hides what is below. With it a
// dry run sees a stack's bucket and changes nothing in it. One process may
// use it.
type overlay struct {
	upper, lower staging.Store
	mu           *sync.Mutex // makes a Put's look and its write one
}

func newOverlay(upper, lower staging.Store) overlay {
	return overlay{upper: upper, lower: lower, mu: new(sync.Mutex)}
}

// Get implements staging.Store.
func (o overlay) Get(ctx context.Context, key string) (staging.Object, error) {
	object, err := o.upper.Get(ctx, key)
	if errors.Is(err, staging.ErrNotFound) {
		return o.lower.Get(ctx, key)
	}
	return object, err
}

// Put implements staging.Store.
func (o overlay) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cond != staging.Always {
		current, err := o.Get(ctx, key)
		if err != nil && !errors.Is(err, staging.ErrNotFound) {
			return "", err
		}
		if !cond.Holds(current.Version) {
			return "", staging.ErrConflict
		}
	}
	return o.upper.Put(ctx, key, data, staging.Always)
}

// List implements staging.Store.
func (o overlay) List(ctx context.Context, prefix string) ([]string, error) {
	upper, err := o.upper.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	lower, err := o.lower.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	keys := slices.Concat(upper, lower)
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// String is where the new things are.
func (o overlay) String() string { return o.upper.String() }
