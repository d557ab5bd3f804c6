package pingonetest

import (
	"iter"
	"slices"
	"sort"

	"pingone-authomize/shared/pingone"
)

const (
	directoryPage   = 1000 // most and default of users, groups and populations
	environmentPage = 1000
	environmentTop  = 5000
	devicePage      = 100 // no limit can be given
	activityPage    = 100
	activityTop     = 500
)

func listUsers(c *call) error {
	l, err := c.paged("users", directoryPage, directoryPage)
	if err != nil {
		return err
	}
	filter, filtered := c.param("filter")
	population := populationFilter.FindStringSubmatch(filter)
	group, direct, byGroup := memberOf(filter)
	switch {
	case !filtered:
		l.count = c.env.visibleCount()
		l.take(c.env.usersAfter(l.after, func(*User) bool { return true }))
	case population != nil:
		id, _ := pingone.ParseID(population[1])
		if !c.env.hidden[id] {
			l.count = c.env.PopulationCount(id)
		}
		l.take(c.env.usersAfter(l.after, func(u *User) bool { return u.Population == id }))
	case byGroup:
		members := c.env.all(c.env.groups[group])
		if direct {
			members = c.env.direct(c.env.groups[group], !c.s.set.dynamicNotDirect)
		}
		l.count = len(members)
		l.take(membersAfter(members, l.after))
	case updatedFilter.MatchString(filter) && c.s.set.updatedAt: // all of them were, just now
		l.count = c.env.UserCount()
		l.take(c.env.usersAfter(l.after, func(*User) bool { return true }))
	case updatedFilter.MatchString(filter):
		return badFilter() // no violation: its documentation says both
	default:
		return c.malformed(filter)
	}
	base := c.base()
	c.begin(l)
	for _, i := range l.positions {
		if u := &c.env.Users[i]; !c.loses(u.ID) {
			c.user(base, c.env, u)
		}
	}
	c.end(l)
	return nil
}

// usersAfter are the positions of users that match.
func (e *Environment) usersAfter(after int, match func(*User) bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := after + 1; i < len(e.Users); i++ {
			if u := &e.Users[i]; e.isVisible(u) && match(u) && !yield(i) {
				return
			}
		}
	}
}

func membersAfter(members []int32, after int) iter.Seq[int] {
	start := sort.Search(len(members), func(i int) bool { return int(members[i]) > after })
	return func(yield func(int) bool) {
		for _, i := range members[start:] {
			if !yield(int(i)) {
				return
			}
		}
	}
}

func listGroups(c *call) error {
	l, err := c.paged("groups", directoryPage, directoryPage)
	if err != nil {
		return err
	}
	groups := c.env.Groups
	if filter, ok := c.param("filter"); ok {
		id, direct, byGroup := memberOf(filter)
		if !byGroup {
			return c.malformed(filter)
		}
		groups = nil
		if g := c.env.groups[id]; g != nil && direct {
			groups = c.env.children(g)
		} else if g != nil {
			groups = c.env.descendants(g)
		}
	}
	l.count = len(groups)
	// A cursor is a sequence number, since groups can be removed.
	start := sort.Search(len(groups), func(i int) bool { return int(groups[i].seq) > l.after })
	groups = groups[start:]
	shown := groups[:min(len(groups), l.limit)]
	l.more = len(groups) > len(shown)
	for _, g := range shown {
		l.positions = append(l.positions, int(g.seq))
	}
	base := c.base()
	c.begin(l)
	for _, g := range shown {
		if !c.loses(g.ID) {
			c.group(base, c.env, g)
		}
	}
	c.end(l)
	return nil
}

func listPopulations(c *call) error {
	l, err := c.paged("populations", directoryPage, directoryPage)
	if err != nil {
		return err
	}
	visible := slices.DeleteFunc(slices.Clone(c.env.Populations), func(p *Population) bool { return c.env.hidden[p.ID] })
	l.count = len(visible)
	l.take(indexesAfter(l.after, l.count))
	c.begin(l)
	for _, i := range l.positions {
		if p := visible[i]; !c.loses(p.ID) {
			c.population(c.base(), c.env, p)
		}
	}
	c.end(l)
	return nil
}

// indexesAfter are the positions after a cursor in a list of n.
func indexesAfter(after, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := after + 1; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

func listEnvironments(c *call) error {
	l, err := c.paged("environments", environmentPage, environmentTop)
	if err != nil {
		return err
	}
	list := c.s.org.Environments
	if filter, ok := c.param("filter"); ok {
		match, ok := environmentMatches(c.s.org, filter)
		if !ok {
			return c.malformed(filter)
		}
		list = slices.DeleteFunc(slices.Clone(list), func(e *Environment) bool { return !match(e) })
	}
	l.count = len(list)
	l.take(indexesAfter(l.after, len(list)))
	c.begin(l)
	for _, i := range l.positions {
		c.environment(c.s.public, c.s.org, list[i])
	}
	c.end(l)
	return nil
}

func oneUser(c *call) error {
	u := c.env.User(c.ids[1])
	if u == nil || c.env.hidden[u.Population] {
		return notFound()
	}
	c.user(c.base(), c.env, u)
	return nil
}

func listDevices(c *call) error {
	u := c.env.User(c.ids[1])
	if u == nil || c.env.hidden[u.Population] {
		return notFound()
	}
	l, err := c.paged("devices", devicePage, devicePage)
	if err != nil {
		return err
	}
	devices := c.env.Devices[u.ID]
	l.count = len(devices)
	l.take(indexesAfter(l.after, len(devices)))
	base := c.base()
	c.begin(l)
	for _, i := range l.positions {
		c.device(base, c.env, u, &devices[i])
	}
	c.end(l)
	return nil
}

func oneGroup(c *call) error {
	g := c.env.Group(c.ids[1])
	if g == nil {
		return notFound()
	}
	c.group(c.base(), c.env, g)
	return nil
}

func onePopulation(c *call) error {
	p := c.env.Population(c.ids[1])
	if p == nil || c.env.hidden[p.ID] {
		return notFound()
	}
	c.population(c.base(), c.env, p)
	return nil
}

func oneEnvironment(c *call) error {
	c.environment(c.s.public, c.s.org, c.env)
	return nil
}

func oneOrganization(c *call) error {
	if c.ids[0] != c.s.org.ID {
		return notFound()
	}
	c.organization(c.s.public, c.s.org)
	return nil
}
