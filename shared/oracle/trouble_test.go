package oracle

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// A trouble is a bad day. Those that last are undone some runs later.
type trouble struct {
	name string
	do   func(w *world)
}

var troubles = []trouble{
	{"a list loses items", lose}, {"a list loses items", lose}, {"a page repeats an item", repeat}, {"a page repeats itself", loop},
	{"a list is refused once", refuseOnce}, {"a list is refused", refuse}, {"a list is refused", refuse}, {"replies break", breakReplies},
	{"a count lies", miscount}, {"a count lies", miscount}, {"an item vanishes for a moment", vanish}, {"an item vanishes for a moment", vanish},
	{"an item vanishes for a collection", vanishBeside}, {"a tie vanishes for a moment", vanishTie},
	{"the worker is narrowed", narrow}, {"the worker loses an environment", narrowEnvironment}, {"an environment is hidden", hide},
	{"own rights can't be read", hideRights}, {"the feed is refused", refuseFeed}, {"the feed is late", delayFeed}, {"a deletion fails", failDeletion},
	{"an environment is removed", removeEnvironment}, {"an environment is made", addEnvironment},
	{"life goes on while a list is read", liveWithin}, {"life goes on while a list is read", liveWithin},
	{"the worker is narrowed while a list is read", narrowWithin}, {"PingOne's clock differs", shiftClock},
}

// undo is what ends a trouble after so many runs.
type undo struct {
	runs int
	end  func()
}

// lasts ends a trouble with this run, or some later.
func (w *world) lasts(most int, end func()) {
	w.undos = append(w.undos, undo{w.rnd.IntN(most + 1), end})
}

// mend ends the troubles whose time is over; all of them for good.
func (w *world) mend(all bool) {
	var left []undo
	for _, u := range w.undos {
		if u.runs--; u.runs < 0 || all {
			u.end()
		} else {
			left = append(left, u)
		}
	}
	w.undos = left
}

// at lets something happen before a collection is read in this run.
func (w *world) at(c staging.Collection, what string, do func(*pingonetest.Organization)) {
	w.plan[c] = append(w.plan[c], func() { w.change(what, do) })
}

// within lets something happen before a random collection is read.
func (w *world) within(what string, do func(*pingonetest.Organization)) {
	c, _ := pick(w, collection.All)
	w.at(c.Name, what, do)
}

// after is the collection behind another one; "" behind the last.
func after(c staging.Collection) staging.Collection {
	for i, of := range collection.All {
		if of.Name == c && i+1 < len(collection.All) {
			return collection.All[i+1].Name
		}
	}
	return ""
}

// A place is where a sort of list is, and its items.
type place struct {
	list, item, query, key string
	of                     staging.Collection
}

var places = []place{
	{"/v1/environments", "", "", "environments", staging.Environments},
	{"/v1/environments/*/populations", "/v1/environments/*/populations/*", "", "populations", staging.Populations},
	{"/v1/environments/*/users", "/v1/environments/*/users/*", "population", "users", staging.Users},
	{"/v1/environments/*/groups", "/v1/environments/*/groups/*", "limit", "groups", staging.Groups},
	{"/v1/environments/*/users", "/v1/environments/*/users/*/memberOfGroups", "memberOfGroups", "users", staging.Memberships},
	{"/v1/environments/*/groups", "/v1/environments/*/groups/*/memberOfGroups", "memberOfGroups", "groups", staging.Memberships},
	{"/v1/environments/*/applications", "/v1/environments/*/applications/*", "", "applications", staging.Applications},
	{"/v1/environments/*/gateways", "/v1/environments/*/gateways/*", "", "gateways", staging.Gateways},
	{"/v1/environments/*/roles", "/v1/environments/*/roles/*", "", "roles", staging.Roles},
	{"/v1/environments/*/users/*/roleAssignments", "/v1/environments/*/users/*/roleAssignments/*", "", "roleAssignments", staging.RoleAssignments},
	{"/v1/environments/*/groups/*/roleAssignments", "/v1/environments/*/groups/*/roleAssignments/*", "", "roleAssignments", staging.RoleAssignments},
	{"/v1/environments/*/gateways/*/roleAssignments", "/v1/environments/*/gateways/*/roleAssignments/*", "", "roleAssignments", staging.RoleAssignments},
}

