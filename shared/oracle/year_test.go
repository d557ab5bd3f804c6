package oracle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

const (
	// every is what passes from one run to the next.
	every = 6 * time.Hour
	// mostRuns is in how many runs Authomize may hold what is gone.
	mostRuns = 2
	// remembered is how many runs stay in the store.
	remembered = 6
)

// TestYear lets a year of ordinary life pass, in which nobody approves anything but
// what truly shrinks: two weeks of 300 users, or with LONG=1 the year of 5,000.
// Nothing may be lost, no run is held for anything else; who leaves, and each tie that is taken away, is gone after two runs, save
// what a refused list alone could show.
func TestYear(t *testing.T) {
	t.Parallel()
	days, users := 14, 300
	if isLong() {
		days, users = 365, 5000
	}
	inWorld(t, 11, company(users), func(w *world) {
		y := &year{world: w, sums: map[string]int64{}}
		for n := range days * 4 {
			y.run(n, n < days*4-4)
			if n%120 == 0 && isLong() {
				t.Logf("day %d of %d", n/4, days)
			}
		}
		y.end()
	})
}

// company is three environments, the larger the more users.
func company(users int) *pingonetest.Organization {
	o := small()
	for u := range users {
		if u%5 == 0 {
			addUser(o, shop, id("year", "user", u), id(shop, "population", 0))
		} else {
			addUser(o, workforce, id("year", "user", u), id(workforce, "population", u%3))
		}
	}
	e := o.Environment(workforce)
	for g := range users / 20 {
		group := pingonetest.Group{ID: id("year", "group", g), Name: fmt.Sprint("Group ", g)}
		for u := g; u < len(e.Users); u += 7 + g {
			group.Members = append(group.Members, int32(u))
		}
		if g%15 == 0 {
			group.UserFilter, group.Dynamic, group.Members = "title pr", group.Members, []int32{int32(g)}
		}
		o.AddGroup(workforce, group)
		if g > 0 && g%5 == 0 {
			o.Nest(workforce, id("year", "group", g-1), group.ID)
		}
	}
	for u := 20; u < len(e.Users); u += 60 {
		o.Assign(workforce, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: e.Users[u].ID},
			pingonetest.RoleAssignment{Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "ENVIRONMENT", Scope: workforce})
	}
	return o
}

// A year is runs after runs, and what they came to.
type year struct {
	*world
	sums   map[string]int64
	denied map[string]int // places that are refused, for how many runs more
}

// ordinary is what happens how often in a hundred runs.
var ordinary = []struct {
	often int
	do    deed
}{
	{51, hire}, {62, leave}, {27, move}, {300, join}, {300, quit}, {100, match}, {100, unmatch}, {3, nest}, {3, unnest},
	{4, addGroup}, {3, removeGroup}, {30, assign}, {30, unassign}, {2, addApplication}, {1, removeApplication}, {4, changeApplication},
	{1, gateways}, {20, renameUser}, {1, populate}, {1, dissolve}, {1, roles},
}

// run is one run and the six hours before it.
func (y *year) run(n int, trouble bool) {
	time.Sleep(every)
	y.plan = map[staging.Collection][]func(){}
	for _, o := range ordinary {
		for range o.often/100 + isHit(y.rnd.IntN(100) < o.often%100) {
			o.do(y.world, y.somewhere())
		}
	}
	y.trouble(trouble)
	y.runs()
	y.count()
	y.stuck()
	if y.state == report.Held {
		y.holds(n)
	}
	y.forget()
	y.said = y.said[max(0, len(y.said)-400):]
}

func isHit(hit bool) int {
	if hit {
		return 1
	}
	return 0
}

