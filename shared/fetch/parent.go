package fetch

import (
	"context"
	"fmt"
	"net/http"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// parentPath is where the parent of a child list is read by itself.
func parentPath(t task) string {
	return fmt.Sprintf("%s/%ss/%s", pingone.EnvironmentPath(t.Environment), parentKind(t), t.Parent.ID)
}

// parentKind names the parent of a child list in one word.
func parentKind(t task) string {
	if t.Parent.Kind == staging.GroupAny {
		return parentKinds[pingone.GroupPrincipal]
	}
	return t.Parent.Kind
}

// endOf tells how a task ended that was refused. A 404 for a child may mean
// that its parent was deleted since it was listed. That is asked for: taken
// for granted, a path that fails once would take away what the parent holds.
// Devices are left out either way.
func (r *reading) endOf(ctx context.Context, t numbered, why *pingone.Error) (event, error) {
	ev := event{numbered: t, kind: refused, refusal: why}
	if t.Parent == nil || why.Status != http.StatusNotFound || isDevices(t.task) {
		return ev, nil
	}
	page, err := r.o.Client.Get(ctx, parentPath(t.task))
	of := refusal(err)
	said := *why
	ev.refusal = &said
	switch {
	case err == nil && t.Missed && hasNoRoles(t.task, page):
		return event{numbered: t, kind: finished}, nil
	case err == nil:
		ev.Missed = false // so nobody may say that it is gone
		said.Message = fmt.Sprintf("the %s is still there", parentKind(t.task))
	case of == nil:
		return event{}, err
	case of.Status == http.StatusNotFound:
		return event{numbered: t, kind: gone}, nil
	default:
		said.Message = fmt.Sprintf("whether the %s is still there is not to be known (%d %s)", parentKind(t.task), of.Status, of.Code)
	}
	return ev, nil
}

// hasNoRoles tells whether the parent is an application of a sort that would
// not be asked for its roles if it was listed.
func hasNoRoles(t task, parent pingone.Page) bool {
	if t.Parent.Kind != parentKinds[pingone.ApplicationPrincipal] {
		return false
	}
	a, err := pingone.One[pingone.Application](parent.Body)
	return err == nil && !mayHoldRoles(&a)
}

// shortOf compares a child list that was read to its end with what PingOne
// says of its length: at the start, and where that was more, now. Members come
// and go while they are read. One that shows somebody twice, and whose length is
// not told, is as long as its items. Populations are counted once all are read,
// since users move between them. A list whose length PingOne won't tell any more
// stays as short as it was, unless its parent is gone.
func (r *reading) shortOf(ctx context.Context, t numbered) (*staging.Short, error) {
	switch {
	case !t.isCounted():
		return nil, nil
	case t.hidesOne():
		return &staging.Short{Environment: t.Environment, Parent: *t.Parent, List: t.Key, Expected: t.records, Read: t.distinct}, nil
	case t.distinct >= t.Expect:
		return nil, nil
	}
	now, err := recount(ctx, r.o.Client, t.task)
	switch why := refusal(err); {
	case err == nil && now >= 0 && t.distinct >= now, why != nil && why.Status == http.StatusNotFound:
		return nil, nil // nothing is missing of what is there
	case err != nil && why == nil:
		return nil, err
	case err != nil || now < 0:
		now = t.Expect
	}
	return &staging.Short{Environment: t.Environment, Parent: *t.Parent, List: t.Key, Expected: min(now, t.Expect), Read: t.distinct}, nil
}

// recount asks PingOne again for the length of a child list, unknown if it
// doesn't say.
func recount(ctx context.Context, client *pingone.Client, t task) (int, error) {
	page, err := client.Get(ctx, parentPath(t))
	if err != nil {
		return unknown, err
	}
	group, err := pingone.One[pingone.Group](page.Body)
	switch {
	case err != nil || group.DirectMemberCounts == nil:
		return unknown, err
	case t.Key == "groups":
		return orUnknown(group.DirectMemberCounts.Groups), nil
	}
	return orUnknown(group.DirectMemberCounts.Users), nil
}
