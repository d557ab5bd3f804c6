package insight_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// A right more never removes a path, nor anyone from tier zero. The one exception is
// the guard of R7: what a client gets more may close its secret to others, so that
// of clients only their own rights are compared.
func TestARightMoreNeverRemovesAPath(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := randomWorld(r)
		before := able(w)
		b := &rig{World: *w}
		b.Classes, b.Holdings = slices.Clone(w.Classes), slices.Clone(w.Holdings)
		switch r.IntN(3) {
		case 0:
			b.giveAny(r, []string{"Bob", "Eve", "Cid", "Dan", "group 0", "group 1", "gateway"}[r.IntN(7)])
		case 1:
			at, from := r.IntN(len(b.Roles)), r.IntN(len(b.Roles))
			b.Roles[at].Permissions = append(slices.Clone(b.Roles[at].Permissions), b.Roles[from].Permissions...)
		default:
			at, from := r.IntN(len(b.Roles)), r.IntN(len(b.Roles))
			b.Roles[at].CanAssign = append(slices.Clone(b.Roles[at].CanAssign), b.Roles[from].ID)
		}
		after := able(&b.World)
		for d := range before {
			if !after[d] {
				t.Fatalf("seed %d: %v has no path any more", seed, d)
			}
		}
	}
}

// The order of lists decides nothing: not who has a path, nor any id or sentence.
func TestOrderDecidesNothing(t *testing.T) {
	t.Parallel()
	texts := func(w *insight.World) (all []string) {
		b := rig{World: *w}
		r := insight.Compute(w, insight.Untested)
		for _, a := range insight.Assess(w, r, nil) {
			for _, f := range a.Findings {
				all = append(all, f.ID+" "+f.Text.String(b.names()))
			}
		}
		slices.Sort(all)
		if r.Choke != nil {
			all = append(all, r.Choke.Text().String(b.names()))
		}
		return append(all, r.Headline())
	}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := randomWorld(r)
		want := texts(w)
		to := r.Perm(len(w.Classes))
		classes := make([]insight.Class, len(to))
		for i, at := range to {
			classes[at] = w.Classes[i]
		}
		for i := range w.Holdings {
			w.Holdings[i].Class = uint32(to[w.Holdings[i].Class])
		}
		w.Classes = classes
		r.Shuffle(len(w.Holdings), func(i, j int) { w.Holdings[i], w.Holdings[j] = w.Holdings[j], w.Holdings[i] })
		r.Shuffle(len(w.Roles), func(i, j int) { w.Roles[i], w.Roles[j] = w.Roles[j], w.Roles[i] })
		r.Shuffle(len(w.Populations), func(i, j int) { w.Populations[i], w.Populations[j] = w.Populations[j], w.Populations[i] })
		r.Shuffle(len(w.Environments), func(i, j int) { w.Environments[i], w.Environments[j] = w.Environments[j], w.Environments[i] })
		if got := texts(w); !slices.Equal(got, want) {
			t.Fatalf("seed %d: got  %q\nwant %q", seed, got, want)
		}
	}
}

// able are who controls the organization, or can come to.
func able(w *insight.World) map[pingone.ID]bool {
	r := insight.Compute(w, insight.Likely)
	all := map[pingone.ID]bool{}
	for _, m := range r.TierZero {
		all[m.Thing.ID] = true
	}
	for _, s := range r.Together {
		all[s.Who.ID] = true
	}
	for i, h := range w.Holdings {
		if r.Marks[h.Class].EscalationPathPossible || slices.Contains(r.Marks[h.Class].Tags, "tier:0") {
			all[w.Holder(w.Holdings[i]).ID] = true
		}
	}
	return all
}

