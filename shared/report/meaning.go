package report

import (
	"time"

	"pingone-authomize/shared/insight"
)

// Access is what the access of the organization means.
type Access struct {
	// Sentences are for whoever reads no further: how complete the run is, who
	// controls the organization, and who can.
	Sentences []string       `json:"sentences"`
	Controls  insight.Count  `json:"controls"`
	Can       map[string]int `json:"can"` // who can become one who does, by confidence
	// TierZero are the first 200 who control the organization.
	TierZero []Principal `json:"tierZero"`
	// Checks hold the first 50 findings each; findings.json has all.
	Checks []Check `json:"checks"`
}

// A Principal is one who controls the organization.
type Principal struct {
	insight.Thing
	Name  string `json:"name"`
	Holds string `json:"holds"`
	// Acts is false for who is disabled, and for applications that act for users only.
	Acts bool `json:"acts"`
}

// A Check is one kind of finding, and what it came to.
type Check struct {
	Check    string        `json:"check"`
	Title    string        `json:"title"`
	State    insight.State `json:"state"`
	Reason   string        `json:"reason,omitzero"` // why not assessed, or what was left out
	Count    int           `json:"count"`
	Findings []Finding     `json:"findings"`
}

// A Finding is one thing that an administrator should look at.
type Finding struct {
	ID       string        `json:"id"`
	State    insight.State `json:"state"`
	Severity string        `json:"severity"`
	Who      insight.Thing `json:"who"`
	Text     string        `json:"text"`
	Do       string        `json:"do"`
	Until    time.Time     `json:"until,omitzero"` // of an accepted one
}

// Findings is what findings.json holds.
type Findings struct {
	Version int     `json:"version"` // of this form: 1
	Run     string  `json:"run"`
	Checks  []Check `json:"checks"`
}

// FindingsVersion is of the form of findings.json.
const FindingsVersion = 1
