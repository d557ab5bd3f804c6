package pingonetest

import (
	"slices"
	"time"
)

func listBuiltInRoles(c *call) error {
	list := c.s.org.Roles
	return c.unpaged("roles", len(list), true, func() {
		for _, r := range list {
			c.role(c.s.public, r, "", nil)
		}
	})
}

// listRoles are the built-in and the custom roles of an environment.
func listRoles(c *call) error {
	platform, custom := c.s.org.Roles, c.env.CustomRoles
	if filter, ok := c.param("filter"); ok {
		m := typeFilter.FindStringSubmatch(filter)
		if m == nil {
			return c.malformed(filter)
		}
		if m[1] == "CUSTOM" {
			platform = nil
		} else {
			custom = nil
		}
	}
	return c.unpaged("roles", len(platform)+len(custom), true, func() {
		for _, r := range platform {
			c.role(c.s.public, r, "PLATFORM", nil)
		}
		for _, r := range custom {
			c.role(c.s.public, r, "CUSTOM", c.env)
		}
	})
}

// listApplications sends no count, as PingOne.
func listApplications(c *call) error {
	list := c.env.Applications
	return c.unpaged("applications", len(list), false, func() {
		for _, a := range list {
			if !c.loses(a.ID) {
				c.application(c.base(), c.env, a)
			}
		}
	})
}

func listGateways(c *call) error {
	list := c.env.Gateways
	return c.unpaged("gateways", len(list), true, func() {
		for _, g := range list {
			if !c.loses(g.ID) {
				c.gateway(c.base(), c.env, g)
			}
		}
	})
}

func listRoleAssignments(c *call, kind PrincipalKind) error {
	p := Principal{kind, c.ids[1]}
	var found bool
	switch kind {
	case UserPrincipal:
		found = c.env.User(p.ID) != nil
	case GroupPrincipal:
		found = c.env.Group(p.ID) != nil
	case ApplicationPrincipal:
		found = c.env.Application(p.ID) != nil
	case GatewayPrincipal:
		found = c.env.Gateway(p.ID) != nil
	}
	if !found {
		return notFound()
	}
	held := c.env.RoleAssignments[p]
	return c.unpaged("roleAssignments", len(held), true, func() {
		base := c.base()
		for _, a := range held {
			c.roleAssignment(base, c.env, p, a)
		}
	})
}

func oneApplication(c *call) error {
	a := c.env.Application(c.ids[1])
	if a == nil {
		return notFound()
	}
	c.application(c.base(), c.env, a)
	return nil
}

func oneGateway(c *call) error {
	g := c.env.Gateway(c.ids[1])
	if g == nil {
		return notFound()
	}
	c.gateway(c.base(), c.env, g)
	return nil
}

// totalIdentities gives today's number for every day that was asked for.
func totalIdentities(c *call) error {
	filter, _ := c.param("filter")
	m := spanFilter.FindStringSubmatch(filter)
	if m == nil {
		return c.malformed(filter)
	}
	from, err1 := parseDay(m[1])
	to, err2 := parseDay(m[2])
	if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) > 366*24*time.Hour {
		return c.malformed(filter)
	}
	days := 1 + int(to.Sub(from)/(24*time.Hour))
	return c.unpaged("totalIdentities", days, true, func() {
		for day := range days {
			c.open()
			c.text("date", from.AddDate(0, 0, day).Format(time.DateOnly))
			c.number("totalIdentities", c.env.UserCount())
			c.close('}')
		}
	})
}

// parseDay takes a day or a time within it.
func parseDay(s string) (time.Time, error) {
	if len(s) > len(time.DateOnly) {
		t, err := time.Parse(time.RFC3339, s)
		return t.UTC().Truncate(24 * time.Hour), err
	}
	return time.Parse(time.DateOnly, s)
}

// listActivities is newest first; the cursor is the number of the last event
// shown, so that events recorded meanwhile don't shift the pages.
func listActivities(c *call) error {
	l, err := c.paged("activities", activityPage, activityTop)
	if err != nil {
		return err
	}
	filter, _ := c.param("filter")
	match, ok := eventMatches(filter)
	if !ok {
		return c.malformed(filter)
	}
	var shown []*event
	for i := range slices.Backward(c.env.events) {
		ev := &c.env.events[i]
		if !match(ev) {
			continue
		}
		l.count++
		if l.after >= 0 && ev.number >= l.after {
			continue
		}
		if len(shown) == l.limit {
			l.more = true
			continue
		}
		shown = append(shown, ev)
		l.positions = append(l.positions, ev.number)
	}
	c.begin(l)
	for _, ev := range shown {
		c.activity(c.base(), c.env, ev)
	}
	c.end(l)
	return nil
}
