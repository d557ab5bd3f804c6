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
	// pause is between two looks at a collection that another process reads.
	pause = time.Second
	// busyFor is how long another process may hold a collection without any
	// progress: longer than the lease of one that was killed.
	busyFor = 3 * time.Minute
)

// errInput is the outcome of a collection whose input failed.
var errInput = errors.New("an input is not complete")

// readAll reads all collections, each as soon as its inputs are complete,
// several at once. One that fails stops those that need it, and no other: what
// they read is staged for the next try.
func readAll(read func(staging.Collection) error) error {
	type outcome struct {
		done chan struct{} // closed at the end
		err  error
	}
	ends := map[staging.Collection]*outcome{}
	for _, c := range collection.All {
		ends[c.Name] = &outcome{done: make(chan struct{})}
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
			own.err = read(c.Name)
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

// readOne reads a collection until it is complete, waiting for another process
// that is at work on it.
func readOne(ctx context.Context, c staging.Collection, invoke func(context.Context) (fetch.Result, error)) (fetch.Result, error) {
	pages, since := 0, time.Now()
	for {
		result, err := invoke(ctx)
		if err != nil || result.Complete {
			return result, err
		}
		if result.Pages > pages {
			pages, since = result.Pages, time.Now()
		}
		switch {
		case ctx.Err() != nil:
			return result, context.Cause(ctx)
		case !result.Busy:
			return result, fmt.Errorf("%s: it is read no further, as another run was opened since: see the log", c)
		case time.Since(since) > busyFor:
			return result, fmt.Errorf("%s: another process reads it: wait until that ends", c)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}