func TestTierZero(t *testing.T) {
	t.Parallel()
	b := newRig()
	for _, name := range []string{"Bob", "Eve", "Cid", "Dan"} {
		b.user(name, "Workforce")
	}
	b.Users[4].Disabled = true
	b.client("Robot", "Workforce")
	b.give("Bob", envAdmin, "ORGANIZATION", "Acme")     // so Workforce is a home, too
	b.give("Eve", envAdmin, "ENVIRONMENT", "Workforce") // a home of Bob's
	b.give("Cid", envAdmin, "ENVIRONMENT", "elsewhere")
	b.give("Dan", orgAdmin, "ORGANIZATION", "Acme")
	b.group("Bosses", "Workforce", "Cid")
	b.give("Robot", envAdmin, "ENVIRONMENT", "Administrators")
	r := insight.Compute(&b.World, insight.Likely)
	var got []string
	for _, m := range r.TierZero {
		name := insight.Text{{Thing: m.Thing}}.String(b.names())
		if !m.Acts {
			name += ", not able to act"
		}
		got = append(got, name)
	}
	if want := []string{"Ada", "Bob", "Eve", "Dan, not able to act", "client Robot"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if r.Controls != (insight.Count{People: 3, Clients: 1}) {
		t.Errorf("%+v control", r.Controls)
	}
	if got := r.Marks[1].Tags; !slices.Equal(got, []string{"tier:0"}) || r.Marks[3].Tags != nil {
		t.Errorf("marks are %+v", r.Marks)
	}
}

func TestNoZeroWithoutCoverage(t *testing.T) {
	t.Parallel()
	b := newRig()
	b.Environments = append(b.Environments, insight.EnvironmentInfo{ID: id("Lost"), Name: "Lost"})
	headline := func() string { return insight.Compute(&b.World, insight.Likely).Headline() }
	if got, want := headline(), "No path found in the 2 environments that were read; 1 was not."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	b.user("Bob", "Workforce")
	b.give("Bob", dataAdmin, "ORGANIZATION", "Acme")
	b.give("Bob", "of a kind that is not known", "ORGANIZATION", "Acme")
	want := "1 more can become one of them: 0 by documented rules, 1 likely."
	if got := headline(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Five by one group, of whom two have another path: its removal closes three.
func TestChoke(t *testing.T) {
	t.Parallel()
	b := newRig()
	people := []string{"Bob", "Eve", "Cid", "Dan", "Fay"}
	for _, name := range people {
		b.user(name, "Workforce")
	}
	b.group("Support", "Workforce", people...)
	b.give("Support", dataAdmin, "ENVIRONMENT", "Administrators")
	b.group("Second", "Workforce", "Bob", "Eve")
	b.give("Second", helpDesk, "ENVIRONMENT", "Administrators")
	r := insight.Compute(&b.World, insight.Likely)
	if r.Choke == nil {
		t.Fatal("no choke point")
	}
	if got, want := r.Choke.Text().String(b.names()), "Removing Identity Data Admin on environment Administrators from group Support closes 3."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if c := r.Choke; c.Holder.ID != id("Support") || c.Class != 1 {
		t.Errorf("choke is %+v", c)
	}
}

func TestMarksAreOfTheirClassAlone(t *testing.T) {
	t.Parallel()
	b := newRig()
	b.user("Bob", "Administrators")
	narrow := b.give("Bob", dataAdmin, "ENVIRONMENT", "Workforce")
	wide := b.give("Bob", dataAdmin, "ENVIRONMENT", "Administrators")
	b.Users[1].Disabled = true
	r := insight.Compute(&b.World, insight.Likely)
	if m := r.Marks[narrow]; m.EscalationPathPossible || m.Tags != nil {
		t.Errorf("the narrow class is marked %+v", m)
	}
	if m := r.Marks[wide]; !m.EscalationPathPossible || !slices.Equal(m.Tags, []string{"esc:R1", "reaches:organization-admin"}) {
		t.Errorf("the wide class is marked %+v", m)
	}
	if len(r.Starts) != 0 {
		t.Errorf("%d paths start although nobody can act", len(r.Starts))
	}
}
