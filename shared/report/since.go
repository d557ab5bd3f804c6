package report

import (
	"strings"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/staging"
)

// since compares findings with those of an earlier run; nil before: they are not
// there.
func since(run string, before, now *Findings) *Since {
	s := &Since{Run: run, Unknown: run != "" && before == nil}
	if run == "" || before == nil {
		return s
	}
	s.Joined, s.Left = without(now.TierZero, before.TierZero), without(before.TierZero, now.TierZero)
	was, is := before.ids(), now.ids()
	for id := range is {
		if !was[id] {
			s.New++
		}
	}
	for id := range was {
		if !is[id] {
			s.Gone++
		}
	}
	return s
}

func (f *Findings) ids() map[string]bool {
	all := map[string]bool{}
	for _, c := range f.Checks {
		for _, one := range c.Findings {
			all[one.ID] = true
		}
	}
	return all
}

// without are those of all that others do not hold. Who acts no more has left.
func without(all, others []Principal) (left []Principal) {
	there := map[insight.Thing]bool{}
	for _, p := range others {
		there[p.Thing] = there[p.Thing] || p.Acts
	}
	for _, p := range all {
		if p.Acts && !there[p.Thing] {
			left = append(left, p)
		}
	}
	return left
}

// maxChanged is how many are named in the sentence.
const maxChanged = 3

// String says it in one sentence.
func (s *Since) String() string {
	switch {
	case s.Run == "":
		return "First run: nothing to compare with."
	case s.Unknown:
		return "What changed since run " + s.Run + " is unknown: what it found is not there any more."
	}
	begin := "Since run " + s.Run
	if run, err := staging.ParseRun(s.Run); err == nil {
		begin = "Since " + minute(run.Time())
	}
	parts := append(named(s.Joined, " now controls the organization", true), named(s.Left, " no longer controls the organization", false)...)
	for _, of := range []struct {
		n   int
		did string
	}{{s.New, "new"}, {s.Gone, "gone"}} {
		if of.n > 0 {
			parts = append(parts, plural(int64(of.n), "finding is ", "findings are ")+of.did)
		}
	}
	if len(parts) == 0 {
		return begin + " nothing of this changed."
	}
	return begin + ": " + strings.Join(parts, "; ") + "."
}

// named says what the first of them did.
func named(all []Principal, did string, holds bool) (parts []string) {
	for i := range all {
		if i == maxChanged {
			return append(parts, "and so for "+Number(int64(len(all)-i))+" more")
		}
		part := all[i].name() + did
		if holds {
			part += " (" + all[i].Holds + ")"
		}
		parts = append(parts, part)
	}
	return parts
}

// name is what a principal is called.
func (p *Principal) name() string {
	switch {
	case p.Name == "":
		return string(p.Kind) + " " + p.ID.String()
	case p.Kind == insight.User:
		return p.Name
	}
	return string(p.Kind) + " " + p.Name
}
