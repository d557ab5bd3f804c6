package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

const (
	askInherited = "probe PingOne: do a user's roles include those of groups?"
	askDevices   = "probe PingOne: are MFA devices listed in bulk, and users without one?"
)

// mostGroups are looked at to find one that answers: each costs a call or two.
const mostGroups = 50

// errNoAnswer tells that an environment doesn't answer a question.
var errNoAnswer = errors.New("no answer here")

// probe asks what the documentation of PingOne leaves open, each question in
// one environment after the other until one answers. It only reads.
func (p pingOneCheck) probe(ctx context.Context, environments []pingone.ID) {
	for _, q := range []struct {
		check, unanswered string
		ask               func(context.Context, pingone.ID) (finding, error)
	}{
		{askInherited, "no group with members and a role was found", p.inherited},
		{askDevices, "no environment has a user who may use MFA", p.inBulk},
	} {
		f := finding{State: warning, Detail: q.unanswered, Follows: "nothing to set"}
		for _, env := range environments {
			answer, err := q.ask(ctx, env)
			if err == nil {
				f = answer
				break
			}
			if !errors.Is(err, errNoAnswer) {
				f = failed(err)
			}
		}
		f.Check = q.check
		p.found.all = append(p.found.all, f)
	}
}

// inherited looks for a role that a group holds among those of its member.
func (p pingOneCheck) inherited(ctx context.Context, env pingone.ID) (finding, error) {
	groups, err := firstOf[pingone.Group](ctx, p.client, pingone.GroupsOf(env))
	if err != nil {
		return finding{}, err
	}
	for _, g := range groups[:min(len(groups), mostGroups)] {
		if counts := g.DirectMemberCounts; counts != nil && counts.Users != nil && *counts.Users == 0 {
			continue
		}
		held, err := firstOf[pingone.RoleAssignment](ctx, p.client, pingone.RoleAssignmentsOf(env, pingone.GroupPrincipal, g.ID))
		if err != nil {
			return finding{}, err
		}
		users, err := firstOf[pingone.Member](ctx, p.client, pingone.Members(env, g.ID))
		switch {
		case err != nil:
			return finding{}, err
		case len(held) == 0 || len(users) == 0:
			continue
		}
		own, err := firstOf[pingone.RoleAssignment](ctx, p.client, pingone.RoleAssignmentsOf(env, pingone.UserPrincipal, users[0].ID))
		return judgeInherited(held, own), err
	}
	return finding{}, errNoAnswer
}

// markers tell that a user's assignment comes from a group. Which of them
// PingOne sends is not documented.
var markers = []struct {
	name string
	is   func(a *pingone.RoleAssignment) bool
}{
	{"group.id", func(a *pingone.RoleAssignment) bool { return !a.Group.ID.IsZero() }},
	{"type", func(a *pingone.RoleAssignment) bool { return strings.EqualFold(a.Type, "INDIRECT") }},
	{"inheritanceType", func(a *pingone.RoleAssignment) bool { return strings.EqualFold(a.InheritanceType, "INDIRECT") }},
}

// judgeInherited compares what a group holds with what a member of it does.
func judgeInherited(held, own []pingone.RoleAssignment) finding {
	same := slices.DeleteFunc(own, func(a pingone.RoleAssignment) bool {
		return !slices.ContainsFunc(held, func(h pingone.RoleAssignment) bool { return h.Role.ID == a.Role.ID && h.Scope.ID == a.Scope.ID })
	})
	var marked []string
	for _, m := range markers {
		if slices.ContainsFunc(same, func(a pingone.RoleAssignment) bool { return m.is(&a) }) {
			marked = append(marked, m.name)
		}
	}
	switch {
	case len(marked) > 0:
		return finding{State: ok, Detail: "yes, marked by " + strings.Join(marked, ", "), Follows: "nothing to set: a run leaves them out and reads them from the group"}
	case len(same) > 0:
		return finding{
			State: warning, Detail: "a member holds the same role in the same scope, without any marker: inherited, or given twice",
			Follows: "nothing to set; if it is inherited, it is shown as the user's own as well",
		}
	}
	return finding{State: ok, Detail: "no", Follows: "nothing to set: a run reads them from the group"}
}

// inBulk has PingOne list the MFA devices of an environment, and compares the
// rows with the users of the first page who may use MFA.
func (p pingOneCheck) inBulk(ctx context.Context, env pingone.ID) (finding, error) {
	users, err := firstOf[pingone.User](ctx, p.client, pingone.UsersOf(env))
	if err != nil {
		return finding{}, err
	}
	users = slices.DeleteFunc(users, func(u pingone.User) bool { return u.MFAEnabled == nil || !*u.MFAEnabled })
	if len(users) == 0 {
		return finding{}, errNoAnswer
	}
	listed := map[pingone.ID]bool{}
	var d pingone.Decoder[pingone.Entry]
	for page, err := range p.client.Explore(ctx, env) {
		if refused := pingone.Refusal(err); refused != nil {
			return finding{
				State: ok, Detail: "no (" + answered(refused) + ")",
				Follows: "with MFA_DEVICES=true a run makes a call for each user who may use MFA; " + identityRole + " and " + configurationRole + " together may open the bulk list",
			}, nil
		}
		if err != nil {
			return finding{}, err
		}
		entries, _, err := d.Items(page.Body, pingone.EntriesKey)
		if err != nil {
			return finding{}, err
		}
		for _, e := range entries {
			listed[e.UserID] = true
		}
	}
	without := len(slices.DeleteFunc(slices.Clone(users), func(u pingone.User) bool { return listed[u.ID] }))
	return finding{
		State: ok, Detail: fmt.Sprintf("yes; %d of %d users who may use MFA have no row", without, len(users)),
		Follows: "nothing to set: a run asks for each user who has no row",
	}, nil
}
