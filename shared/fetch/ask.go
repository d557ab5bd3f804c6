package fetch

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// An asking asks by its id for each of a list that is missing: a cursor that
// lost its place, a user who moved, a role that shows a part only, they all
// look like something that was deleted.
type asking struct {
	client *pingone.Client
	name   string // of the list
	// there and gone are told of each, one at a time and in no order. An error
	// of theirs ends the asking.
	there func(missing, pingone.Page) error
	gone  func(missing) error

	mu      sync.Mutex
	slices  sliceCounts
	refused map[pingone.ID]*staging.Unread // by environment
}

// all asks for each, at most so many at once. Where an environment gives
// nothing but refusals, the others of it count as refused.
func (a *asking) all(ctx context.Context, all []missing, workers int) error {
	a.slices, a.refused = sliceCounts{}, map[pingone.ID]*staging.Unread{}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, u := range all {
		g.Go(func() error { return a.one(gctx, u) })
	}
	return g.Wait()
}

// unread are those that can't be asked for: the first of an environment with
// PingOne's words, the others as a number.
func (a *asking) unread() []staging.Unread {
	var unread []staging.Unread
	for _, env := range slices.SortedFunc(maps.Keys(a.refused), pingone.ID.Compare) {
		unread = append(unread, *a.refused[env])
	}
	return unread
}

func (a *asking) one(ctx context.Context, u missing) error {
	if a.isHopeless(u.environment) {
		a.refuse(u, nil)
		return nil
	}
	where := onePath(u.environment, a.name, u.id.String())
	page, err := a.client.Get(ctx, where)
	if err == nil {
		err = isOf(u, page.Body)
	}
	r := anyRefusal(where, err)
	switch {
	case r != nil && r.Status != http.StatusNotFound:
		a.refuse(u, r)
		return nil
	case r == nil && err != nil:
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slice(u.environment).Asked++
	if r != nil {
		return a.gone(u)
	}
	return a.there(u, page)
}

// isOf tells whether a reply is about who was asked for.
func isOf(u missing, body []byte) error {
	one, err := pingone.One[pingone.Member](body)
	if err == nil && one.ID != u.id {
		err = fmt.Errorf("%w: it is of another one than was asked for", pingone.ErrBadPage)
	}
	return err
}

func (a *asking) slice(env pingone.ID) *staging.Slice {
	return a.slices.of(sliceKey{env, a.name, a.name})
}

func (a *asking) isHopeless(env pingone.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return isHopeless(a.slice(env))
}

// refuse notes one that was refused, or that nobody asked for, why being nil.
func (a *asking) refuse(u missing, why *pingone.Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.slice(u.environment)
	s.Asked++
	s.Refused++
	if first := a.refused[u.environment]; first != nil {
		first.Skipped++
		return
	}
	first := unreadOf(u.environment, onePath(u.environment, a.name, u.id.String()), nil, why)
	first.Missing = true
	a.refused[u.environment] = &first
}
