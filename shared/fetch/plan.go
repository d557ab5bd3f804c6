package fetch

import (
	"context"
	"errors"
	"iter"
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
	// AtLeast tells that Expect counts a part only: without members by a
	// dynamic filter.
	AtLeast bool `json:"atLeast,omitzero"`
	// Wider is the query to try as well if the list holds no more than the
	// members that were put in by hand: whether members by a dynamic filter
	// count as direct is not documented.
	Wider string `json:"wider,omitzero"`
	// Check says that the answer should be what earlier runs kept.
	Check bool `json:"check,omitzero"`
}

// unknown is the Expect of a list whose length nobody tells.
const unknown = -1

func (t task) list() pingone.List { return pingone.List{Path: t.Path, Query: t.Query, Key: t.Key} }

// A planner finds the tasks of one collection. Parents that can't be listed
// are noted as unread.
type planner struct {
	client *pingone.Client
	o      Options
	run    staging.RunID
	log    *slog.Logger
	unread *unreadList
	read   []pingone.ID // the environments, once known
	yield  func(task) bool
	added  int // tasks so far
	// estimate is of the calls that the tasks will take.
	estimate estimate
	// keep stages a page that the plan had to read of the task added last.
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

// errStopped ends a plan whose consumer wants no more.
var errStopped = errors.New("plan stopped")

// tasks yields the tasks of a collection as lines of the plan. failure holds
// the error, if any, once the sequence has ended.
func (p *planner) tasks(ctx context.Context, c staging.Collection, failure *error) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		p.yield = func(t task) bool {
			p.estimate.add(t)
			line, err := json.Marshal(t)
			if err != nil {
				*failure = err
				return false
			}
			return yield(line)
		}
		if err := plans[c](ctx, p); err != nil && *failure == nil {
			*failure = err
		}
	}
}

func (p *planner) add(env pingone.ID, l pingone.List) error {
	return p.addExpecting(env, l, nil, unknown)
}

func (p *planner) addExpecting(env pingone.ID, l pingone.List, parent *staging.Parent, expect int) error {
	return p.addTask(task{Environment: env, Path: l.Path, Query: l.Query, Key: l.Key, Parent: parent, Expect: expect})
}

func (p *planner) addTask(t task) error {
	if !p.yield(t) {
		return errStopped
	}
	p.added++
	return nil
}

// environments are those to read: as set, or all that can be listed.
func (p *planner) environments(ctx context.Context) ([]pingone.ID, error) {
	if !p.o.All {
		p.read = p.o.Environments
		return p.read, nil
	}
	var ids []pingone.ID
	before := p.unread.len()
	err := listed(ctx, p, pingone.ID{}, pingone.Environments(), func(e *pingone.Environment) error {
		ids = append(ids, e.ID)
		return nil
	})
	if err == nil && len(ids) == 0 && p.unread.len() == before {
		err = ErrNoEnvironment
	}
	p.read = ids
	return ids, err
}

func eachEnvironment(list func(pingone.ID) pingone.List) func(context.Context, *planner) error {
	return func(ctx context.Context, p *planner) error {
		envs, err := p.environments(ctx)
		if err != nil {
			return err
		}
		for _, env := range envs {
			if err := p.add(env, list(env)); err != nil {
				return err
			}
		}
		return nil
	}
}

// planEnvironments reads each environment by itself, and the organization
// that the first one names.
func planEnvironments(ctx context.Context, p *planner) error {
	envs, err := p.environments(ctx)
	if err != nil {
		return err
	}
	var organization pingone.ID
	for _, env := range envs {
		if err := p.add(env, pingone.List{Path: pingone.EnvironmentPath(env)}); err != nil {
			return err
		}
		if !organization.IsZero() {
			continue
		}
		if organization, err = p.organizationOf(ctx, env); err != nil {
			return err
		}
	}
	if organization.IsZero() {
		return nil
	}
	return p.add(pingone.ID{}, pingone.List{Path: pingone.OrganizationPath(organization)})
}

