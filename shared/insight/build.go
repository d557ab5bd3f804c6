package insight

import (
	"cmp"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

// newGraph reads a world, without one of its holdings; none: with all. It holds 4
// bytes a user, 8 a holding and 8 a member of a group with rights, besides what
// differs.
func newGraph(w *World, least Confidence, without uint32) *graph {
	g := &graph{
		w: w, least: least, places: placesOf(w), rightAt: map[right]uint32{},
		external: map[pingone.ID]bool{}, homes: map[pingone.ID]bool{},
		grants: map[uint32][]grant{}, everything: &role{powers: allPowers},
	}
	for _, e := range w.Environments {
		g.external[e.ID] = e.AdminConfig != nil && e.AdminConfig.Method == "EXTERNAL"
	}
	g.readRoles()
	g.readClasses()
	scopes := map[area]bool{}
	for _, r := range g.rights {
		scopes[r.area] = true
	}
	for i := range w.Groups {
		if scopes[area{Group, w.Groups[i].ID}] {
			g.scopes = append(g.scopes, uint32(i)) // #nosec G115 -- an index
		}
	}
	g.readHomes(without)
	g.readHolders(without)
	for _, at := range g.classes { // each by itself, held or not
		if at != none {
			g.actors.intern([]uint32{at})
		}
	}
	return g
}

// readClasses numbers rights by role and scope, so that the order of classes, which
// is that of some list, decides nothing.
func (g *graph) readClasses() {
	g.classes = fill(len(g.w.Classes))
	order := make([]int, len(g.w.Classes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(classKey(g.w.Classes[a]), classKey(g.w.Classes[b])) })
	for _, i := range order {
		c := g.w.Classes[i]
		if r := g.right(g.roleOf(c.Role), areaOf(c.Scope)); g.matters(r) {
			g.classes[i] = g.internRight(r)
		}
	}
}

func (g *graph) readRoles() {
	g.roles = make(map[pingone.ID]*role, len(g.w.Roles))
	admins := g.w.adminEnvironment()
	known := map[pingone.ID]bool{}
	for _, e := range g.w.Environments {
		known[e.ID] = true
	}
	for i := range g.w.Roles {
		info := &g.w.Roles[i]
		r := g.roleOf(info.ID)
		r.powers, r.custom = powersOf(info), info.Custom
		if info.Custom {
			r.where = info.Environment
			if info.Environment != admins && known[info.Environment] {
				r.made = info.Environment
			}
		}
		r.gives = append(r.gives, info.CanAssign...)
		for _, by := range info.CanBeAssignedBy {
			giver := g.roleOf(by)
			giver.gives = append(giver.gives, info.ID)
		}
	}
	for _, r := range g.roles {
		slices.SortFunc(r.gives, pingone.ID.Compare)
		r.gives = slices.Compact(r.gives)
	}
}

// readHomes finds the environments that are home to a holder of Organization
// Admin, or of Environment Admin over the organization, able to act or not.
func (g *graph) readHomes(without uint32) {
	for i, h := range g.w.Holdings {
		if at := g.classes[h.Class]; i == int(without) || at == none || !g.controls(g.rights[at]) {
			continue
		}
		c := g.w.Classes[h.Class]
		if c.Role == environmentAdmin && areaOf(c.Scope).kind != Organization {
			continue // by a home that this loop found; not one step further
		}
		if h.Kind != Group {
			g.homes[g.w.environmentOf(h.Kind, h.Holder)] = true
			continue
		}
		for _, user := range g.w.Groups[h.Holder].Members {
			g.homes[g.w.environmentOf(User, user)] = true
		}
	}
}

// A pair is a user and a right of its own, or a group with rights that it is in.
type pair struct {
	user, at uint32 // at: a right, or after all rights a group
}

// readHolders finds the actor of each principal.
func (g *graph) readHolders(without uint32) {
	w := g.w
	g.users, g.groups = fill(len(w.Users)), fill(len(w.Groups))
	g.clients, g.gateways = fill(len(w.Clients)), fill(len(w.Gateways))
	g.assigned = make([][]right, len(w.Clients))
	own := map[Kind]map[uint32][]uint32{Group: {}, Client: {}, Gateway: {}}
	n := 0
	for i, h := range w.Holdings {
		if i == int(without) {
			continue
		}
		if h.Kind == Client { // the guard looks at what no rule asks for, too
			c := w.Classes[h.Class]
			g.assigned[h.Holder] = append(g.assigned[h.Holder], g.right(g.roleOf(c.Role), areaOf(c.Scope)))
		}
		if at := g.classes[h.Class]; at == none {
			continue
		} else if h.Kind == User {
			n++
		} else {
			own[h.Kind][h.Holder] = append(own[h.Kind][h.Holder], at)
		}
	}
	g.internAll(g.groups, own[Group])
	g.internAll(g.clients, own[Client])
	g.internAll(g.gateways, own[Gateway])
	g.readUsers(g.pairs(n, without))
}

func fill(n int) []uint32 { return slices.Repeat([]uint32{none}, n) }

// internAll goes by number, so that the same world makes the same graph.
func (g *graph) internAll(actors []uint32, rights map[uint32][]uint32) {
	for i := range actors {
		actors[i] = g.actors.intern(rights[uint32(i)]) // #nosec G115 -- an index
	}
}

// pairs are sorted by user; own is how many are rights of their own.
func (g *graph) pairs(own int, without uint32) []pair {
	rights := uint32(len(g.rights)) // #nosec G115 -- of classes
	n := own
	for i, actor := range g.groups {
		if actor != none {
			n += len(g.w.Groups[i].Members)
		}
	}
	pairs := make([]pair, 0, n) // no growth: there may be millions
	for i, h := range g.w.Holdings {
		if at := g.classes[h.Class]; h.Kind == User && at != none && i != int(without) {
			pairs = append(pairs, pair{h.Holder, at})
		}
	}
	for i, actor := range g.groups {
		if actor == none {
			continue
		}
		for _, user := range g.w.Groups[i].Members {
			pairs = append(pairs, pair{user, rights + uint32(i)}) // #nosec G115 -- an index
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.at, b.at)) })
	return pairs
}

// readUsers takes up what users hold, by themselves and by groups. A group's
// members hold what it was assigned. Source: PingOne documentation, "Adding roles
// to a group".
func (g *graph) readUsers(pairs []pair) {
	rights := uint32(len(g.rights)) // #nosec G115 -- of classes
	var held []uint32
	for i, p := range pairs {
		if p.at < rights {
			held = append(held, p.at)
		} else {
			held = append(held, g.actors.of(g.groups[p.at-rights])...)
		}
		if i+1 == len(pairs) || pairs[i+1].user != p.user {
			g.users[p.user] = g.actors.intern(held)
			held = held[:0]
		}
	}
}
