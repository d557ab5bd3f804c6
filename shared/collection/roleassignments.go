package collection

import (
	"context"
	"iter"
	"strings"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// roleAssignments are the roles that each principal holds, in which scope. No
// bulk way to read them is documented: one call a principal.
var roleAssignments = Collection{
	Name: staging.RoleAssignments,
	Inputs: []staging.Collection{
		staging.Environments, staging.Users, staging.Groups, staging.Applications, staging.Gateways,
	},
	Limit: pingone.Configuration, Role: identityData + " and " + configuration, Ties: true, Due: ByAge,
	Lists: assignmentLists, Ask: askAssignment,
	Feed:    []string{pingone.RoleAssigned, pingone.RoleUnassigned},
	Deleted: pingone.RoleUnassigned, Created: pingone.RoleAssigned, Event: assignmentEvent,
}

func assignmentLists(ctx context.Context, in *Inputs) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		for _, of := range []iter.Seq2[List, error]{
			holders(ctx, in, staging.Groups, pingone.GroupPrincipal, "group", never[pingone.Group]),
			holders(ctx, in, staging.Applications, pingone.ApplicationPrincipal, "application", hasNoRolesLink),
			holders(ctx, in, staging.Gateways, pingone.GatewayPrincipal, "gateway", never[pingone.Gateway]),
			holders(ctx, in, staging.Users, pingone.UserPrincipal, "user", never[pingone.Member]),
		} {
			for l, err := range of {
				if !yield(l, err) {
					return
				}
			}
		}
	}
}

func never[T any](*T) bool { return false }

// hasNoRolesLink: only an application that may hold roles links to them. One
// that held some is asked all the same: a link may be lost.
func hasNoRolesLink(a *pingone.Application) bool { return a.Links.RoleAssignments.Href == "" }

// holders are the lists of the principals of one kind, as often as they are
// shown.
func holders[T pingone.Resource](
	ctx context.Context, in *Inputs, c staging.Collection, p pingone.Principal, kind string, unlikely func(*T) bool,
) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		for it, err := range items[T](ctx, in, c) {
			if err != nil {
				yield(List{}, err)
				return
			}
			id := (*it.resource).ResourceID()
			l := list(it.environment, pingone.RoleAssignmentsOf(it.environment.ID, p, id))
			l.Parent, l.Carry, l.Unlikely = &staging.Parent{Kind: kind, ID: id}, it.carry, unlikely(it.resource)
			if !yield(l, nil) {
				return
			}
		}
	}
}

func askAssignment(l staging.ListKey, id pingone.ID) Ask {
	return Ask{Path: l.Path + "/" + id.String()}
}

func assignmentEvent(a *pingone.Activity) []Subject {
	var all []Subject
	for _, h := range a.Holders() { // whose list is due, even if the assignment has no name
		all = append(all, Subject{Kind: parentKind(h.Kind), Parent: h.ID})
	}
	for _, t := range a.Assignments() {
		all = append(all, Subject{Kind: parentKind(t.Kind), Parent: t.ID, ID: t.To})
	}
	return all
}

// parentKind is the kind of a parent, by its place in a path.
func parentKind(p pingone.Principal) string { return strings.TrimSuffix(string(p), "s") }
