package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/staging"
)

const (
	// standstill is how many invocations in a row may read nothing.
	standstill = 5
	// pause is between an invocation that ended unfinished and the next.
	pause = time.Second
)

// readAll reads all collections at once. They share the pace of each of
// PingOne's limits: the functions in AWS send from several addresses, this
// machine from one. One that fails does not stop the others: what they
// read is kept for the next try.
func readAll(ctx context.Context, asked event.Fetch, s settings, store staging.Store, log *slog.Logger, shown progress) error {
	errs := make([]error, len(staging.Collections))
	pacers := s.pacers()
	var wg sync.WaitGroup
	for i, c := range staging.Collections {
		f := &assemble.Fetcher{
			Settings: s.fetch[c], Collection: c, Store: store, Secret: s.secret, Log: log, OnProgress: shown.reading,
			Pacers: pacers, Only: asked.Environments, DryRun: asked.DryRun, Holder: thisMachine(),
		}
		wg.Go(func() {
			result, err := readOne(ctx, f, asked.Run)
			shown.read(c, result, err)
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// readOne calls f until its collection is complete.
func readOne(ctx context.Context, f *assemble.Fetcher, run staging.RunID) (fetch.Result, error) {
	pages, still := -1, 0
	for {
		result, err := f.Run(ctx, run)
		if err != nil || result.Complete {
			return result, err
		}
		if result.Busy {
			return result, fmt.Errorf("%s of run %s: somebody else is reading it: wait until that ends, at most a minute and a half longer where it was killed, and start again", f.Collection, run)
		}
		if ctx.Err() != nil {
			return result, context.Cause(ctx)
		}
		if still++; result.Pages > pages {
			still = 0
		}
		if pages = result.Pages; still == standstill {
			return result, fmt.Errorf("%s: nothing more was read in %d invocations: see the log", f.Collection, standstill)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}
