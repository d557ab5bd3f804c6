package fetch

import (
	"context"
	"fmt"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// An idList is who is on a list of an environment, as far as it is read.
type idList struct {
	Environment pingone.ID `json:"environment"`
	Name        string     `json:"name"` // users, groups, …
	// Drafts hold the ids, 16 bytes each.
	Drafts []staging.Draft `json:"drafts,omitempty"`
	// Broken tells that an item had no id or another shape.
	Broken bool `json:"broken,omitzero"`
	// Whole is set when the list has come to its end.
	Whole bool `json:"whole,omitzero"`
}

func (l idList) is(env pingone.ID, name string) bool { return l.Environment == env && l.Name == name }

// beginList makes a list the one in hand. from is the page to go on from. What
// is left of the list before is stored first: not at the end of that list, whose
// tasks would be planned again if storing failed there.
func (p *planner) beginList(ctx context.Context, env pingone.ID, name, from string) (*idList, error) {
	if from == "" {
		if err := p.draftIDs(ctx); err != nil {
			return nil, err
		}
		p.place.Lists = append(slices.DeleteFunc(p.place.Lists, func(l idList) bool { return l.is(env, name) }), idList{Environment: env, Name: name})
	}
	return &p.place.Lists[len(p.place.Lists)-1], nil
}

// listParents is listStep for those who hold what is to be read: it keeps who
// is on the list.
func listParents[T pingone.Resource](ctx context.Context, p *planner, env pingone.ID, l pingone.List, each func(*T) error) error {
	return p.step(ctx, func(from string) error {
		in, err := p.beginList(ctx, env, l.Key, from)
		if err != nil {
			return err
		}
		in.Whole, err = listFrom(ctx, p, env, l, from, func(x *T) error {
			p.ids = append(p.ids, (*x).ResourceID())
			return each(x)
		})
		return err
	})
}

// listUsers lists the users of an environment into drafts. The list is not
// whole if PingOne refuses it or an item has no id, which is noted.
func (p *planner) listUsers(ctx context.Context, env pingone.ID) error {
	return p.step(ctx, func(from string) error {
		l := pingone.UsersOf(env)
		u, err := p.beginList(ctx, env, l.Key, from)
		if err != nil {
			return err
		}
		var d pingone.Decoder[pingone.Member]
		whole, err := p.everyPage(ctx, env, l, from, func(page pingone.Page) error {
			items, bad, err := d.Items(page.Body, l.Key)
			if err != nil {
				return err
			}
			u.Broken = u.Broken || bad > 0
			for i := range items {
				if items[i].ID.IsZero() {
					u.Broken = true
					continue
				}
				p.ids = append(p.ids, items[i].ID)
			}
			return p.paged(ctx, page.Next)
		}, func() { *u, p.ids = idList{Environment: env, Name: l.Key}, p.ids[:0] })
		if err != nil {
			return err
		}
		if whole && u.Broken {
			p.unread.add(brokenItem(env, l.Path), "")
		}
		if u.Whole = whole && !u.Broken; !u.Whole {
			p.ids, u.Drafts = p.ids[:0], nil
		}
		return nil
	})
}

// draftIDs stores the ids of the list in hand that are in no draft yet.
func (p *planner) draftIDs(ctx context.Context) error {
	if len(p.ids) == 0 {
		return nil
	}
	data := make([]byte, 0, idBytes*len(p.ids))
	for _, id := range p.ids {
		data = append(data, id[:]...)
	}
	draft, err := p.w.WriteDraft(ctx, data)
	if err != nil {
		return err
	}
	l := &p.place.Lists[len(p.place.Lists)-1]
	l.Drafts, p.ids = append(l.Drafts, draft), p.ids[:0]
	return nil
}

// listed returns who is on a list that was read, and whether they are all.
func (p *planner) listed(ctx context.Context, env pingone.ID, name string) (ids []pingone.ID, whole bool, err error) {
	if err := p.draftIDs(ctx); err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(p.place.Lists, func(l idList) bool { return l.is(env, name) })
	if i < 0 || !p.place.Lists[i].Whole {
		return nil, false, nil
	}
	for _, draft := range p.place.Lists[i].Drafts {
		data, err := p.w.ReadDraft(ctx, draft)
		if err != nil {
			return nil, false, err
		}
		if len(data)%idBytes != 0 {
			return nil, false, fmt.Errorf("%s does not hold ids, start another run: %w", draft.Name, staging.ErrCorrupt)
		}
		ids = slices.Grow(ids, len(data)/idBytes)
		for id := range slices.Chunk(data, idBytes) {
			ids = append(ids, pingone.ID(id))
		}
	}
	return ids, true, nil
}
