package fetch

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A place is where the making of a plan is: the steps that are done, and the
// page to go on from in the one after. The manifest keeps it beside the tasks
// that were found until then.
type place struct {
	// Environments are those to read, as far as they are known.
	Environments []pingone.ID `json:"environments,omitempty"`
	Organization pingone.ID   `json:"organization,omitzero"`
	// Lists are who was listed, if that is needed again.
	Lists []idList `json:"lists,omitempty"`
	Steps int      `json:"steps"`
	Next  string   `json:"next,omitzero"`
	// Restarted tells that the step's list was begun again.
	Restarted bool `json:"restarted,omitzero"`
	Pages     int  `json:"pages"` // of all lists
	// Estimate is of the calls that the tasks will take.
	Estimate estimate `json:"estimate"`
}

// isBehind tells whether there was any progress from p to q.
func (p *place) isBehind(q *place) bool { return p.Steps < q.Steps || p.Pages < q.Pages }

// resume takes up the place that an earlier invocation committed.
func (p *planner) resume(planning *staging.Planning) error {
	p.place = &place{}
	if planning == nil {
		return nil
	}
	if err := json.Unmarshal(planning.Place, p.place); err != nil {
		return fmt.Errorf("the place in the plan can't be read, start another run: %w", staging.ErrCorrupt)
	}
	p.began, p.kept = *p.place, *p.place
	for _, o := range planning.Plan {
		p.added += o.Tasks
	}
	return nil
}

// keepPlace writes down the place for the next commit.
func (p *planner) keepPlace(ctx context.Context) error {
	if err := p.draftIDs(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(p.place)
	if err != nil {
		return err
	}
	return p.w.KeepPlace(data)
}

// allInOne commits what was planned so far; from here on all counts, or
// nothing.
func (p *planner) allInOne(ctx context.Context) error {
	if p.kept.isBehind(p.place) {
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	p.inOne = true
	return nil
}

// step does a part of the plan, unless an earlier invocation did; from is the
// page to go on from within it. do asks PingOne before it adds anything, page
// by page or all in one: what fails must not have added half of something.
// Tasks outside of steps come after the last one.
func (p *planner) step(ctx context.Context, do func(from string) error) error {
	if p.steps++; p.steps <= p.place.Steps {
		return nil
	}
	if err := do(p.place.Next); err != nil {
		return err
	}
	p.place.Steps, p.place.Next, p.place.Restarted = p.steps, "", false
	return p.saveInTime(ctx)
}

// paged notes that a page of the step's list was dealt with. The last one is
// noted with the step.
func (p *planner) paged(ctx context.Context, next string) error {
	p.place.Pages++
	if p.place.Next = next; next == "" {
		return nil
	}
	return p.saveInTime(ctx)
}

// listFrom is listed within a step, from a page on. whole tells whether the list
// came to its end.
func listFrom[T pingone.Resource](ctx context.Context, p *planner, env pingone.ID, l pingone.List, from string, each func(*T) error) (whole bool, err error) {
	seen := map[pingone.ID]bool{}
	if from != "" {
		if err := p.planned(ctx, env, seen); err != nil {
			return false, err
		}
	}
	return eachOf(ctx, p, env, l, from, seen, each, func(page pingone.Page) error { return p.paged(ctx, page.Next) })
}

// planned adds the parents of an environment's tasks to seen, and the
// environments: a list may have to start again.
func (p *planner) planned(ctx context.Context, env pingone.ID, seen map[pingone.ID]bool) error {
	for _, id := range p.place.Environments {
		seen[id] = true
	}
	for line, err := range p.w.Plan(ctx) {
		if err != nil {
			return err
		}
		var t task
		if err := json.Unmarshal(line, &t); err != nil {
			return fmt.Errorf("a task of the plan can't be read, start another run: %w", staging.ErrCorrupt)
		}
		if t.Environment == env && t.Parent != nil {
			seen[t.Parent.ID] = true
		}
	}
	return nil
}

// listed calls each with every resource of a list, once by id. A refusal
// notes the list as unread; a resource that can't be decoded, or has no id,
// does so as well, since nobody will ask for what hangs on it.
func listed[T pingone.Resource](ctx context.Context, p *planner, env pingone.ID, l pingone.List, each func(*T) error) error {
	_, err := eachOf(ctx, p, env, l, "", map[pingone.ID]bool{}, each, func(pingone.Page) error { return nil })
	return err
}

// eachOf is listed from a page on; paged is called when all of a page was.
func eachOf[T pingone.Resource](ctx context.Context, p *planner, env pingone.ID, l pingone.List, from string,
	seen map[pingone.ID]bool, each func(*T) error, paged func(pingone.Page) error,
) (whole bool, err error) {
	var d pingone.Decoder[T]
	return p.everyPage(ctx, env, l, from, func(page pingone.Page) error {
		all, broken, err := d.Items(page.Body, l.Key)
		if err != nil {
			return err
		}
		for i := range all {
			id := all[i].ResourceID()
			switch {
			case id.IsZero():
				broken++
				continue
			case seen[id]:
				continue
			}
			seen[id] = true
			if err := each(&all[i]); err != nil {
				return err
			}
		}
		if broken > 0 {
			p.unread.add(brokenItem(env, l.Path), "")
		}
		return paged(page)
	}, func() {})
}

// everyPage calls each with every page of a list, from one on. A refusal notes
// the list as unread: it is not whole. A cursor that PingOne no longer takes
// starts the list again, once in a run, after a call of again.
func (p *planner) everyPage(ctx context.Context, env pingone.ID, l pingone.List, from string, each func(pingone.Page) error, again func()) (whole bool, err error) {
	for {
		pages := 0
		if from != "" {
			pages++ // those before
		}
		err := p.pagesFrom(ctx, l, from, func(page pingone.Page) error {
			pages++
			return each(page)
		})
		r := refusal(err)
		switch {
		case r == nil:
			return err == nil, err
		case isCursorLost(r, pages) && !p.place.Restarted:
			p.place.Restarted, from = true, ""
			again()
		default:
			p.unread.add(unreadOf(env, l.Path, nil, r), "")
			return false, nil
		}
	}
}

func (p *planner) pagesFrom(ctx context.Context, l pingone.List, from string, each func(pingone.Page) error) error {
	for page, err := range p.client.Pages(ctx, l, from) {
		if err != nil {
			return err
		}
		if err := each(page); err != nil {
			return err
		}
	}
	return nil
}