// fault injects one before its collection is read.
func (w *world) fault(p place, f pingonetest.Fault) {
	w.at(p.of, fmt.Sprintf("fault %d %d on %s %s: %d times from %d", f.Do, f.Status, f.Match, f.Query, f.Times, f.From), func(*pingonetest.Organization) {
		w.pingone.Inject(f)
	})
}

// some tells a part of all ids.
func (w *world) some() func(pingone.ID) bool {
	salt, part := w.rnd.Uint64(), uint64(1+w.rnd.IntN(4))
	return func(id pingone.ID) bool {
		h := fnv.New64a()
		_, _ = fmt.Fprint(h, salt, id)
		return h.Sum64()%part == 0
	}
}

func lose(w *world) {
	p, _ := pick(w, places)
	w.fault(p, pingonetest.Fault{
		Match: p.list, Query: p.query, From: 1 + w.rnd.IntN(3), Times: 1 + w.rnd.IntN(4), Do: pingonetest.FaultLose,
		LoseIf: w.some(), Filtered: true, KeepCount: w.rnd.IntN(2) == 0,
	})
}

func repeat(w *world) {
	p, _ := pick(w, places)
	w.fault(p, pingonetest.Fault{Match: p.list, Query: p.query, From: 1 + w.rnd.IntN(3), Times: 1 + w.rnd.IntN(2), Do: pingonetest.FaultEdit,
		Edit: func(body string) string { return twice(body, p.key) }})
}

// twice shows the first item of a page in place of the last, too.
func twice(body, key string) string {
	var page map[string]any
	if json.Unmarshal([]byte(body), &page) != nil {
		return body
	}
	embedded, _ := page["_embedded"].(map[string]any)
	if items, _ := embedded[key].([]any); len(items) > 1 {
		items[len(items)-1] = items[0]
	}
	edited, err := json.Marshal(page)
	if err != nil {
		return body
	}
	return string(edited)
}

func loop(w *world) {
	p, _ := pick(w, places)
	w.fault(p, pingonetest.Fault{Match: p.list, Query: p.query, Times: 1 + w.rnd.IntN(2), Do: pingonetest.FaultLoopNext})
}

func refuseOnce(w *world) {
	p, _ := pick(w, places)
	status, _ := pick(w, []int{401, 403, 404, 429, 500, 503})
	w.fault(p, pingonetest.Fault{
		Match: p.list, Query: p.query, From: 1 + w.rnd.IntN(5), Times: 1 + w.rnd.IntN(9), Do: pingonetest.FaultStatus, Status: status, Code: "SOME_CODE",
	})
}

// refuse refuses a list or what is asked for by id, from some moment on.
func refuse(w *world) {
	p, _ := pick(w, places)
	path := p.list
	if w.rnd.IntN(3) == 0 && p.item != "" {
		path = p.item
	}
	status, _ := pick(w, []int{403, 404, 403, 404, 500})
	w.within(fmt.Sprintf("deny %s: %d", path, status), func(*pingonetest.Organization) { w.pingone.Deny(path, status, "ACCESS_FAILED") })
	w.lasts(2, func() { w.pingone.Permit(path) })
}

func breakReplies(w *world) {
	p, _ := pick(w, places)
	do, _ := pick(w, []pingonetest.FaultKind{
		pingonetest.FaultReset, pingonetest.FaultResetBody, pingonetest.FaultTruncate, pingonetest.FaultHTML, pingonetest.FaultForeignNext, pingonetest.FaultToken,
	})
	w.fault(p, pingonetest.Fault{Match: p.list, Query: p.query, From: 1 + w.rnd.IntN(4), Times: 1 + w.rnd.IntN(8), Do: do})
}