// trouble lets one run in ten meet a 429, 5xx or reset, and one in forty a list
// that is refused for a day.
func (y *year) trouble(wanted bool) {
	for path := range y.denied {
		if y.denied[path]--; y.denied[path] < 0 {
			y.pingone.Permit(path)
			delete(y.denied, path)
		}
	}
	if !wanted {
		return
	}
	p, _ := pick(y.world, places[1:])
	f := pingonetest.Fault{Match: p.list, From: 1 + y.rnd.IntN(4), Times: 1 + y.rnd.IntN(5), Do: pingonetest.FaultStatus}
	switch y.rnd.IntN(40) {
	case 0, 1:
		f.Status, f.Code, f.RetryAfter = 429, "REQUEST_LIMITED", 3*time.Second
	case 2:
		f.Status = 503
	case 3:
		f.Do = pingonetest.FaultReset
	case 4:
		if y.denied == nil {
			y.denied = map[string]int{}
		}
		y.denied[p.list] = 4
		y.pingone.Deny(p.list, 403, "ACCESS_FAILED")
		y.say("deny %s for a day", p.list)
		return
	default:
		return
	}
	y.fault(p, f)
}

// count adds up what the run's collections say.
func (y *year) count() {
	for _, c := range staging.Collections {
		snap, err := staging.Load(y.t.Context(), y.store, y.last, c)
		if err != nil {
			y.t.Fatal(err)
		}
		y.sums["calls"] += snap.Complete.Calls
		for _, l := range snap.Complete.Carried {
			if l.Reason != staging.NotDue {
				y.sums["carried"] += int64(l.Lists + l.Items)
			}
		}
	}
}

// stuck fails the test for what is gone and stays, though no list is refused that
// would show it.
func (y *year) stuck() {
	over := y.judge.stay(y.held(), mostRuns, func(r record) bool {
		for path := range y.denied {
			if kind := path[strings.LastIndexByte(path, '/')+1:]; isShownBy(kind, r.key) {
				return true
			}
		}
		return false
	})
	if len(over) > 0 && y.state != report.Held {
		y.sums["stuck"] += int64(len(over))
		y.t.Fatalf("stuck %d: %v", len(over), over[:min(len(over), 20)])
	}
}

// isShownBy tells whether a record follows from what a sort of lists shows.
func isShownBy(list, key string) bool {
	for _, kind := range map[string][]string{
		"populations": {"population:"}, "users": {"user:", "group:"}, "groups": {"group:"}, "gateways": {"gateway:"},
		"applications": {"application:", "app-access", "client:"}, "roles": {"role:"}, "roleAssignments": {"role:", "admins:", "app-access:"},
	}[list] {
		if strings.Contains(key, kind) {
			return true
		}
	}
	return false
}

// holds fails the test for a run that is held, unless a kind truly shrank by more
// than may be: that a person approves.
func (y *year) holds(n int) {
	y.sums["held"]++
	rep, err := report.Load(y.t.Context(), y.store, y.last)
	if err != nil {
		y.t.Fatal(err)
	}
	y.approve(y.last, func([]string) []string { return []string{string(sweep.Shrunk)} }, true)
	after, err := report.Load(y.t.Context(), y.store, y.last)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, r := range rep.Sweep.Held {
		y.t.Logf("run %d is held: %s: %s", n, r.Code, r.Text)
		if after.State != report.Done {
			y.t.Errorf("run %d is held for what did not happen: %s", n, r.Code)
		}
	}
}

// forget deletes the oldest runs, as the bucket's life cycle does.
func (y *year) forget() {
	runs, err := staging.Runs(y.t.Context(), y.store)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, run := range runs[:max(0, len(runs)-remembered)] {
		keys, err := y.store.List(y.t.Context(), "runs/"+string(run)+"/")
		if err != nil {
			y.t.Fatal(err)
		}
		for _, key := range keys {
			y.store.Delete(key)
		}
	}
}

// end looks what is left of the year: nothing that is gone may be unproven.
func (y *year) end() {
	y.equal()
	y.notCarried(y.last)
	line := fmt.Sprintf("lost %d, stuck %d, held %d, carried %d, calls %d, runs %d",
		len(y.judge.lost), y.sums["stuck"], y.sums["held"], y.sums["carried"], y.sums["calls"], y.judge.runs)
	y.t.Log(line)
	if isLong() {
		fmt.Println(line)
	}
}
