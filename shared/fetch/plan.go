package fetch

import (
	"context"
	"errors"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// ErrNoEnvironment is the error when all environments are asked for and the
// worker application can read none.
var ErrNoEnvironment = errors.New("the worker application can read no environment: grant it Identity Data Read Only and Configuration Read Only on at least one")

// A task is one list to read page by page, or one single resource. A
// collection's tasks are its work list, written down before reading begins,
// so that every invocation counts them alike.
type task struct {
	Environment pingone.ID      `json:"environment,omitzero"`
	Path        string          `json:"path"`
	Query       string          `json:"query,omitzero"`
	Key         string          `json:"key,omitzero"` // "" for a single resource
	Parent      *staging.Parent `json:"parent,omitzero"`
	// Expect is how many records PingOne says there are, -1 if it didn't.
	Expect int `json:"expect"`
	// AtLeast tells that Expect counts a part only: these are the members of a
	// dynamic group, and those by its filter are left out.
	AtLeast bool `json:"atLeast,omitzero"`
	// Wider tells that this is the second question for the members of a
	// dynamic group, see readWider.
	Wider bool `json:"wider,omitzero"`
	// Missed tells that no list held the parent, though an earlier run was told
	// of it: it may be gone, and that many are says nothing of the others.
	Missed bool `json:"missed,omitzero"`
	// Check says that the answer should be what earlier runs kept.
	Check bool `json:"check,omitzero"`
}

// unknown is the Expect of a list whose length nobody tells.
const unknown = -1

func (t task) list() pingone.List { return pingone.List{Path: t.Path, Query: t.Query, Key: t.Key} }

// A planner finds the tasks of one collection, step by step. Parents that
// can't be listed are noted as unread.
type planner struct {
	client *pingone.Client
	o      Options
	run    staging.RunID
	log    *slog.Logger
	unread *unreadList
	// place is where it is, began where it was when this invocation began,
	// kept where it was at the last commit.
	place       *place
	began, kept place
	steps       int          // of this invocation, those that were skipped too
	ids         []pingone.ID // of the list in hand, that are in no draft yet
	added       int          // tasks so far
	// inOne is set while what was added counts as a whole or not at all.
	inOne bool
	w     *staging.Writer
	// put adds a line to the work list; save commits, and saveInTime does so
	// when it is time.
	put              func(line []byte) error
	save, saveInTime func(context.Context) error
	// keep stages a page of a task that the plan had to read.
	keep func(task int, env pingone.ID, page pingone.Page) error
	memo jsontext.Value // for the end of the reading
}

// plans says for each collection which lists make it up. A new collection is
// a line here, and one in staging.Collections.
var plans = map[staging.Collection]func(context.Context, *planner) error{
	staging.Environments:    planEnvironments,
	staging.Populations:     eachEnvironment(pingone.Populations),
	staging.Users:           planUsers,
	staging.Groups:          eachEnvironment(pingone.GroupsOf),
	staging.Memberships:     planMemberships,
	staging.Roles:           planRoles,
	staging.RoleAssignments: planRoleAssignments,
	staging.Applications:    eachEnvironment(pingone.ApplicationsOf),
	staging.Gateways:        eachEnvironment(pingone.GatewaysOf),
}

func (p *planner) add(env pingone.ID, l pingone.List) error {
	return p.addExpecting(env, l, nil, unknown)
}

func (p *planner) addExpecting(env pingone.ID, l pingone.List, parent *staging.Parent, expect int) error {
	return p.addTask(task{Environment: env, Path: l.Path, Query: l.Query, Key: l.Key, Parent: parent, Expect: expect})
}

func (p *planner) addTask(t task) error {
	line, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := p.put(line); err != nil {
		return err
	}
	p.place.Estimate.add(t)
	p.added++
	return nil
}

// environments are those to read: as set, or all that can be listed.
func (p *planner) environments(ctx context.Context) ([]pingone.ID, error) {
	if !p.o.All {
		if p.place.Environments == nil { // a run keeps those that it began with
			p.place.Environments = p.o.Environments
		}
		return p.place.Environments, nil
	}
	err := p.step(ctx, func(from string) error {
		_, err := listFrom(ctx, p, pingone.ID{}, pingone.Environments(), from, func(e *pingone.Environment) error {
			p.place.Environments = append(p.place.Environments, e.ID)
			return nil
		})
		if err == nil && len(p.place.Environments) == 0 && p.unread.len() == 0 {
			err = ErrNoEnvironment
		}
		return err
	})
	return p.place.Environments, err
}

func eachEnvironment(list func(pingone.ID) pingone.List) func(context.Context, *planner) error {
	return func(ctx context.Context, p *planner) error {
		envs, err := p.environments(ctx)
		if err != nil {
			return err
		}
		return p.addEach(envs, list)
	}
}

func (p *planner) addEach(envs []pingone.ID, list func(pingone.ID) pingone.List) error {
	for _, env := range envs {
		if err := p.add(env, list(env)); err != nil {
			return err
		}
	}
	return nil
}

// planEnvironments reads each environment by itself, and the organization
// that the first one names.
func planEnvironments(ctx context.Context, p *planner) error {
	envs, err := p.environments(ctx)
	if err != nil {
		return err
	}
	for _, env := range envs {
		err := p.step(ctx, func(string) error {
			if p.place.Organization.IsZero() {
				if err := p.findOrganization(ctx, env); err != nil {
					return err
				}
			}
			return p.add(env, pingone.List{Path: pingone.EnvironmentPath(env)})
		})
		if err != nil {
			return err
		}
	}
	if p.place.Organization.IsZero() {
		return nil
	}
	return p.add(pingone.ID{}, pingone.List{Path: pingone.OrganizationPath(p.place.Organization)})
}

// findOrganization reads an environment, keeps the reply for its task, which
// is to be added next, and notes the organization; not if it is refused, which
// the task will note.
func (p *planner) findOrganization(ctx context.Context, env pingone.ID) error {
	page, err := p.client.Get(ctx, pingone.EnvironmentPath(env))
	if refusal(err) != nil {
		return nil //nolint:nilerr // the task will note it
	}
	if err != nil {
		return err
	}
	e, err := pingone.One[pingone.Environment](page.Body)
	if err != nil {
		return err
	}
	p.place.Organization = e.Organization.ID
	p.place.Estimate.begun(page)
	return p.keep(p.added, env, page)
}

// planMemberships asks for the members and the children of each group that
// may have any, or had some. The counts leave out members by a dynamic filter.
func planMemberships(ctx context.Context, p *planner) error {
	envs, err := p.environments(ctx)
	if err != nil {
		return err
	}
	known, err := knownParents(ctx, p.o.Store, p.run)
	if err != nil {
		return err
	}
	for _, env := range envs {
		add := func(g *pingone.Group) error { return p.addGroup(env, g, known) }
		l := pingone.GroupsOf(env)
		if err := listParents(ctx, p, env, l, add); err != nil {
			return err
		}
		if err := askMissed(ctx, p, env, l.Key, add); err != nil {
			return err
		}
	}
	return nil
}

// addGroup asks for the members and the children of a group.
func (p *planner) addGroup(env pingone.ID, g *pingone.Group, known parents) error {
	parent := &staging.Parent{Kind: parentKinds[pingone.GroupPrincipal], ID: g.ID}
	counts := g.DirectMemberCounts
	if counts == nil {
		counts = &pingone.MemberCounts{}
	}
	if g.UserFilter != "" || mayHaveAny(counts.Users) || known.users[g.ID] {
		if err := p.addMembers(env, g, counts, parent); err != nil {
			return err
		}
	}
	if mayHaveAny(counts.Groups) || known.groups[g.ID] {
		return p.addExpecting(env, pingone.Children(env, g.ID), parent, orUnknown(counts.Groups))
	}
	return nil
}

// addMembers asks for a group's direct members, and for those that a dynamic
// group has in any way.
func (p *planner) addMembers(env pingone.ID, g *pingone.Group, counts *pingone.MemberCounts, parent *staging.Parent) error {
	l := pingone.Members(env, g.ID)
	if g.UserFilter == "" {
		return p.addExpecting(env, l, parent, orUnknown(counts.Users))
	}
	t := task{Environment: env, Path: l.Path, Query: l.Query, Key: l.Key, Parent: parent, Expect: orUnknown(counts.Users), AtLeast: true}
	if err := p.addTask(t); err != nil {
		return err
	}
	t.Query, t.Expect, t.Wider = pingone.AllMembers(env, g.ID).Query, unknown, true
	t.Parent = &staging.Parent{Kind: staging.GroupAny, ID: g.ID}
	return p.addTask(t)
}

// mayHaveAny reads a count that may be missing: unknown is not zero.
func mayHaveAny(n *int) bool { return n == nil || *n > 0 }

func orUnknown(n *int) int {
	if n == nil {
		return unknown
	}
	return *n
}

func planRoles(ctx context.Context, p *planner) error {
	envs, err := p.environments(ctx)
	if err != nil {
		return err
	}
	if err := p.add(pingone.ID{}, pingone.BuiltInRoles()); err != nil {
		return err
	}
	return p.addEach(envs, pingone.RolesOf)
}

// parentKinds name a reply's parent in a part.
var parentKinds = map[pingone.Principal]string{
	pingone.UserPrincipal:        "user",
	pingone.GroupPrincipal:       "group",
	pingone.ApplicationPrincipal: "application",
	pingone.GatewayPrincipal:     "gateway",
}
