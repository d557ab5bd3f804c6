package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
)

// The questions about PingOne.
const (
	askPageSize   = "does a page of users hold 1,000"
	askUpdatedAt  = "can users be filtered by updatedAt"
	askDynamic    = "are dynamic members direct ones"
	askGroupRoles = "can the roles of groups be read"
	askInherited  = "do a user's roles include those of groups"
	askUserCount  = "do populations say how many users they hold"
	askFeed       = "can the audit feed be read"
)

// mostGroups are looked at to find one that answers a question: each costs a
// call or two.
const mostGroups = 50

// PingOne asks its questions in each environment until one answers. It only
// reads.
func PingOne(ctx context.Context, c *pingone.Client, environments []pingone.ID) []Finding {
	t := &tenant{client: c, environments: environments}
	var all []Finding
	for _, q := range []struct {
		question string
		ask      func(context.Context, pingone.ID) (Finding, error)
		why      string // it stays open if no environment answers
		follows  string
	}{
		{askPageSize, t.pageSize, "no environment has more than one page of users", "nothing to set"},
		{askUpdatedAt, t.updatedAt, "no environment's users can be read", "grant Identity Data Read Only"},
		{askDynamic, t.dynamic, "there is no dynamic group with members, and without groups in it", "nothing to set: a run asks both ways"},
		{askGroupRoles, t.groupRoles, "there is no group", "nothing to set"},
		{askInherited, t.inherited, "no group with members and a role was found", "nothing to set: a run leaves out what names a group"},
		{askUserCount, t.userCount, "no environment's populations can be read", "grant Identity Data Read Only"},
		{askFeed, t.feed, "no environment answers", "grant Identity Data Read Only"},
	} {
		all = append(all, t.first(ctx, q.question, q.why, q.follows, q.ask))
	}
	return all
}

// a tenant is asked.
type tenant struct {
	client       *pingone.Client
	environments []pingone.ID
}

// errNoAnswer tells that an environment doesn't settle a question.
var errNoAnswer = errors.New("no answer here")

// first is the answer of the first environment that has one.
func (t *tenant) first(ctx context.Context, question, why, follows string, ask func(context.Context, pingone.ID) (Finding, error)) Finding {
	var failure error
	for _, env := range t.environments {
		f, err := ask(ctx, env)
		switch {
		case err == nil:
			return f
		case !errors.Is(err, errNoAnswer):
			failure = err
		}
	}
	if failure != nil {
		return failed(question, failure)
	}
	return open(question, why, follows)
}

func (t *tenant) pageSize(ctx context.Context, env pingone.ID) (Finding, error) {
	page, err := t.client.First(ctx, pingone.UsersOf(env))
	switch {
	case err != nil:
		return Finding{}, err
	case page.Next == "":
		return Finding{}, errNoAnswer
	case page.Records < pingone.PageSize:
		return fine(askPageSize, fmt.Sprintf("no, it holds %d", page.Records), fmt.Sprintf("nothing to set: lists take %d times the calls that run --estimate says", (pingone.PageSize+page.Records-1)/max(page.Records, 1))), nil
	}
	return fine(askPageSize, "yes", "nothing to set"), nil
}

func (t *tenant) updatedAt(ctx context.Context, env pingone.ID) (Finding, error) {
	_, err := t.client.First(ctx, pingone.UsersUpdatedSince(env, time.Now().Add(-time.Hour)))
	switch {
	case isRefusal(err, http.StatusBadRequest):
		return fine(askUpdatedAt, "no", "nothing to set: a run reads all users"), nil
	case err != nil:
		return Finding{}, err
	}
	return fine(askUpdatedAt, "yes", "nothing to set: a run reads all users all the same, since it would not tell of those that are gone"), nil
}

// dynamic compares both ways of asking for the members of a group that has
// some by its filter, and no groups in it that could add to them.
func (t *tenant) dynamic(ctx context.Context, env pingone.ID) (Finding, error) {
	return t.inGroups(ctx, env, func(g *pingone.Group) (Finding, error) {
		counts := g.DirectMemberCounts
		if g.UserFilter == "" || counts == nil || !isZero(counts.Users) {
			return Finding{}, errNoAnswer
		}
		if !isZero(counts.Groups) { // or not said, as in PingOne's API description
			children, err := t.client.First(ctx, pingone.Children(env, g.ID))
			if err != nil || children.Records > 0 {
				return Finding{}, orNoAnswer(err)
			}
		}
		all, err := t.client.First(ctx, pingone.AllMembers(env, g.ID))
		if err != nil || all.Records == 0 {
			return Finding{}, orNoAnswer(err)
		}
		direct, err := t.client.First(ctx, pingone.Members(env, g.ID))
		switch {
		case err != nil:
			return Finding{}, err
		case direct.Records == 0:
			return fine(askDynamic, "no", "nothing to set: a run asks a second time, one call more for each dynamic group"), nil
		}
		return fine(askDynamic, "yes", "nothing to set"), nil
	})
}

func (t *tenant) groupRoles(ctx context.Context, env pingone.ID) (Finding, error) {
	return t.inGroups(ctx, env, func(g *pingone.Group) (Finding, error) {
		_, err := t.client.First(ctx, pingone.RoleAssignmentsOf(env, pingone.GroupPrincipal, g.ID))
		switch {
		case isRefusal(err, http.StatusForbidden):
			return act(askGroupRoles, "no: each run would be held", "grant a role with permissions:read:groupRoleAssignments"), nil
		case err != nil:
			return Finding{}, err
		}
		return fine(askGroupRoles, "yes", "nothing to set"), nil
	})
}

