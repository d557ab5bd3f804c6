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
	everyone := func(*User) bool { return true }
	org, env := c.s.org, c.env
	switch {
	case !filtered:
		l.count = org.countUsers(env, pingone.ID{})
		l.take(c.usersAfter(l.after, everyone))
	case population != nil:
		id, _ := pingone.ParseID(population[1])
		if org.isThere(env, id) {
			l.count = org.countUsers(env, id)
			l.take(c.usersAfter(l.after, func(u *User) bool { return u.Population == id }))
		}
	case byGroup:
		members := env.all(env.groups[group])
		if direct {
			members = env.direct(env.groups[group], true)
		}
		members = org.shownMembers(env, group, members)
		l.count = len(members)
		l.take(membersAfter(members, l.after))
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

// usersAfter are the positions of users that match and that the worker application
// may see.
func (c *call) usersAfter(after int, match func(*User) bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := after + 1; i < len(c.env.Users); i++ {
			if u := &c.env.Users[i]; match(u) && c.s.org.isUser(c.env, u) && !yield(i) {
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
	org, parent, groups := c.s.org, pingone.ID{}, c.env.Groups
	if filter, ok := c.param("filter"); ok {
		id, direct, byGroup := memberOf(filter)
		if !byGroup {
			return c.malformed(filter)
		}
		parent, groups = id, nil
		if g := c.env.groups[id]; g != nil && org.isThere(c.env, id) && direct {
			groups = c.env.children(g)
		} else if g != nil && org.isThere(c.env, id) {
			groups = c.env.descendants(g)
		}
	}
	groups = org.shownGroups(c.env, parent, groups)
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
	visible := slices.DeleteFunc(slices.Clone(c.env.Populations), func(p *Population) bool { return !c.sees(p.ID) })
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
	org := c.s.org
	list := slices.DeleteFunc(slices.Clone(org.Environments), func(e *Environment) bool { return org.hidden[e.ID] || org.vanished[tie{id: e.ID}] })
	if filter, ok := c.param("filter"); ok {
		match, ok := environmentMatches(org, filter)
		if !ok {
			return c.malformed(filter)
		}
		list = slices.DeleteFunc(list, func(e *Environment) bool { return !match(e) })
	}
	l.count = len(list)
	l.take(indexesAfter(l.after, len(list)))
	c.begin(l)
	for _, i := range l.positions {
		if !c.loses(list[i].ID) {
			c.environment(c.s.public, org, list[i])
		}
	}
	c.end(l)
	return nil
}

// sees tells whether the worker application may see an item of the environment.
func (c *call) sees(id pingone.ID) bool { return c.s.org.isThere(c.env, id) }

// userInPath is the user that the path leads through or to, or nil.
func (c *call) userInPath() *User {
	if u := c.env.User(c.ids[1]); u != nil && c.s.org.isUser(c.env, u) {
		return u
	}
	return nil
}

func oneUser(c *call) error {
	u := c.userInPath()
	if u == nil {
		return notFound()
	}
	c.user(c.base(), c.env, u)
	return nil
}

func listDevices(c *call) error {
	u := c.userInPath()
	if u == nil {
		return notFound()
	}
	l, err := c.paged("devices", devicePage, devicePage)
	if err != nil {
		return err
	}
	devices := slices.DeleteFunc(slices.Clone(c.env.Devices[u.ID]), func(d Device) bool { return !c.sees(d.ID) })
	l.count = len(devices)
	l.take(indexesAfter(l.after, len(devices)))
	base := c.base()
	c.begin(l)
	for _, i := range l.positions {
		if !c.loses(devices[i].ID) {
			c.device(base, c.env, u, &devices[i])
		}
	}
	c.end(l)
	return nil
}

func oneGroup(c *call) error {
	g := c.env.Group(c.ids[1])
	if g == nil || !c.sees(g.ID) {
		return notFound()
	}
	c.group(c.base(), c.env, g)
	return nil
}

func onePopulation(c *call) error {
	p := c.env.Population(c.ids[1])
	if p == nil || !c.sees(p.ID) {
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
