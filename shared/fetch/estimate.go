package fetch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// pageRecords is how many records a full page holds.
const pageRecords = 1000

// An Estimate says what a reading will cost.
type Estimate struct {
	Collection staging.Collection
	// Planned are the calls that finding out took, or will take again.
	Planned int64
	// Calls are those to come, each page full; at least so many if AtLeast,
	// where PingOne doesn't say how long a list is.
	Calls   int64
	AtLeast bool
	// Devices are calls beside, for MFA devices: at most one for each user, since
	// who may use MFA shows when users are read. 0 if devices are not read,
	// -1 if PingOne doesn't say how many users there are.
	Devices int64
	// Takes is how long all of them take at the pace, without Devices.
	Takes time.Duration
}

// An estimate grows while the plan is made.
type estimate struct {
	Calls   int64 `json:"calls"`
	AtLeast bool  `json:"atLeast,omitzero"`
	Devices int64 `json:"devices,omitzero"` // as in Estimate
}

func (e *estimate) add(t task) {
	e.AtLeast = e.AtLeast || t.AtLeast
	if t.Wider {
		return // it may not be asked
	}
	if t.Missed {
		e.Calls++ // the parent is asked for as well
	}
	if t.Expect == unknown {
		e.Calls++
		return
	}
	e.Calls += pagesOf(t.Expect)
}

// begun is told of a task's first page, which was read already.
func (e *estimate) begun(page pingone.Page) {
	e.Calls-- // as add counted it
	switch {
	case page.Next == "":
	case page.Count > 0:
		e.Calls += max(1, pagesOf(page.Count)-1)
	default:
		e.Calls++
		e.AtLeast = true
	}
}

// users is told of so many users whose devices are read, -1 for an unknown
// number.
func (e *estimate) users(n int) {
	if n < 0 || e.Devices < 0 {
		e.Devices = -1
		return
	}
	e.Devices += int64(n)
}

func pagesOf(records int) int64 { return max(1, int64((records+pageRecords-1)/pageRecords)) }

func (e *estimate) total(c staging.Collection, planned int64, perSecond float64) Estimate {
	return Estimate{
		Collection: c, Planned: planned, Calls: e.Calls, AtLeast: e.AtLeast, Devices: e.Devices,
		Takes: time.Duration(float64(planned+e.Calls) / perSecond * float64(time.Second)).Round(time.Second),
	}
}

// Plan finds out what reading a collection would cost, without reading it and
// without writing anything.
func Plan(ctx context.Context, run staging.RunID, c staging.Collection, o Options) (Estimate, error) {
	if _, ok := plans[c]; !ok {
		return Estimate{}, fmt.Errorf("there is no collection %q", c)
	}
	o.estimating = true
	o.Store = &overlay{Store: o.Store, written: map[string]staging.Object{}}
	w, err := staging.Open(ctx, o.Store, run, c)
	if err != nil {
		return Estimate{}, err
	}
	r := newReading(w, o)
	planned, err := r.plan(ctx)
	if err != nil {
		return Estimate{}, fmt.Errorf("plan %s: %w", c, err)
	}
	return planned.total(c, o.Stats.Calls.Load(), o.PerSecond), nil
}

// An overlay keeps what is written to itself, and reads the rest of a store.
type overlay struct {
	staging.Store
	written map[string]staging.Object
	version int
}

// Get implements staging.Store.
func (s *overlay) Get(ctx context.Context, key string) (staging.Object, error) {
	if o, ok := s.written[key]; ok {
		return o, nil
	}
	return s.Store.Get(ctx, key)
}

// Put implements staging.Store.
func (s *overlay) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	current, err := s.Get(ctx, key)
	if err != nil && !errors.Is(err, staging.ErrNotFound) {
		return "", err
	}
	if !cond.Holds(current.Version) {
		return "", staging.ErrConflict
	}
	s.version++
	o := staging.Object{Data: append([]byte(nil), data...), Version: "overlay " + strconv.Itoa(s.version)}
	s.written[key] = o
	return o.Version, nil
}
