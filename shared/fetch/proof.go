package fetch

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// proveListed looks for what a list does not show: that is no proof that who
// is missing from it is gone. All of it may be repeated after dying anywhere;
// who was found or proven is committed. Users have a proof of their own.
func (r *reading) proveListed(ctx context.Context) error {
	m := r.w.Manifest()
	name := string(m.Collection)
	if _, known := knownAs[name]; !known || m.Collection == staging.Users {
		return nil
	}
	ids, err := listedIDs(ctx, r.o.Store, m)
	if err != nil {
		return err
	}
	unread, err := r.proveGone(ctx, proof{
		name:  name,
		has:   func(id pingone.ID) bool { _, ok := ids[id]; return ok },
		found: func(missing, []byte) error { return nil },
	})
	for _, u := range unread {
		r.unread.add(u, "")
	}
	return err
}

// listedIDs are those of all that is staged.
func listedIDs(ctx context.Context, store staging.Store, m *staging.Manifest) (map[pingone.ID]struct{}, error) {
	ids := make(map[pingone.ID]struct{}, m.Records)
	var d pingone.Decoder[pingone.Member]
	for reply, err := range staging.Replies(ctx, store, m) {
		if err != nil {
			return nil, err
		}
		all, _, err := membersOf(&d, reply)
		if err != nil {
			return nil, err
		}
		for _, x := range all {
			ids[x.ID] = struct{}{}
		}
	}
	return ids, nil
}

// membersOf are the ids of a page of a list, or of the one that was asked for
// by itself.
func membersOf(d *pingone.Decoder[pingone.Member], reply staging.Reply) ([]pingone.Member, int, error) {
	if name := path.Base(reply.Path); knownAs[name].list != "" {
		return d.Items(reply.Body, name)
	}
	one, err := pingone.One[pingone.Member](reply.Body)
	return []pingone.Member{one}, 0, err
}

// isOf tells whether a reply is about who was asked for.
func isOf(u missing, body []byte) error {
	one, err := pingone.One[pingone.Member](body)
	if err == nil && one.ID != u.id {
		err = fmt.Errorf("%w: it is of another one than was asked for", pingone.ErrBadPage)
	}
	return err
}

// A proof is how a list is compared with what earlier runs were told.
type proof struct {
	name string // of the list
	has  func(pingone.ID) bool
	// found is told of each that is there all the same, with PingOne's reply.
	found func(u missing, body []byte) error
}

// proveGone asks for each that is missing by its id: a cursor that lost its
// place, a user who moved, a role that shows a part only, they all look like
// something that was deleted. It returns what could not be proven.
func (r *reading) proveGone(ctx context.Context, p proof) ([]staging.Unread, error) {
	g, err := gapOf(ctx, r.o.Store, r.w.Manifest().Run, p.name, r.readWhole, p.has)
	if err != nil {
		return nil, err
	}
	if !g.isTooWide() {
		proven := map[pingone.ID]bool{}
		for _, id := range r.w.Manifest().Proven {
			proven[id] = true
		}
		return r.askFor(ctx, p, slices.DeleteFunc(g.first, func(u missing) bool { return proven[u.id] }))
	}
	var unread []staging.Unread
	for _, env := range slices.SortedFunc(maps.Keys(g.counts), pingone.ID.Compare) {
		unread = append(unread, g.unread(env))
	}
	return unread, nil
}

// readWhole tells whether the run read the lists of an environment. Where it
// did not, or was refused, the sweep is held for that, and nobody is asked for.
func (r *reading) readWhole(env pingone.ID) bool {
	return slices.Contains(r.w.Manifest().Environments, env) &&
		!slices.ContainsFunc(r.unread.entries, func(u staging.Unread) bool { return u.Environment == env })
}

// asking is the work of many on one gap.
type asking struct {
	proof
	r       *reading
	mu      sync.Mutex
	slices  sliceCounts
	refused map[pingone.ID]*staging.Unread // by environment
}

func (r *reading) askFor(ctx context.Context, p proof, all []missing) ([]staging.Unread, error) {
	if len(all) == 0 {
		return nil, nil
	}
	r.log.InfoContext(ctx, "what earlier runs were told of is missing, and asked for one by one", "list", p.name, "missing", len(all))
	a := &asking{proof: p, r: r, slices: sliceCounts{}, refused: map[pingone.ID]*staging.Unread{}}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.workers(len(all)))
	for _, u := range all {
		g.Go(func() error { return a.ask(gctx, u) })
	}
	err := g.Wait()
	if r.lost {
		return nil, err
	}
	// What was answered is kept, whatever the error.
	if serr := r.save(ctx); serr != nil {
		return nil, serr
	}
	var unread []staging.Unread
	for _, env := range slices.SortedFunc(maps.Keys(a.refused), pingone.ID.Compare) {
		unread = append(unread, *a.refused[env])
	}
	return unread, err
}

func (a *asking) ask(ctx context.Context, u missing) error {
	if a.isHopeless(u.environment) {
		return a.refuse(u, nil)
	}
	where := onePath(u.environment, a.name, u.id.String())
	page, err := a.r.o.Client.Get(ctx, where)
	if err == nil {
		err = isOf(u, page.Body)
	}
	if r := anyRefusal(where, err); r != nil && r.Status != http.StatusNotFound {
		return a.refuse(u, r)
	} else if r == nil && err != nil {
		return err
	}
	return a.keep(ctx, u, page, err == nil)
}

func (a *asking) slice(env pingone.ID) *staging.Slice {
	return a.slices.of(sliceKey{env, a.name, a.name})
}

func (a *asking) isHopeless(env pingone.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return isHopeless(a.slice(env))
}

// refuse notes one that can't be asked for: the first of an environment with
// PingOne's words, the others as a number.
func (a *asking) refuse(u missing, why *pingone.Error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.slice(u.environment)
	s.Asked++
	s.Refused++
	if first := a.refused[u.environment]; first != nil {
		first.Skipped++
		return nil
	}
	first := unreadOf(u.environment, onePath(u.environment, a.name, u.id.String()), nil, why)
	first.Missing = true
	a.refused[u.environment] = &first
	return nil
}

// keep stages one that was missed, or notes that it is gone.
func (a *asking) keep(ctx context.Context, u missing, page pingone.Page, found bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slice(u.environment).Asked++
	if !found {
		m := a.r.w.Manifest()
		m.Proven = append(m.Proven, u.id)
		return a.r.saveInTime(ctx)
	}
	if err := a.found(u, page.Body); err != nil {
		return fmt.Errorf("%s: %w", page.Path, err)
	}
	reply := staging.Reply{Environment: u.environment, Path: page.Path, FetchedAt: page.FetchedAt, Body: page.Body}
	if err := a.r.w.Append(reply, page.Records); err != nil {
		return err
	}
	a.r.log.WarnContext(ctx, "it was in no list and is there all the same", "list", a.name, "environment", u.environment, "id", u.id)
	return a.r.saveInTime(ctx)
}
