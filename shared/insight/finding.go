package insight

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
)

// A State is what became of a check, or of one finding.
type State string

// The states. A check is Found if one of its findings is, Accepted if all are.
const (
	Found       State = "found"
	Accepted    State = "accepted" // a person took the risk, until a date that is not over
	Clean       State = "clean"
	NotAssessed State = "not assessed"
)

// A Severity is how soon somebody should look.
type Severity int

// The severities.
const (
	Info Severity = iota + 1
	Low
	Medium
	High
	Critical
)

// MarshalText is String.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity reads what String gives; false for another text.
func ParseSeverity(text string) (Severity, bool) {
	for s := Info; s <= Critical; s++ {
		if s.String() == text {
			return s, true
		}
	}
	return 0, false
}

// String is the severity in one word.
func (s Severity) String() string {
	return [...]string{"", "info", "low", "medium", "high", "critical"}[s]
}

// A Finding is one thing that an administrator should look at.
type Finding struct {
	// ID is a hash over the check, the principal, and the roles and scopes: what
	// is wider is another finding, which nobody accepted.
	ID       string
	Check    string
	State    State // Found or Accepted
	Severity Severity
	Who      Thing
	Text     Text
	Do       string    // in PingOne
	Until    time.Time // of an accepted one
}

// An Assessment is what one check came to.
type Assessment struct {
	Check    string
	Title    string
	State    State
	Reason   string // why not assessed; else what could not be looked at, "" if all could
	Findings []Finding
}

// An audit is one check at work.
type audit struct {
	w        *World
	r        *Reach
	findings []Finding
	reason   string
}

// heldKey is what roles in scopes add to the id of a finding, in any order.
func heldKey(all []Held) string {
	var keys []string
	for _, h := range all {
		keys = append(keys, h.Role.String()+"@"+string(h.On.Kind)+":"+h.On.ID.String())
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

// find takes up a finding; key is all that it depends on besides the principal.
func (a *audit) find(severity Severity, who Thing, key string, text ...Part) {
	sum := sha256.Sum256([]byte(string(who.Kind) + ":" + who.ID.String() + " " + key))
	a.findings = append(a.findings, Finding{ID: hex.EncodeToString(sum[:6]), Severity: severity, Who: who, Text: slices.Clone(text)}) // what it grew by is left
}

// idOf makes the ids of two checks differ.
func idOf(check, id string) string { return check + "-" + id }

// heldOf is a class, as a text names it.
func (w *World) heldOf(c Class) Held {
	on := Thing{areaOf(c.Scope).kind, c.Scope.ID}
	if on.Kind == "" {
		on.Kind = Kind(c.Scope.Type)
	}
	return Held{c.Role, on}
}

func (w *World) role(id pingone.ID) *RoleInfo {
	if at := slices.IndexFunc(w.Roles, func(r RoleInfo) bool { return r.ID == id }); at >= 0 {
		return &w.Roles[at]
	}
	return nil
}
