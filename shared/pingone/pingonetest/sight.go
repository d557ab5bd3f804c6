package pingonetest

import (
	"slices"

	"pingone-authomize/shared/pingone"
)

// The methods here change what the worker application may see, and what PingOne
// shows, but not what is there. All but Narrow and Widen leave the worker
// application's role assignments alone, and write no audit event.

// HideEnvironment takes the worker application's right to see an environment: it
// is not listed, and answers 403, as does all that is in it.
func (o *Organization) HideEnvironment(env pingone.ID) {
	_, done := o.change(env)
	defer done()
	o.hidden[env] = true
}

// ShowEnvironment undoes HideEnvironment.
func (o *Organization) ShowEnvironment(env pingone.ID) { o.Widen(env, pingone.ID{}) }

// HideGroups takes the worker application's right to see groups: they are not
// listed, answer 404 by id, and have no members to it.
func (o *Organization) HideGroups(env pingone.ID, groups ...pingone.ID) {
	e, done := o.change(env)
	defer done()
	for _, g := range groups {
		e.hidden[g] = true
	}
}

// ShowGroups undoes HideGroups.
func (o *Organization) ShowGroups(env pingone.ID, groups ...pingone.ID) {
	e, done := o.change(env)
	defer done()
	for _, g := range groups {
		delete(e.hidden, g)
	}
}

// Vanish lets items of any kind, role assignments and devices too, answer as if
// they were not there, until Return: 404 by id and for all that is below, and no
// list shows or counts them but the head count.
func (o *Organization) Vanish(ids ...pingone.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		o.vanished[tie{id: id}] = true
	}
}

// Return undoes Vanish.
func (o *Organization) Return(ids ...pingone.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		delete(o.vanished, tie{id: id})
	}
}

// VanishMember lets a membership or nesting answer as if it were not there, until
// ReturnMember: neither the group's lists nor the member's show it. What the
// member has by another group stays.
func (o *Organization) VanishMember(group, member pingone.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.vanished[tie{group, member}] = true
}

// ReturnMember undoes VanishMember.
func (o *Organization) ReturnMember(group, member pingone.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.vanished, tie{group, member})
}

// isThere tells whether an item of an environment is one to the worker application.
func (o *Organization) isThere(e *Environment, id pingone.ID) bool {
	return !e.hidden[id] && !o.vanished[tie{id: id}]
}

// isUser tells the same of a user.
func (o *Organization) isUser(e *Environment, u *User) bool {
	return !u.removed && !e.hidden[u.Population] && (len(o.vanished) == 0 || o.isThere(e, u.ID))
}

// countUsers is the number of users of a population, or with a zero id of all, that
// the worker application may see. It costs no look at each user.
func (o *Organization) countUsers(e *Environment, population pingone.ID) int {
	n := len(e.users)
	if !population.IsZero() {
		n = e.perPopulation[population]
	} else {
		for id := range e.hidden {
			n -= e.perPopulation[id]
		}
	}
	for t := range o.vanished {
		u := e.User(t.id)
		if t.member.IsZero() && u != nil && !e.hidden[u.Population] && (population.IsZero() || u.Population == population) {
			n--
		}
	}
	return n
}

// shownMembers leaves out of a group's members whoever vanished from it.
func (o *Organization) shownMembers(e *Environment, group pingone.ID, members []int32) []int32 {
	switch {
	case !o.isThere(e, group):
		return nil
	case len(o.vanished) == 0:
		return members
	}
	return slices.DeleteFunc(slices.Clone(members), func(i int32) bool {
		id := e.Users[i].ID
		return o.vanished[tie{id: id}] || o.vanished[tie{group, id}]
	})
}

// shownGroups leaves out of the groups within one, or of all groups, those that
// the worker application may not see, and whoever vanished.
func (o *Organization) shownGroups(e *Environment, parent pingone.ID, groups []*Group) []*Group {
	if len(e.hidden) == 0 && len(o.vanished) == 0 {
		return groups
	}
	return slices.DeleteFunc(slices.Clone(groups), func(g *Group) bool {
		return !o.isThere(e, g.ID) || o.vanished[tie{parent, g.ID}]
	})
}
