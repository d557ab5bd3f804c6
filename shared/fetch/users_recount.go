package fetch

import (
	"cmp"
	"context"
	"slices"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// plannedUsers are the users of each population that is read by itself, as
// PingOne counted them at the start.
func (r *reading) plannedUsers(ctx context.Context) (map[home]int, error) {
	planned := map[home]int{}
	for line, err := range r.w.Plan(ctx) {
		if err != nil {
			return nil, err
		}
		var t task
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, err
		}
		if t.Parent != nil {
			planned[home{t.Environment, t.Parent.ID}] = t.Expect
		}
	}
	return planned, nil
}

// recountUsers counts the users of populations that were read by themselves
// again, and reads those once more that have more than were found in them: a
// user who moved, from a population that was still to be read to one that was
// already read, is in neither list. It is done once in a run for each.
func (r *reading) recountUsers(ctx context.Context, planned map[home]int, l *listing) error {
	m := r.w.Manifest()
	partitioned := map[pingone.ID]bool{}
	for p := range planned {
		partitioned[p.environment] = true
	}
	done := recounted(m)
	for _, env := range m.Environments {
		if !partitioned[env] {
			continue
		}
		now, err := r.populationsNow(ctx, env)
		if err != nil {
			return err
		}
		for _, s := range now {
			p := home{env, s.population}
			if _, ok := done[p]; ok {
				continue
			}
			m.Recounts = append(m.Recounts, staging.Recount{Environment: env, Population: s.population, Users: s.users})
			if s.users <= l.in(p) {
				continue
			}
			// Kept first: a population too large to be read in one invocation
			// would begin again in each. Cut off, it is short, which holds.
			if err := r.save(ctx); err != nil {
				return err
			}
			if err := r.readAgain(ctx, p, l); err != nil {
				return err
			}
		}
	}
	if len(m.Recounts) == len(done) {
		return nil
	}
	return r.save(ctx)
}

func recounted(m *staging.Manifest) map[home]int {
	done := map[home]int{}
	for _, c := range m.Recounts {
		done[home{c.Environment, c.Population}] = c.Users
	}
	return done
}

// populationsNow counts the users of all populations. Those that PingOne does
// not tell are left out, so that what it said at the start stands.
func (r *reading) populationsNow(ctx context.Context, env pingone.ID) ([]share, error) {
	var now []share
	p := &planner{client: r.o.Client, unread: newUnreadList(nil), place: &place{}} // a refusal is no gap in what was read
	err := listed(ctx, p, env, pingone.Populations(env), func(x *pingone.Population) error {
		if x.UserCount != nil {
			now = append(now, share{x.ID, *x.UserCount})
		}
		return nil
	})
	return now, err
}

// readAgain stages a population's pages once more. If it is refused, what was
// read before is compared with the counts.
func (r *reading) readAgain(ctx context.Context, p home, l *listing) error {
	parent := &staging.Parent{Kind: populationParent, ID: p.population}
	for page, err := range r.o.Client.Pages(ctx, pingone.UsersIn(p.environment, p.population), "") {
		if refusal(err) != nil {
			return nil // see above
		}
		if err != nil {
			return err
		}
		reply := staging.Reply{Environment: p.environment, Path: page.Path, Parent: parent, FetchedAt: page.FetchedAt, Body: page.Body}
		if err := r.w.Append(reply, page.Records); err != nil {
			return err
		}
		if err := l.addReply(reply); err != nil {
			return err
		}
		if r.w.Full() {
			if err := r.save(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// shortPopulations are those of which fewer users were read than PingOne
// counted, at the start and now: the same user is counted once, where it was
// seen last, so that one who was read twice hides nobody.
func shortPopulations(m *staging.Manifest, planned map[home]int, l *listing) []staging.Short {
	least := recounted(m)
	for p, n := range planned {
		if now, ok := least[p]; !ok || n < now {
			least[p] = n
		}
	}
	var short []staging.Short
	for p, n := range least {
		if read := l.in(p); read < n {
			short = append(short, staging.Short{
				Environment: p.environment, Parent: staging.Parent{Kind: populationParent, ID: p.population},
				List: usersName, Expected: n, Read: read,
			})
		}
	}
	slices.SortFunc(short, func(a, b staging.Short) int {
		return cmp.Or(a.Environment.Compare(b.Environment), a.Parent.ID.Compare(b.Parent.ID))
	})
	return short
}
