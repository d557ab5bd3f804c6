package pingonetest

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
)

const uuidPattern = `"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"`

var (
	memberFilter     = regexp.MustCompile(`^memberOfGroups\[id eq ` + uuidPattern + `( and type eq "DIRECT")?\]$`)
	populationFilter = regexp.MustCompile(`^population\.id eq ` + uuidPattern + `$`)
	updatedFilter    = regexp.MustCompile(`^updatedAt gt "[0-9TZ:.-]+"$`)
	typeFilter       = regexp.MustCompile(`^type eq "(CUSTOM|PLATFORM)"$`)
	spanFilter       = regexp.MustCompile(`^startDate eq "([^"]+)" and endDate eq "([^"]+)"$`)
	environFilter    = regexp.MustCompile(`^(id|organization\.id|status|name) (eq|sw) "([^"]*)"$`)
	activityTerm     = regexp.MustCompile(`^([A-Za-z.]+) (gt|ge|lt|le|eq) "([^"]*)"$`)
	andOperator      = regexp.MustCompile(`(?i) and `)
)

// malformed answers a filter that PingOne would not understand.
func (c *call) malformed(filter string) error {
	c.s.violate("GET %s: filter %s", c.r.URL.Path, filter)
	return badFilter()
}

func badFilter() error {
	e := invalid("filter", "INVALID_FILTER")
	e.code = "INVALID_DATA"
	return e
}

// memberOf reads a membership filter: the group and whether direct members
// are meant.
func memberOf(filter string) (group pingone.ID, direct, ok bool) {
	m := memberFilter.FindStringSubmatch(filter)
	if m == nil {
		return pingone.ID{}, false, false
	}
	group, _ = pingone.ParseID(m[1])
	return group, m[2] != "", true
}

// environmentMatches compiles a filter of environments.
func environmentMatches(o *Organization, filter string) (func(*Environment) bool, bool) {
	m := environFilter.FindStringSubmatch(filter)
	if m == nil || (m[1] == "name") != (m[2] == "sw") {
		return nil, false
	}
	return func(e *Environment) bool {
		switch m[1] {
		case "id":
			return e.ID.String() == strings.ToLower(m[3])
		case "organization.id":
			return o.ID.String() == strings.ToLower(m[3])
		case "status":
			return orElse(e.Status, "ACTIVE") == m[3]
		}
		return strings.HasPrefix(e.Name, m[3])
	}, true
}

// An eventQuery is a filter of activities.
type eventQuery struct {
	tests  []func(*event) bool
	action string    // if it is of one
	since  time.Time // nothing before
}

func (q *eventQuery) matches(ev *event) bool {
	return !slices.ContainsFunc(q.tests, func(f func(*event) bool) bool { return !f(ev) })
}

// eventFilter compiles a filter of activities. A lower bound of recordedAt is
// a must, and type of action and type of resource exclude each other.
func eventFilter(filter string) (*eventQuery, bool) {
	q := &eventQuery{}
	seen := map[string]bool{}
	for _, term := range andOperator.Split(filter, -1) {
		m := activityTerm.FindStringSubmatch(term)
		if m == nil {
			return nil, false
		}
		attribute, operator := strings.ToLower(m[1]), m[2]
		match := eventTerm(attribute, operator, m[3])
		if match == nil || seen[attribute+operator] {
			return nil, false
		}
		seen[attribute+operator] = true
		q.tests = append(q.tests, match)
		switch attribute + operator {
		case "action.typeeq":
			q.action = m[3]
		case "recordedatgt", "recordedatge":
			q.since, _ = time.Parse(time.RFC3339, m[3]) // as eventTerm did
		}
	}
	bounded := seen["recordedatgt"] || seen["recordedatge"]
	if !bounded || (seen["action.typeeq"] && seen["resources.typeeq"]) {
		return nil, false
	}
	return q, true
}

// eventTerm is one comparison, or nil where PingOne has none.
func eventTerm(attribute, operator, value string) func(*event) bool {
	if attribute == "recordedat" {
		at, err := time.Parse(time.RFC3339, value)
		if err != nil || operator == "eq" {
			return nil
		}
		return func(ev *event) bool {
			order := ev.at.Compare(at)
			switch operator {
			case "gt":
				return order > 0
			case "ge":
				return order >= 0
			case "lt":
				return order < 0
			}
			return order <= 0
		}
	}
	if operator != "eq" {
		return nil
	}
	anyResource := func(equal func(r resource) bool) func(*event) bool {
		return func(ev *event) bool { return slices.ContainsFunc(ev.resources, equal) }
	}
	switch attribute {
	case "action.type":
		return func(ev *event) bool { return ev.action == value }
	case "resources.type":
		return anyResource(func(r resource) bool { return r.kind == value })
	case "resources.id":
		return anyResource(func(r resource) bool { return r.id.String() == strings.ToLower(value) })
	case "resources.population.id":
		return anyResource(func(r resource) bool { return r.population.String() == strings.ToLower(value) })
	case "correlationid":
		return func(ev *event) bool { return StableID("correlation", ev.id.String()).String() == value }
	}
	return nil
}
