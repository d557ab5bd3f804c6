package transform

import (
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/report"
)

// keepListed is how many lines of quarantine a report has for one kind and
// reason; all records are counted.
const keepListed = 1000

// A reason says why we held a record back ourselves. The ones that hold the
// sweep are those where the record may exist in Authomize and be right.
type reason struct {
	text  string
	holds bool
}

var (
	// malformed resources may be ones that Authomize has; not refreshed, they
	// would be swept.
	malformed = reason{"malformed: no id, or another shape", true}
	// What refers to something that the run does not hold was deleted, or
	// created, between the reading of two collections. If an earlier run knew
	// it, it may have been missed: see noteMissed and noteNamed. If it was not
	// read at all, that is an unread slice and holds the sweep by itself.
	unknownUser      = reason{"user is not in this run", false}
	unknownGroup     = reason{"group is not in this run", false}
	unknownPrincipal = reason{"principal is not in this run", false}
	groupInItself    = reason{"group is in itself", false}
	// A permission that Authomize holds may have lost its id, but where replies
	// have none at all, as in 2022, this would hold for good. That many are gone
	// at once, the shrink limit says.
	noPermissionID     = reason{"permission of the role has no id", false}
	unknownAccessGroup = reason{"group of the access control is not in this run", false}
)

// findings are what was noticed on the way: records held back, by kind and
// reason, and warnings.
type findings struct {
	quarantined map[authomize.Kind]map[string]int64
	lines       map[quarantineKey][]report.Quarantined
	keys        []quarantineKey // of lines, as they came
	warnings    map[string]int64
	malformed   int64 // records held back for a reason that holds the sweep
}

// A quarantineKey is what the lines of quarantine are limited by, so that many
// of one reason don't hide another.
type quarantineKey struct {
	kind authomize.Kind
	why  reason
}

func newFindings() *findings {
	return &findings{quarantined: map[authomize.Kind]map[string]int64{}, lines: map[quarantineKey][]report.Quarantined{}, warnings: map[string]int64{}}
}

func (f *findings) quarantine(kind authomize.Kind, key string, why reason) {
	f.quarantineMany(kind, key, why, 1)
}

// quarantineMany counts n records, on one line: key names the first, or what
// they share.
func (f *findings) quarantineMany(kind authomize.Kind, key string, why reason, n int) {
	if n == 0 {
		return
	}
	if f.quarantined[kind] == nil {
		f.quarantined[kind] = map[string]int64{}
	}
	f.quarantined[kind][why.text] += int64(n)
	if why.holds {
		f.malformed += int64(n)
	}
	of := quarantineKey{kind, why}
	if f.lines[of] == nil {
		f.keys = append(f.keys, of)
	}
	if len(f.lines[of]) < keepListed {
		f.lines[of] = append(f.lines[of], report.Quarantined{Kind: string(kind), Key: key, Reason: why.text, Others: int64(n - 1)})
	}
}

// listed are the lines of the reasons that hold the sweep, or of the others.
func (f *findings) listed(holding bool) []report.Quarantined {
	var all []report.Quarantined
	for _, of := range f.keys {
		if of.why.holds == holding {
			all = append(all, f.lines[of]...)
		}
	}
	return all
}

func (f *findings) warn(w mapping.Warning) { f.warnings[string(w)]++ }

func (f *findings) warnAll(ws mapping.Warnings) {
	for w := range ws.Each {
		f.warn(w)
	}
}