var countFields = []struct {
	path   string
	of     staging.Collection
	fields *regexp.Regexp
}{
	{"/v1/environments/*/populations", staging.Populations, regexp.MustCompile(`"(userCount)":(\d+)`)},
	{"/v1/environments/*/populations/*", staging.Users, regexp.MustCompile(`"(userCount)":(\d+)`)},
	{"/v1/environments/*/groups", staging.Groups, regexp.MustCompile(`"(users|groups)":(\d+)`)},
	{"/v1/environments/*/users", staging.Users, regexp.MustCompile(`"(count)":(\d+)`)},
	{"/v1/environments/*/users", staging.Memberships, regexp.MustCompile(`"(count|size)":(\d+)`)},
	{"/v1/environments/*/totalIdentities", staging.Users, regexp.MustCompile(`"(totalIdentities)":(\d+)`)},
}

// miscount lets counts lie: they lag behind, are too high, or 0.
func miscount(w *world) {
	c, _ := pick(w, countFields)
	by, _ := pick(w, []int{-1, 1, -2, 3, -1000})
	w.fault(place{of: c.of}, pingonetest.Fault{Match: c.path, Times: 1 + w.rnd.IntN(6), Do: pingonetest.FaultEdit, Edit: func(body string) string {
		return c.fields.ReplaceAllStringFunc(body, func(field string) string {
			name, number, _ := strings.Cut(field, ":")
			n, _ := strconv.Atoi(number)
			return name + ":" + strconv.Itoa(max(n+by, 0))
		})
	}})
}

// An item that may vanish: where it is listed, and its own path.
type thing struct {
	id     pingone.ID
	of     staging.Collection
	path   string
	beside []staging.Collection // other collections in which it shows
}

func (w *world) thing() (thing, bool) {
	e := w.somewhere()
	path := "/v1/environments/" + e.ID.String()
	u, _ := w.user(e)
	g, hasGroup := w.group(e, anyGroup)
	a, hasApp := w.application(e)
	gw, hasGateway := pick(w, e.Gateways)
	p, _ := pick(w, e.Populations)
	switch n := w.rnd.IntN(6); {
	case n == 0 && hasGroup:
		return thing{g.ID, staging.Groups, path + "/groups/" + g.ID.String(), []staging.Collection{staging.Memberships, staging.RoleAssignments}}, true
	case n == 1 && hasApp:
		return thing{a.ID, staging.Applications, path + "/applications/" + a.ID.String(), []staging.Collection{staging.RoleAssignments}}, true
	case n == 2 && hasGateway:
		return thing{gw.ID, staging.Gateways, path + "/gateways/" + gw.ID.String(), []staging.Collection{staging.RoleAssignments}}, true
	case n == 3 && p != nil:
		return thing{p.ID, staging.Populations, path + "/populations/" + p.ID.String(), []staging.Collection{staging.Users}}, true
	case n == 4:
		return thing{e.ID, staging.Environments, path, []staging.Collection{staging.Users, staging.Memberships, staging.Applications}}, true
	}
	return thing{u, staging.Users, path + "/users/" + u.String(), []staging.Collection{staging.Memberships, staging.RoleAssignments}}, !u.IsZero()
}

// vanish hides an item from its own list. It is back when it is asked for.
func vanish(w *world) {
	t, ok := w.thing()
	if !ok {
		return
	}
	back := func(o *pingonetest.Organization) { o.Return(t.id) }
	w.at(t.of, fmt.Sprint("vanish from ", t.of, " ", short(t.id)), func(o *pingonetest.Organization) {
		o.Vanish(t.id)
		w.bridge.asked.Store(t.path, func() { back(o) })
	})
	w.at(after(t.of), "return "+short(t.id), back)
	w.lasts(0, func() { w.org.Return(t.id) })
}

// vanishBeside hides an item while another collection is read.
func vanishBeside(w *world) {
	t, ok := w.thing()
	if !ok {
		return
	}
	c, _ := pick(w, t.beside)
	w.at(c, fmt.Sprint("vanish from ", c, " ", short(t.id)), func(o *pingonetest.Organization) { o.Vanish(t.id) })
	w.at(after(c), "return "+short(t.id), func(o *pingonetest.Organization) { o.Return(t.id) })
	w.lasts(0, func() { w.org.Return(t.id) })
}

