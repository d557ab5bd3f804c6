package report

import (
	"time"

	"pingone-authomize/shared/insight"
)

// Access is what the access of the organization means.
type Access struct {
	// Sentences are for whoever reads no further: how complete the run is, who
	// controls the organization, who can, and what changed.
	Sentences []string       `json:"sentences"`
	Controls  insight.Count  `json:"controls"`
	Can       map[string]int `json:"can"` // who can become one who does, by confidence
	// Since is what changed since the last run that was posted.
	Since *Since `json:"since"`
	// TierZero are the first 200 who control the organization.
	TierZero []Principal `json:"tierZero"`
	// Checks hold the first 50 findings each; findings.json has all.
	Checks []Check `json:"checks"`
}

// A Since is what changed of who controls the organization, and of findings, since
// an earlier run. Run is "" for a first run. Unknown tells that what the earlier
// run found is not there.
type Since struct {
	Run     string `json:"run"`
	Unknown bool   `json:"unknown,omitzero"`
	// Joined control the organization, and did not; Left did, and do no longer.
	Joined []Principal `json:"joined"`
	Left   []Principal `json:"left"`
	// New and Gone count findings by their ids: what is wider is new.
	New  int `json:"newFindings"`
	Gone int `json:"goneFindings"`
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
	// TierZero are all who control the organization.
	TierZero []Principal `json:"tierZero"`
}

// FindingsVersion is of the form of findings.json.
const FindingsVersion = 1
