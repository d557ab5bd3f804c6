package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/staging"
)

const (
	// standstill is how many invocations in a row may read nothing.
	standstill = 5
	// pause is between an invocation that ended unfinished and the next.
	pause = time.Second
	// busyFor is how long another process may hold a collection without any
	// progress: longer than the lease of one that was killed.
	busyFor = 3 * time.Minute
)

// readFunc reads one collection until it is complete or fails.
type readFunc func(context.Context, staging.Collection) (fetch.Result, error)

// outcomeOf is how the reading of one collection ended.
type outcomeOf struct {
	done chan struct{} // closed at the end
	err  error
}

// errInput is the outcome of a collection whose input failed.
var errInput = errors.New("an input is not complete")

// readAll reads all collections, each as soon as its inputs are complete,
// several at once. One that fails stops those that need it, and no other: what
// they read is staged for the next try.
func readAll(ctx context.Context, read readFunc, shown progress) error {
	ends := map[staging.Collection]*outcomeOf{}
	for _, c := range collection.All {
		ends[c.Name] = &outcomeOf{done: make(chan struct{})}
	}
	var wg sync.WaitGroup
	for _, c := range collection.All {
		own := ends[c.Name]
		wg.Go(func() {
			defer close(own.done)
			for _, input := range c.Inputs {
				if <-ends[input].done; ends[input].err != nil {
					own.err = errInput
					return
				}
			}
			var result fetch.Result
			result, own.err = read(ctx, c.Name)
			shown.read(c.Name, result, own.err)
		})
	}
	wg.Wait()
	var failed []error
	for _, c := range collection.All {
		if err := ends[c.Name].err; !errors.Is(err, errInput) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// invocation reads what it can of one collection, as a function does in AWS.
type invocation func(context.Context) (fetch.Result, error)

// readOne repeats invocations until the collection is complete.
func readOne(ctx context.Context, c staging.Collection, invoke invocation) (fetch.Result, error) {
	pages, still, since := -1, 0, time.Now()
	for {
		result, err := invoke(ctx)
		if err != nil || result.Complete {
			return result, err
		}
		if ctx.Err() != nil {
			return result, context.Cause(ctx)
		}
		if still++; result.Progressed || result.Pages > pages {
			still, since = 0, time.Now()
		}
		pages = max(pages, result.Pages)
		switch {
		case result.Busy && time.Since(since) > busyFor:
			return result, fmt.Errorf("%s: another process reads it: wait until that ends", c)
		case !result.Busy && still == standstill:
			return result, fmt.Errorf("%s: nothing more was read in %d invocations: see the log", c, standstill)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}
