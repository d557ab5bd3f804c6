package pingonetest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
)

func listBuiltInRoles(c *call) error {
	list := c.s.org.Roles
	return c.unpaged("roles", len(list), true, func() {
		for _, r := range list {
			if !c.loses(r.ID) {
				c.role(c.s.public, r, "", nil)
			}
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
	platform, custom = shown(c, platform, roleID), shown(c, custom, roleID)
	return c.unpaged("roles", len(platform)+len(custom), true, func() {
		for _, r := range platform {
			if !c.loses(r.ID) {
				c.role(c.s.public, r, "PLATFORM", nil)
			}
		}
		for _, r := range custom {
			if !c.loses(r.ID) {
				c.role(c.s.public, r, "CUSTOM", c.env)
			}
		}
	})
}

func roleID(r *Role) pingone.ID { return r.ID }

// shown leaves out what the worker application may not see.
func shown[T any](c *call, list []T, id func(T) pingone.ID) []T {
	if len(c.s.org.vanished) == 0 {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(item T) bool { return !c.sees(id(item)) })
}

func oneRole(c *call) error {
	for _, r := range c.s.org.Roles {
		if r.ID == c.ids[1] && c.sees(r.ID) {
			c.role(c.s.public, r, "PLATFORM", nil)
			return nil
		}
	}
	for _, r := range c.env.CustomRoles {
		if r.ID == c.ids[1] && c.sees(r.ID) {
			c.role(c.s.public, r, "CUSTOM", c.env)
			return nil
		}
	}
	return notFound()
}

// listApplications sends no count, as PingOne.
func listApplications(c *call) error {
	list := shown(c, c.env.Applications, func(a *Application) pingone.ID { return a.ID })
	return c.unpaged("applications", len(list), false, func() {
		for _, a := range list {
			if !c.loses(a.ID) {
				c.application(c.base(), c.env, a)
			}
		}
	})
}

func listGateways(c *call) error {
	list := shown(c, c.env.Gateways, func(g *Gateway) pingone.ID { return g.ID })
	return c.unpaged("gateways", len(list), true, func() {
		for _, g := range list {
			if !c.loses(g.ID) {
				c.gateway(c.base(), c.env, g)
			}
		}
	})
}

func oneApplication(c *call) error {
	a := c.env.Application(c.ids[1])
	if a == nil || !c.sees(a.ID) {
		return notFound()
	}
	c.application(c.base(), c.env, a)
	return nil
}

func oneGateway(c *call) error {
	g := c.env.Gateway(c.ids[1])
	if g == nil || !c.sees(g.ID) {
		return notFound()
	}
	c.gateway(c.base(), c.env, g)
	return nil
}

// showAdminConfig shows how administrators sign on.
func showAdminConfig(c *call) error {
	config := c.env.AdminConfig
	if config == nil {
		return forbidden()
	}
	c.open()
	c.text("authenticationMethod", orElse(config.Method, "PINGONE"))
	c.text("mfaStatus", "ENFORCE")
	c.boolean("recovery", config.Recovery)
	c.object("allowedMethods")
	for _, method := range []string{"EMAIL", "FIDO2", "TOTP"} {
		c.text(method, fmt.Sprintf(`{"enabled":%t}`, method != "EMAIL" || config.Email))
	}
	c.close('}')
	c.ref("environment", c.env.ID)
	c.close('}')
	return nil
}

// capabilities shows the limits of the licence.
func capabilities(c *call) error {
	c.open()
	c.boolean("canUseMfa", true)
	if len(c.s.org.Limits) > 0 {
		c.object("licenseQuantities")
		for _, name := range slices.Sorted(maps.Keys(c.s.org.Limits)) {
			c.object(name)
			c.number("limit", c.s.org.Limits[name])
			c.close('}')
		}
		c.close('}')
	}
	c.close('}')
	return nil
}

// totalIdentities gives today's number for every day that was asked for. The
// filter takes times; a bare day is refused.
func totalIdentities(c *call) error {
	filter, _ := c.param("filter")
	m := spanFilter.FindStringSubmatch(filter)
	if m == nil {
		return c.malformed(filter)
	}
	from, err1 := time.Parse(time.RFC3339, m[1])
	to, err2 := time.Parse(time.RFC3339, m[2])
	if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) > 366*24*time.Hour {
		return c.malformed(filter)
	}
	from = from.UTC().Truncate(24 * time.Hour)
	days := 1 + int(to.Sub(from)/(24*time.Hour))
	return c.unpaged("totalIdentities", days, true, func() {
		for day := range days {
			c.open()
			c.day(from.AddDate(0, 0, day))
			c.number("totalIdentities", c.env.UserCount())
			c.close('}')
		}
	})
}

// day writes the day of a head count.
func (c *call) day(at time.Time) {
	if c.s.set.numericDates {
		c.number("date", int(at.Unix()))
		return
	}
	c.text("date", at.Format(time.DateOnly))
}
