package fetch

import (
	"cmp"
	"context"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// partitionAbove is from how many users on an environment is read population
// by population. A cursor is sequential; below this, one is fast enough, and
// the last page of each population would be a call more.
const partitionAbove = 20_000

// planUsers reads a small environment by one cursor, and a large one by one
// cursor a population, at the same time. It reads the first page to tell, and
// keeps it for the cursor, so that nothing is asked for twice.
func planUsers(ctx context.Context, p *planner) error {
	envs, err := p.environments(ctx)
	if err != nil {
		return err
	}
	for _, env := range envs {
		if err := p.step(ctx, func(string) error { return p.planUsersOf(ctx, env) }); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planUsersOf(ctx context.Context, env pingone.ID) error {
	p.place.Estimate.Calls++ // to count all users at the end
	list := pingone.UsersOf(env)
	page, err := p.client.First(ctx, list)
	if r := refusal(err); r != nil {
		return p.add(env, list) // its task will note it
	}
	if err != nil {
		return err
	}
	if page.Next != "" && (page.Count < 0 || page.Count > p.partitionAbove()) {
		parts, err := p.partition(ctx, env)
		if err != nil {
			return err
		}
		if len(parts) > 0 {
			p.expectUsers(sumOfUsers(parts))
			return p.addPopulations(env, parts)
		}
	}
	p.expectUsers(orRecords(page))
	if err := p.keep(p.added, env, page); err != nil {
		return err
	}
	p.place.Estimate.begun(page)
	return p.add(env, list)
}

// expectUsers counts the users of an environment for the estimate of devices.
func (p *planner) expectUsers(n int) {
	if p.o.MFADevices {
		p.place.Estimate.users(n)
	}
}

// orRecords is how many users there are as their first page says, unknown if it
// doesn't.
func orRecords(first pingone.Page) int {
	if first.Next == "" {
		return first.Records
	}
	return first.Count
}

func (p *planner) partitionAbove() int { return cmp.Or(p.o.partitionAbove, partitionAbove) }

// A share is a population and how many users it has.
type share struct {
	population pingone.ID
	users      int
}

// partition returns the populations that have users, if reading them one by
// one is worth it and their counts are known; else none. Populations without
// users are left out: who moves there meanwhile is found when the users of
// each population are counted again.
func (p *planner) partition(ctx context.Context, env pingone.ID) ([]share, error) {
	var parts []share
	total, before, counted := 0, p.unread.len(), true
	err := listed(ctx, p, env, pingone.Populations(env), func(x *pingone.Population) error {
		switch {
		case x.UserCount == nil:
			counted = false
		case *x.UserCount > 0:
			parts = append(parts, share{x.ID, *x.UserCount})
			total += *x.UserCount
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.unread.len() > before { // the users can be read without
		p.unread.entries = p.unread.entries[:before]
		return nil, nil
	}
	if !counted || len(parts) < 2 || total <= p.partitionAbove() {
		return nil, nil
	}
	return parts, nil
}

func sumOfUsers(parts []share) int {
	sum := 0
	for _, s := range parts {
		sum += s.users
	}
	return sum
}

func (p *planner) addPopulations(env pingone.ID, parts []share) error {
	for _, s := range parts {
		parent := &staging.Parent{Kind: populationParent, ID: s.population}
		if err := p.addExpecting(env, pingone.UsersIn(env, s.population), parent, s.users); err != nil {
			return err
		}
	}
	return nil
}

// populationParent is the kind of parent of users that were read by
// population.
const populationParent = "population"
