package main

import (
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// pageSize is the most that PingOne puts on a page of users or groups.
const pageSize = 1000

// A size is how big the organization is.
type size struct {
	Users        int `json:"users"`
	Groups       int `json:"groups"`
	Memberships  int `json:"membershipsPerUser"`
	Largest      int `json:"largestGroup"`
	Holders      int `json:"roleHolders"`
	Populations  int `json:"populations"`
	Applications int `json:"applications"`
}

func (s size) withDefaults() size {
	if s.Groups == 0 {
		s.Groups = max(10, s.Users/50)
	}
	if s.Largest < 0 {
		s.Largest = s.Users / 4
	}
	if s.Holders < 0 {
		s.Holders = s.Users / 5
	}
	return s
}

func (s size) organization() *pingonetest.Organization {
	o := pingonetest.Sized(pingonetest.Size{
		Users: s.Users, Groups: s.Groups, MembershipsPerUser: s.Memberships, LargestGroup: s.Largest,
		RoleHolders: s.Holders, Populations: s.Populations, Applications: s.Applications,
		Conditions: true,
	})
	o.AddWorker(environmentID())
	return o
}

// pages is how many calls a list of n takes at least; that it is empty, too,
// takes one to know.
func pages(n int) int { return max(1, (n+pageSize-1)/pageSize) }

// bounds are the fewest calls that each collection can be read with for the
// first time: every page of every list once, and one call for each principal
// that may hold roles, because PingOne has no list of those that do. Our own
// rights, and what bears witness, come on top.
func bounds(e *pingonetest.Environment) map[staging.Collection]int {
	members, users, workers := 0, 0, 0
	for _, g := range e.Groups {
		if n := len(e.DirectMembers(g.ID, true)); n > 0 {
			members += pages(n)
		}
		if n := len(g.Children); n > 0 {
			members += pages(n)
		}
	}
	for _, p := range e.Populations {
		users += pages(e.PopulationCount(p.ID))
	}
	for _, a := range e.Applications {
		if a.Type == "WORKER" {
			workers++
		}
	}
	return map[staging.Collection]int{
		staging.Environments:    1,
		staging.Populations:     pages(len(e.Populations)),
		staging.Users:           users,
		staging.Groups:          pages(len(e.Groups)),
		staging.Memberships:     members,
		staging.Roles:           3, // those that are built in, the environment's, and the organization
		staging.Applications:    1, // never paged
		staging.Gateways:        1, // never paged
		staging.RoleAssignments: len(e.Groups) + workers + len(e.Gateways) + e.UserCount(),
		staging.Devices:         0,
	}
}

// only is the environment of an organization of organization.
func only(o *pingonetest.Organization) *pingonetest.Environment {
	return o.Environment(environmentID())
}

func environmentID() pingone.ID { return pingonetest.SizedEnvironment() }
