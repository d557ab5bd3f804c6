package transform

import (
	"fmt"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

const (
	populationParent  = "population"
	environmentParent = "environment"
)

// shortReasons are about lists that are shorter than PingOne says they are,
// by more than a person approved before.
func (t *transform) shortReasons(m *memory) []string {
	var reasons []string
	approved, said := m.approvedShortages(), map[report.List]bool{}
	for _, s := range slices.Concat(t.shortLists(), t.shortPopulations()) {
		if said[s.Of] {
			continue
		}
		said[s.Of] = true
		s.Approved = approved[s.Of]
		if s.Missing() > s.Approved+slack(s) && !isSlight(s) {
			reasons = append(reasons, t.shortReason(s))
		}
		t.report.Sweep.Short = append(t.report.Sweep.Short, s)
	}
	return reasons
}

// shortLists are those that fetch found, asking twice.
func (t *transform) shortLists() []report.Short {
	var all []report.Short
	for _, c := range staging.Collections {
		for _, s := range t.snaps[c].Complete.Short {
			all = append(all, report.Short{
				Of:       report.List{Collection: string(c), Environment: s.Environment, Parent: s.Parent.Kind, ID: s.Parent.ID, Name: s.List},
				Expected: s.Expected, Read: s.Read,
			})
		}
	}
	return all
}

// shortPopulations compares the users of each population, each once, with its
// userCount: as it was listed, and where fetch counted again as it was then,
// if that is less.
func (t *transform) shortPopulations() []report.Short {
	users := t.snaps[staging.Users]
	if slices.ContainsFunc(users.Complete.Unread, isRefused) {
		return nil // said already
	}
	again := map[pingone.ID]int{}
	for _, r := range users.Manifest.Recounts {
		again[r.Population] = r.Users
	}
	var all []report.Short
	for _, id := range t.x.popOrder {
		p := t.x.populations[id]
		if p.UserCount == nil {
			continue
		}
		read, there := t.x.usersIn[id], *p.UserCount
		if n, ok := again[id]; ok {
			there = min(there, n)
		}
		if read < there {
			all = append(all, report.Short{
				Of:       report.List{Collection: string(staging.Users), Environment: p.Environment.ID, Parent: populationParent, ID: id, Name: "users"},
				Expected: there, Read: read,
			})
		}
	}
	return all
}

func (t *transform) shortReason(s report.Short) string {
	before := ""
	if s.Approved > 0 {
		before = fmt.Sprintf(" (%d fewer were approved before)", s.Approved)
	}
	if s.Of.Parent == environmentParent {
		return fmt.Sprintf("%s: %d of %d %s are visible%s: PingOne counts more in environment %s than the worker application is shown, check that its roles are on the whole of it; if they are, and the count stays, approve the sweep",
			s.Of.Collection, s.Read, s.Expected, s.Of.Name, before, s.Of.Environment)
	}
	return fmt.Sprintf("%s: %d of %d %s of %s %s were read%s: the rest was deleted meanwhile, or is not visible to the worker application; if the next run says so too, check that its roles are on the whole of environment %s",
		s.Of.Collection, s.Read, s.Expected, s.Of.Name, s.Of.Parent, t.nameOf(staging.Parent{Kind: s.Of.Parent, ID: s.Of.ID}), before, s.Of.Environment)
}

func (t *transform) nameOf(p staging.Parent) string {
	if p.Kind == populationParent {
		if name := t.x.populationName(p.ID); name != "" {
			return name
		}
	}
	return p.ID.String()
}

const (
	// An environment that shows fewer users than PingOne counts holds the sweep
	// if more than both of these are missing.
	hiddenPercent = 1
	hiddenUsers   = 10
)

// isSlight tells whether so few are missing that the head count may be wrong.
func isSlight(s report.Short) bool {
	return s.Of.Parent == environmentParent && (s.Missing() <= hiddenUsers || s.Missing()*100 <= hiddenPercent*s.Expected)
}

// slack is how many more may be missing than were approved. The head count of
// an environment is not exact, with or without an approval.
func slack(s report.Short) int {
	if s.Of.Parent == environmentParent && s.Approved > 0 {
		return max(hiddenUsers, s.Expected*hiddenPercent/100)
	}
	return 0
}

// passOn is what a good run passes on: of each list as little as was approved,
// or as was missing now. What was approved of a head count that PingOne did not
// tell this time stays.
func (t *transform) passOn(m *memory) []report.Short {
	all := lessShort(t.report.Sweep.Short)
	last := m.baseline()
	if last == nil {
		return all
	}
	counted := t.snaps[staging.Users].Manifest.HeadCounts
	for _, s := range last.Short {
		if s.Of.Parent == environmentParent && s.Approved > 0 && !slices.Contains(counted, s.Of.ID) {
			all = append(all, s)
		}
	}
	return all
}

// approvedShortages are how many a person said may be missing from each list.
// They never grow by themselves: what the last good run missed is the most.
func (m *memory) approvedShortages() map[report.List]int {
	all := map[report.List]int{}
	if last := m.baseline(); last != nil {
		for _, s := range last.Short {
			all[s.Of] = s.Approved
		}
	}
	return all
}

// lessShort is what was approved of each list, or as little as was missing now.
func lessShort(all []report.Short) []report.Short {
	all = slices.Clone(all)
	for i := range all {
		all[i].Approved = min(all[i].Approved, all[i].Missing())
	}
	return all
}

// approvedShort is what an approval passes on: all that is missing.
func approvedShort(all []report.Short) []report.Short {
	all = slices.Clone(all)
	for i := range all {
		all[i].Approved = all[i].Missing()
	}
	return all
}
