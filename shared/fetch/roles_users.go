package fetch

import (
	"context"
	"fmt"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A userList is the users of an environment, as far as they are listed.
type userList struct {
	Environment pingone.ID `json:"environment"`
	// Drafts hold the ids, 16 bytes each.
	Drafts []staging.Draft `json:"drafts,omitempty"`
	// Broken tells that an item had no id or another shape.
	Broken bool `json:"broken,omitzero"`
	// Whole is set when the list has come to its end.
	Whole bool `json:"whole,omitzero"`
}

// listUsers lists the users of an environment into drafts. The list is not
// whole if PingOne refuses it or an item has no id, which is noted.
func (p *planner) listUsers(ctx context.Context, env pingone.ID) error {
	return p.step(ctx, func(from string) error {
		if from == "" {
			p.place.Users = append(slices.DeleteFunc(p.place.Users, func(u userList) bool { return u.Environment == env }), userList{Environment: env})
		}
		u := &p.place.Users[len(p.place.Users)-1]
		l := pingone.UsersOf(env)
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
		}, func() { *u, p.ids = userList{Environment: env}, p.ids[:0] })
		if err != nil {
			return err
		}
		if whole && u.Broken {
			p.unread.add(brokenItem(env, l.Path), "")
		}
		if u.Whole = whole && !u.Broken; !u.Whole {
			p.ids, u.Drafts = p.ids[:0], nil
		}
		return p.draftIDs(ctx)
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
	u := &p.place.Users[len(p.place.Users)-1]
	u.Drafts, p.ids = append(u.Drafts, draft), p.ids[:0]
	return nil
}

// usersOf returns the users of an environment that was listed, and whether
// they are all.
func (p *planner) usersOf(ctx context.Context, env pingone.ID) (ids []pingone.ID, whole bool, err error) {
	i := slices.IndexFunc(p.place.Users, func(u userList) bool { return u.Environment == env })
	if i < 0 || !p.place.Users[i].Whole {
		return nil, false, nil
	}
	for _, draft := range p.place.Users[i].Drafts {
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