// inherited looks for a role that a group holds among those of its member.
func (t *tenant) inherited(ctx context.Context, env pingone.ID) (Finding, error) {
	return t.inGroups(ctx, env, func(g *pingone.Group) (Finding, error) {
		if g.UserFilter != "" || g.DirectMemberCounts != nil && isZero(g.DirectMemberCounts.Users) {
			return Finding{}, errNoAnswer
		}
		held, err := t.roles(ctx, env, pingone.GroupPrincipal, g.ID)
		if err != nil || len(held) == 0 {
			return Finding{}, orNoAnswer(err)
		}
		page, err := t.client.First(ctx, pingone.Members(env, g.ID))
		if err != nil {
			return Finding{}, err
		}
		var d pingone.Decoder[pingone.User]
		users, _, err := d.Items(page.Body, "users")
		if err != nil || len(users) == 0 {
			return Finding{}, orNoAnswer(err)
		}
		own, err := t.roles(ctx, env, pingone.UserPrincipal, users[0].ID)
		if err != nil {
			return Finding{}, err
		}
		return judgeInherited(held, own, g.ID)
	})
}

func judgeInherited(held, own []pingone.RoleAssignment, group pingone.ID) (Finding, error) {
	named := slices.ContainsFunc(own, func(a pingone.RoleAssignment) bool { return a.Group.ID == group })
	same := slices.ContainsFunc(own, func(a pingone.RoleAssignment) bool {
		return slices.ContainsFunc(held, func(h pingone.RoleAssignment) bool {
			return h.Role.ID == a.Role.ID && h.Scope.ID == a.Scope.ID
		})
	})
	switch {
	case named:
		return fine(askInherited, "yes, and they name the group", "nothing to set: a run leaves them out and reads them from the group"), nil
	case same:
		return open(askInherited, "a member holds the same role in the same scope, without a group: inherited, or given twice",
			"nothing to set; if it is inherited, it is shown as direct, and each change of such a membership costs a full reading of role assignments"), nil
	}
	return fine(askInherited, "no", "nothing to set: a run reads them from the group"), nil
}

func (t *tenant) roles(ctx context.Context, env pingone.ID, p pingone.Principal, id pingone.ID) ([]pingone.RoleAssignment, error) {
	l := pingone.RoleAssignmentsOf(env, p, id)
	page, err := t.client.First(ctx, l)
	if err != nil {
		return nil, err
	}
	var d pingone.Decoder[pingone.RoleAssignment]
	all, _, err := d.Items(page.Body, l.Key)
	return all, err
}

func (t *tenant) userCount(ctx context.Context, env pingone.ID) (Finding, error) {
	l := pingone.Populations(env)
	page, err := t.client.First(ctx, l)
	if err != nil {
		return Finding{}, err
	}
	var d pingone.Decoder[pingone.Population]
	all, _, err := d.Items(page.Body, l.Key)
	switch {
	case err != nil || len(all) == 0:
		return Finding{}, orNoAnswer(err)
	case slices.ContainsFunc(all, func(p pingone.Population) bool { return p.UserCount == nil }):
		return fine(askUserCount, "not all of them", "nothing to set: that no user is missing is then proven by the last run alone (MAX_SHRINK_PERCENT)"), nil
	}
	return fine(askUserCount, "yes", "nothing to set: a population that is not wholly visible holds the sweep"), nil
}

func (t *tenant) feed(ctx context.Context, env pingone.ID) (Finding, error) {
	now := time.Now()
	_, err := t.client.First(ctx, pingone.Activities(env, now.Add(-time.Hour), now, pingone.RoleAssigned))
	switch {
	case isRefusal(err, http.StatusForbidden):
		return act(askFeed, "no: every run would ask for the roles of every user, one call each", "grant a role with audit_reporting:read:activity"), nil
	case err != nil:
		return Finding{}, err
	}
	return fine(askFeed, "yes", "nothing to set"), nil
}

// inGroups asks about one group after the other until one answers.
func (t *tenant) inGroups(ctx context.Context, env pingone.ID, ask func(*pingone.Group) (Finding, error)) (Finding, error) {
	l := pingone.GroupsOf(env)
	page, err := t.client.First(ctx, l)
	if err != nil {
		return Finding{}, err
	}
	var d pingone.Decoder[pingone.Group]
	groups, _, err := d.Items(page.Body, l.Key)
	if err != nil {
		return Finding{}, err
	}
	for i := range groups[:min(len(groups), mostGroups)] {
		f, err := ask(&groups[i])
		if !errors.Is(err, errNoAnswer) {
			return f, err
		}
	}
	return Finding{}, errNoAnswer
}

func isZero(n *int) bool { return n != nil && *n == 0 }

// orNoAnswer is err, or that there was nothing to see.
func orNoAnswer(err error) error {
	if err == nil {
		return errNoAnswer
	}
	return err
}

// isRefusal tells whether PingOne answered with this status.
func isRefusal(err error, status int) bool {
	var refused *pingone.Error
	return errors.As(err, &refused) && refused.Status == status
}