// organizationOf reads an environment, keeps the reply for its task, which
// was added last, and returns the organization; zero if it is refused, which
// the task will note.
func (p *planner) organizationOf(ctx context.Context, env pingone.ID) (pingone.ID, error) {
	page, err := p.client.Get(ctx, pingone.EnvironmentPath(env))
	if refusal(err) != nil {
		return pingone.ID{}, nil //nolint:nilerr // the task will note it
	}
	if err != nil {
		return pingone.ID{}, err
	}
	e, err := pingone.One[pingone.Environment](page.Body)
	if err != nil {
		return pingone.ID{}, err
	}
	p.estimate.begun(page)
	return e.Organization.ID, p.keep(p.added-1, env, page)
}

// planMemberships asks for the members and the children of each group that
// may have any. The counts leave out members by a dynamic filter.
func planMemberships(ctx context.Context, p *planner) error {
	envs, err := p.environments(ctx)
	if err != nil {
		return err
	}
	for _, env := range envs {
		err := listed(ctx, p, env, pingone.GroupsOf(env), func(g *pingone.Group) error {
			parent := &staging.Parent{Kind: parentKinds[pingone.GroupPrincipal], ID: g.ID}
			counts := g.DirectMemberCounts
			if counts == nil {
				counts = &pingone.MemberCounts{}
			}
			if g.UserFilter != "" || mayHaveAny(counts.Users) {
				if err := p.addMembers(env, g, counts, parent); err != nil {
					return err
				}
			}
			if mayHaveAny(counts.Groups) {
				return p.addExpecting(env, pingone.Children(env, g.ID), parent, orUnknown(counts.Groups))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// addMembers asks for a group's direct members. Without groups in it, a
// dynamic group has no indirect members that a wider question could mix in.
func (p *planner) addMembers(env pingone.ID, g *pingone.Group, counts *pingone.MemberCounts, parent *staging.Parent) error {
	l := pingone.Members(env, g.ID)
	t := task{Environment: env, Path: l.Path, Query: l.Query, Key: l.Key, Parent: parent, Expect: orUnknown(counts.Users), AtLeast: g.UserFilter != ""}
	if g.UserFilter != "" && !mayHaveAny(counts.Groups) {
		t.Wider = pingone.AllMembers(env, g.ID).Query
	}
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
	if err := p.add(pingone.ID{}, pingone.BuiltInRoles()); err != nil {
		return err
	}
	return eachEnvironment(pingone.RolesOf)(ctx, p)
}

// parentKinds name a reply's parent in a part.
var parentKinds = map[pingone.Principal]string{
	pingone.UserPrincipal:        "user",
	pingone.GroupPrincipal:       "group",
	pingone.ApplicationPrincipal: "application",
	pingone.GatewayPrincipal:     "gateway",
}

// listed calls each with every resource of a list, once by id. A refusal notes the list as unread; a resource that
// can't be decoded, or has no id, does so as well, since nobody will ask for
// what hangs on it. A cursor that PingOne no longer takes starts the list
// again, once.
func listed[T pingone.Resource](ctx context.Context, p *planner, env pingone.ID, l pingone.List, each func(*T) error) error {
	seen := map[pingone.ID]bool{}
	restarted := false
	for {
		pages, err := eachPage(ctx, p, env, l, seen, each)
		r := refusal(err)
		switch {
		case r == nil:
			return err
		case isCursorLost(r, pages) && !restarted:
			restarted = true
		default:
			p.unread.add(unreadOf(env, l.Path, nil, r), "")
			return nil
		}
	}
}

func eachPage[T pingone.Resource](ctx context.Context, p *planner, env pingone.ID, l pingone.List, seen map[pingone.ID]bool, each func(*T) error) (pages int, err error) {
	var d pingone.Decoder[T]
	for page, err := range p.client.Pages(ctx, l, "") {
		if err != nil {
			return pages, err
		}
		pages++
		all, broken, err := d.Items(page.Body, l.Key)
		if err != nil {
			return pages, err
		}
		for i := range all {
			id := all[i].ResourceID()
			switch {
			case id.IsZero():
				broken++
				continue
			case seen[id]:
				continue
			}
			seen[id] = true
			if err := each(&all[i]); err != nil {
				return pages, err
			}
		}
		if broken > 0 {
			p.unread.add(brokenItem(env, l.Path), "")
		}
	}
	return pages, nil
}