// vanishTie hides a membership from its list.
func vanishTie(w *world) {
	e := w.somewhere()
	g, ok := w.group(e, anyGroup)
	if !ok {
		return
	}
	member, ok := pick(w, e.DirectMembers(g.ID, true))
	kind := "users"
	if len(g.Children) > 0 && (!ok || w.rnd.IntN(2) == 0) {
		member, kind, ok = g.Children[0], "groups", true
	}
	if !ok {
		return
	}
	back := func(o *pingonetest.Organization) { o.ReturnMember(g.ID, member) }
	path := fmt.Sprintf("/v1/environments/%s/%s/%s/memberOfGroups", e.ID, kind, member)
	w.at(staging.Memberships, fmt.Sprint("vanish ", short(member), " from ", g.Name), func(o *pingonetest.Organization) {
		o.VanishMember(g.ID, member)
		w.bridge.asked.Store(path, func() { back(o) })
	})
	w.at(after(staging.Memberships), "return it", back)
	w.lasts(0, func() { back(w.org) })
}

func narrow(w *world) {
	e := w.somewhere()
	p, ok := pick(w, e.Populations)
	if ok {
		w.restrict(e.ID, p.ID)
	}
}

func narrowEnvironment(w *world) { w.restrict(w.somewhere().ID, pingone.ID{}) }

// restrict takes a population or an environment from the worker in the middle
// of a run, and gives it back some time later.
func (w *world) restrict(env, population pingone.ID) {
	w.tainted = true
	c, _ := pick(w, collection.All)
	w.at(c.Name, "narrow "+short(env)+" "+short(population), func(o *pingonetest.Organization) {
		if o.Environment(env) != nil {
			o.Narrow(env, population)
		}
	})
	widen := func(o *pingonetest.Organization) {
		if o.Environment(env) != nil {
			o.Widen(env, population)
		}
	}
	if next := after(c.Name); next != "" && w.rnd.IntN(3) == 0 {
		w.at(next, "widen", widen)
	}
	w.lasts(3, func() { w.change("widen "+short(env)+" "+short(population), widen) })
}

func hide(w *world) {
	e := w.somewhere()
	w.within("hide "+short(e.ID), func(o *pingonetest.Organization) {
		if o.Environment(e.ID) != nil {
			o.HideEnvironment(e.ID)
		}
	})
	w.lasts(2, func() {
		w.change("show "+short(e.ID), func(o *pingonetest.Organization) {
			if o.Environment(e.ID) != nil {
				o.ShowEnvironment(e.ID)
			}
		})
	})
}

func hideRights(w *world) {
	w.tainted = true
	path := fmt.Sprintf("/v1/environments/%s/applications/%s/roleAssignments", home, w.org.Client)
	status, _ := pick(w, []int{403, 404, 500})
	w.within("hide own rights", func(*pingonetest.Organization) { w.pingone.Deny(path, status, "ACCESS_FAILED") })
	w.lasts(2, func() { w.pingone.Permit(path) })
}

func refuseFeed(w *world) {
	path := "/v1/environments/*/activities"
	status, _ := pick(w, []int{400, 403, 500})
	w.within("refuse the feed", func(*pingonetest.Organization) { w.pingone.Deny(path, status, "ACCESS_FAILED") })
	w.lasts(2, func() { w.pingone.Permit(path) })
}

func delayFeed(w *world) {
	by := time.Duration(1+w.rnd.IntN(240)) * time.Minute
	w.within(fmt.Sprint("delay the feed by ", by), func(*pingonetest.Organization) { w.pingone.DelayFeed(by) })
	w.lasts(2, func() { w.pingone.DelayFeed(0) })
}

