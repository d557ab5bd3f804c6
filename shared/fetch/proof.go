package fetch

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
		found: func(staging.Reply) error { return nil },
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
		all, _, err := staging.ItemsOf(&d, reply, string(m.Collection))
		if err != nil {
			return nil, err
		}
		for _, x := range all {
			ids[x.ID] = struct{}{}
		}
	}
	return ids, nil
}

// A proof is how a list is compared with what earlier runs were told.
type proof struct {
	name string // of the list
	has  func(pingone.ID) bool
	// found is told of each that is there all the same.
	found func(staging.Reply) error
}

// proveGone asks for each that is missing by its id. It returns what could not
// be proven.
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

// askFor stages those that were missed, and notes those that are gone.
func (r *reading) askFor(ctx context.Context, p proof, all []missing) ([]staging.Unread, error) {
	if len(all) == 0 {
		return nil, nil
	}
	r.log.InfoContext(ctx, "what earlier runs were told of is missing, and asked for one by one", "list", p.name, "missing", len(all))
	a := &asking{
		client: r.o.Client, name: p.name,
		there: func(u missing, page pingone.Page) error { return r.keepMissed(ctx, p, u, page) },
		gone: func(u missing) error {
			m := r.w.Manifest()
			m.Proven = append(m.Proven, u.id)
			return r.saveInTime(ctx)
		},
	}
	err := a.all(ctx, all, r.workers(len(all)))
	if r.lost {
		return nil, err
	}
	// What was answered is kept, whatever the error.
	if serr := r.save(ctx); serr != nil {
		return nil, serr
	}
	return a.unread(), err
}

// keepMissed stages one that was in no list.
func (r *reading) keepMissed(ctx context.Context, p proof, u missing, page pingone.Page) error {
	reply := staging.Reply{Environment: u.environment, Path: page.Path, FetchedAt: page.FetchedAt, Body: page.Body}
	if err := p.found(reply); err != nil {
		return fmt.Errorf("%s: %w", page.Path, err)
	}
	if err := r.w.Append(reply, page.Records); err != nil {
		return err
	}
	r.log.WarnContext(ctx, "it was in no list and is there all the same", "list", p.name, "environment", u.environment, "id", u.id)
	return r.saveInTime(ctx)
}
