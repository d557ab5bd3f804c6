// Package report says what a run did: as JSON for programs, as a page and as
// a table for people.
package report

import (
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// Version is of the form of report.json.
const Version = 2

// A State is how a transform ended.
type State string

// The states of the contract.
const (
	Waiting State = "waiting" // for collections, or for another transform
	Done    State = "done"
	Held    State = "held"   // all was posted, nothing swept: Sweep.Held says why
	Failed  State = "failed" // not all was posted: Error says why
)

// A Report is what transform did with a run. Numbers of records count what
// was done by the transform that wrote it.
type Report struct {
	Version int    `json:"version"`
	Run     string `json:"run"`
	State   State  `json:"state"`
	Error   string `json:"error,omitzero"`
	DryRun  bool   `json:"dryRun"`
	// Narrowed tells that the run was asked for some environments only.
	Narrowed     bool          `json:"narrowed,omitzero"`
	AppID        string        `json:"appId"`
	Settings     Settings      `json:"settings"`
	Program      string        `json:"program,omitzero"` // SHA-256 of the program that transformed the run
	Organization *Name         `json:"organization,omitzero"`
	Environments []Environment `json:"environments"`
	StartedAt    time.Time     `json:"startedAt"`
	FinishedAt   time.Time     `json:"finishedAt"`
	ElapsedMs    int64         `json:"elapsedMs"`
	Collections  []Collection  `json:"collections"`
	// Carried is what earlier runs read and this one did not.
	Carried []Carried `json:"carried"`
	// Gone is what the run proved to be gone in PingOne.
	Gone  []Witnessed `json:"gone"`
	Kinds []Kind      `json:"kinds"`
	// Quarantine lists the first 1,000 of each kind and reason, those that
	// Authomize refused first; Kinds counts all.
	Quarantine []Quarantined `json:"quarantine"`
	// Unlisted are the records in quarantine beyond those of Quarantine.
	Unlisted int64     `json:"unlisted,omitzero"`
	Warnings []Warning `json:"warnings"`
	Sweep    Sweep     `json:"sweep"`
	// Access is what the access means; nil where the run was not read to its end.
	Access *Access `json:"access,omitzero"`
	// Approve is the command by which a person approves to go what holds the run.
	Approve string `json:"approve,omitzero"`
	Totals  Totals `json:"totals"`
	// Findings are all of Access, which Save keeps apart.
	Findings *Findings `json:"-"`
}

// Settings are those that decide what is posted, where to, and what is swept;
// Sweep holds the mode.
type Settings struct {
	AuthomizeURL     string  `json:"authomizeUrl"`
	MaxShrinkPercent float64 `json:"maxShrinkPercent"`
	MaxReadingAge    string  `json:"maxReadingAge"` // such as 168h0m0s
	ServiceAccounts  string  `json:"serviceAccounts"`
	RolePermissions  bool    `json:"rolePermissions"`
	Confidence       string  `json:"escalationConfidence"`
	Devices          bool    `json:"mfaDevices"`
}

// A Name is an id and what people call it; the name is "" if it was not read.
type Name struct {
	ID   pingone.ID `json:"id"`
	Name string     `json:"name"`
}

// An Environment is one that the run read, or that something in it refers to.
type Environment struct {
	ID   pingone.ID `json:"id"`
	Name string     `json:"name"`
	Read bool       `json:"read"`
}

// A Collection is what one fetch function did, over all its invocations.
type Collection struct {
	Name      string `json:"name"`
	Calls     int64  `json:"calls"`
	Pages     int    `json:"pages"`
	Records   int    `json:"records"`
	Bytes     int64  `json:"bytes"`    // staged, compressed
	RawBytes  int64  `json:"rawBytes"` // before compression
	Retries   int64  `json:"retries"`
	Throttled int64  `json:"throttled"`
	ElapsedMs int64  `json:"elapsedMs"`
	Carried   int64  `json:"carried"`   // records that were carried forward, for any reason
	NeverRead int64  `json:"neverRead"` // lists that no run has read yet
	Gone      int64  `json:"gone"`
}

// A Witnessed counts what is proven gone in PingOne, by the witness of it.
type Witnessed struct {
	Collection  string          `json:"collection"`
	Environment pingone.ID      `json:"environment,omitzero"`
	By          staging.Witness `json:"by"`
	Count       int64           `json:"count"`
	IDs         []string        `json:"ids"` // the first 100; of a tie, both ends
}

// A Kind is what became of the records of one kind.
type Kind struct {
	Kind        string           `json:"kind"`
	Mapped      int64            `json:"mapped"`          // made from PingOne's resources
	Posted      int64            `json:"posted"`          // sent and taken; 0 in a dry run
	Accepted    int64            `json:"accepted"`        // by Authomize's own count
	Before      int64            `json:"before,omitzero"` // in the run that this one is compared with
	Shortfall   int64            `json:"shortfall"`       // posted, yet not accepted, without a reason
	Duplicates  int64            `json:"duplicates"`
	Requests    int64            `json:"requests"`
	Bytes       int64            `json:"bytes"`
	Quarantined map[string]int64 `json:"quarantined"` // by reason
}

// Quarantined is a record that was held back or refused, and why.
type Quarantined struct {
	Kind   string `json:"kind"`
	Key    string `json:"key"`
	Reason string `json:"reason"`
	// Others are the records beside the first that the key stands for.
	Others int64 `json:"others,omitzero"`
}

// A Warning counts values that were new, malformed or absent, and were mapped
// with care.
type Warning struct {
	Code  string   `json:"code"`
	Count int64    `json:"count"`
	IDs   []string `json:"ids,omitempty"` // of the first 100 records
}

// A Sweep says what was deleted, or why nothing was.
type Sweep struct {
	Mode           string     `json:"mode"`
	Swept          bool       `json:"swept"`
	ModifiedBefore *time.Time `json:"modifiedBefore,omitzero"`
	// Cutoff is the moment to sweep from; nil if a receipt named no time.
	Cutoff    *time.Time     `json:"cutoff,omitzero"`
	RequestID string         `json:"requestId,omitzero"`
	Held      []sweep.Reason `json:"held"`
	// Approvals are what people approved of this run.
	Approvals []sweep.Approval `json:"approvals,omitempty"`
	// Gone is what a sweep would delete, where the settings delete nothing.
	Gone []Gone `json:"gone,omitempty"`
}

// Gone counts the records of one kind that go, and lists the first.
type Gone struct {
	Kind  string   `json:"kind"`
	Count int64    `json:"count"`
	IDs   []string `json:"ids"`
}

// maxGone is how many ids of records that go are listed.
const maxGone = 100

// Add counts one record.
func (g *Gone) Add(id string) {
	if g.Count++; len(g.IDs) < maxGone {
		g.IDs = append(g.IDs, id)
	}
}

// Totals sum up the report.
type Totals struct {
	Calls       int64 `json:"calls"`
	Pages       int64 `json:"pages"`
	Records     int64 `json:"records"` // read, or carried forward
	Mapped      int64 `json:"mapped"`
	Posted      int64 `json:"posted"`
	Accepted    int64 `json:"accepted"`
	Quarantined int64 `json:"quarantined"`
	// Carried are the records that were carried forward since they could not be
	// read, or are not proven gone.
	Carried   int64 `json:"carried"`
	NeverRead int64 `json:"neverRead"` // lists
	Gone      int64 `json:"gone"`      // in PingOne
	Requests  int64 `json:"requests"`  // to Authomize
}

// QuarantinedTotal sums up a kind's quarantine.
func (k Kind) QuarantinedTotal() int64 {
	var n int64
	for _, count := range k.Quarantined {
		n += count
	}
	return n
}

// Posted are the posted records by kind, for a function's answer.
func (r *Report) Posted() map[string]int64 {
	posted := map[string]int64{}
	for _, k := range r.Kinds {
		if k.Mapped > 0 {
			posted[k.Kind] = k.Posted
		}
	}
	return posted
}

// Carried is what of one environment was carried forward for one reason.
type Carried struct {
	Collection  string          `json:"collection"`
	Environment Name            `json:"environment,omitzero"`
	Reason      staging.Carried `json:"reason"`
	List        string          `json:"list"` // users, groups, roleAssignments, …
	Lists       int64           `json:"lists"`
	Records     int64           `json:"records"`
	Oldest      time.Time       `json:"oldest,omitzero"` // reading
	// The last refusal, as PingOne sent it.
	Status        int    `json:"status,omitzero"`
	Code          string `json:"code,omitzero"`
	Message       string `json:"message,omitzero"`
	CorrelationID string `json:"correlationId,omitzero"`
	// Role is the one that allows reading it.
	Role string `json:"role,omitzero"`
	// Overdue tells that the oldest reading is older than MAX_READING_AGE.
	Overdue bool `json:"overdue,omitzero"`
	// Approved tells that a person let it go: it was not posted.
	Approved bool     `json:"approved,omitzero"`
	Keys     []string `json:"keys,omitempty"` // the first 100
	Text     string   `json:"text"`           // all of this in one sentence
	Do       string   `json:"do"`             // what to do first
}