// failDeletion lets the feed tell of deletions that failed.
func failDeletion(w *world) {
	e := w.somewhere()
	u, _ := w.user(e)
	g, ok := w.group(e, anyGroup)
	if !ok || u.IsZero() {
		return
	}
	w.within("fail to delete "+short(u)+" and "+g.Name, func(o *pingonetest.Organization) {
		if o.Environment(e.ID) == nil {
			return
		}
		o.RecordFailure(e.ID, "USER.DELETED", "USER", u)
		o.RecordFailure(e.ID, "GROUP.DELETED", "GROUP", g.ID)
		o.RecordFailure(e.ID, "MEMBER_OF_GROUP.DELETED", "MEMBER_OF_GROUP", g.ID, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: u})
	})
}

func removeEnvironment(w *world) {
	e := w.somewhere()
	if e.ID != home && len(w.org.Environments) > 2 {
		w.within("remove environment "+short(e.ID), func(o *pingonetest.Organization) {
			if o.Environment(e.ID) != nil {
				o.RemoveEnvironment(e.ID)
			}
		})
	}
}

func addEnvironment(w *world) {
	env := w.fresh()
	w.within("add environment "+short(env), func(o *pingonetest.Organization) {
		o.AddEnvironment(pingonetest.Environment{ID: env, Name: "Environment " + short(env), Type: "SANDBOX", Region: "EU"})
		people(o, env, 1, 3)
		o.SetRights(append(o.Rights(), pingonetest.ReadRights(env)...)...)
	})
}

// whileRead lets something happen while the lists of a collection are read, at one
// of its first requests.
func (w *world) whileRead(p place, what string, do func(*pingonetest.Organization)) {
	w.say("  at a request for %s: %s", p.of, what)
	w.fault(p, pingonetest.Fault{Match: p.list, Query: p.query, From: 1 + w.rnd.IntN(6), Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
		do(o)
		w.judge.learn(factsOf(o), w.bridge.clock().Add(w.bridge.behind))
	}})
}

func liveWithin(w *world) {
	e := w.somewhere()
	p, _ := pick(w, places[1:6])
	u, ok := w.user(e)
	to, hasPopulation := pick(w, e.Populations)
	g, hasGroup := w.group(e, anyGroup)
	if !ok || !hasPopulation || !hasGroup {
		return
	}
	n := w.rnd.IntN(6)
	w.whileRead(p, fmt.Sprint("life ", n, " of ", short(u), ", ", short(to.ID), ", ", g.Name), func(o *pingonetest.Organization) {
		switch {
		case o.Environment(e.ID) == nil:
		case n == 0:
			o.MoveUser(e.ID, u, to.ID)
		case n == 1:
			o.RemoveUser(e.ID, u)
		case n == 2:
			o.AddMember(e.ID, g.ID, u)
		case n == 3:
			o.RemoveMember(e.ID, g.ID, u)
		case n == 4:
			o.AddMember(e.ID, g.ID, u)
			o.RemoveMember(e.ID, g.ID, u)
		default:
			o.RemoveGroup(e.ID, g.ID)
		}
	})
}

func narrowWithin(w *world) {
	w.tainted = true
	e := w.somewhere()
	p, _ := pick(w, places[1:6])
	population, ok := pick(w, e.Populations)
	if !ok {
		return
	}
	over := false // the request may come late, or never
	w.whileRead(p, "narrow "+short(population.ID), func(o *pingonetest.Organization) {
		if o.Environment(e.ID) != nil && !over {
			o.Narrow(e.ID, population.ID)
		}
	})
	w.lasts(2, func() {
		over = true
		w.change("widen "+short(population.ID), func(o *pingonetest.Organization) {
			if o.Environment(e.ID) != nil {
				o.Widen(e.ID, population.ID)
			}
		})
	})
}

// shiftClock lets PingOne's clock be ahead or behind.
func shiftClock(w *world) {
	by, _ := pick(w, []time.Duration{10 * time.Second, -10 * time.Second, 3 * time.Minute, -3 * time.Minute})
	w.say("  PingOne's clock is %s behind", by)
	w.bridge.behind = by
	w.lasts(2, func() { w.bridge.behind = 0 })
}
