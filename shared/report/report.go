// Package report says what a run did: as JSON for programs, as a page and as
// a table for people.
package report

import (
	"time"

	"pingone-authomize/shared/pingone"
)

// Version is of the form of report.json.
const Version = 1

// A State is how a transform ended.
type State string

// The states of the contract.
const (
	Waiting State = "waiting" // collections are missing, or another transform is at work
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
	// Narrowed tells that the run read only some environments, on purpose.
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
	Kinds        []Kind        `json:"kinds"`
	// Quarantine lists the first 1,000 of each kind and reason, those that
	// hold the sweep first; Kinds counts all.
	Quarantine []Quarantined `json:"quarantine"`
	// Unlisted are the records in quarantine beyond those of Quarantine.
	Unlisted int64 `json:"unlisted,omitzero"`
	// Warnings count values that were new, malformed or missing, and were
	// mapped with care.
	Warnings map[string]int64 `json:"warnings"`
	// RoleCoverage says of how many users the roles are known.
	RoleCoverage []RoleCoverage `json:"roleCoverage"`
	Sweep        Sweep          `json:"sweep"`
	Totals       Totals         `json:"totals"`
}

// Settings are those that decide what is posted, where to, and what is swept;
// Sweep holds the mode.
type Settings struct {
	AuthomizeURL     string  `json:"authomizeUrl"`
	MaxShrinkPercent float64 `json:"maxShrinkPercent"`
	RoleMaxAge       string  `json:"roleAssignmentMaxAge"` // such as 168h0m0s
	ServiceAccounts  string  `json:"serviceAccounts"`
	RolePermissions  bool    `json:"rolePermissions"`
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

// RoleCoverage says of how many users of an environment the roles are known,
// from a reading that is recent enough. Oldest is the time of the oldest.
type RoleCoverage struct {
	Environment pingone.ID `json:"environment"`
	Users       int        `json:"users"`
	Known       int        `json:"known"`
	Oldest      time.Time  `json:"oldest,omitzero"`
}

// A Collection is what one fetch function did, over all its invocations.
type Collection struct {
	Name      string   `json:"name"`
	Calls     int64    `json:"calls"`
	Pages     int      `json:"pages"`
	Records   int      `json:"records"`
	Bytes     int64    `json:"bytes"`    // staged, compressed
	RawBytes  int64    `json:"rawBytes"` // before compression
	Retries   int64    `json:"retries"`
	Throttled int64    `json:"throttled"`
	ElapsedMs int64    `json:"elapsedMs"`
	Gone      int      `json:"gone"`
	Unread    []Unread `json:"unread"`
}

// An Unread is a slice that PingOne refused for good.
type Unread struct {
	Environment pingone.ID `json:"environment,omitzero"`
	Path        string     `json:"path"`
	Status      int        `json:"status"`
	Code        string     `json:"code"`
	Message     string     `json:"message,omitzero"`
	// CorrelationID is for PingOne's support.
	CorrelationID string `json:"correlationId,omitzero"`
	Others        int    `json:"others"` // like it
	// Missing tells that no list was refused: it is about what earlier runs
	// posted and no list holds any more.
	Missing bool   `json:"missing,omitzero"`
	Advice  string `json:"advice"`
}

// A Kind is what became of the records of one kind.
type Kind struct {
	Kind        string           `json:"kind"`
	Mapped      int64            `json:"mapped"`          // made from PingOne's resources
	Posted      int64            `json:"posted"`          // sent and taken; 0 in a dry run
	Accepted    int64            `json:"accepted"`        // by Authomize's own count
	Before      int64            `json:"before,omitzero"` // accepted in the run that this one is compared with
	Shortfall   int64            `json:"shortfall"`       // posted, yet not accepted, without a reason
	Duplicates  int64            `json:"duplicates"`
	Requests    int64            `json:"requests"`
	Bytes       int64            `json:"bytes"`
	Quarantined map[string]int64 `json:"quarantined"` // by reason
	// Environments are the accepted records by environment.
	Environments map[string]int64 `json:"environments"`
	// RolePermissions are those of Accepted that ROLE_PERMISSIONS is the reason
	// for: privileges and grants of the permissions of roles.
	RolePermissions int64 `json:"rolePermissions,omitzero"`
}

// Quarantined is a record that was held back or refused, and why.
type Quarantined struct {
	Kind   string `json:"kind"`
	Key    string `json:"key"`
	Reason string `json:"reason"`
	// Others are the records beside the first that the key stands for.
	Others int64 `json:"others,omitzero"`
}

// A Sweep says what was deleted, or why nothing was.
type Sweep struct {
	Mode           string     `json:"mode"`
	Swept          bool       `json:"swept"`
	ModifiedBefore *time.Time `json:"modifiedBefore,omitzero"`
	// Cutoff is the moment to sweep from; nil if receipts named no time.
	Cutoff *time.Time `json:"cutoff,omitzero"`
	// ApprovedAt is when a person let go a held sweep.
	ApprovedAt *time.Time `json:"approvedAt,omitzero"`
	RequestID  string     `json:"requestId,omitzero"`
	Held       []string   `json:"held"` // the reasons, for people
	// Newer is a newer run that was posted, or begun, before this one ended.
	Newer string `json:"newer,omitzero"`
	// Short are the lists that were shorter than PingOne says they are. Those
	// that are missing no more than was approved don't hold the sweep.
	Short []Short `json:"short,omitempty"`
	// Gone are the records that earlier runs posted and this one did not:
	// what the sweep deletes, or would.
	Gone []Gone `json:"gone"`
}

// A List says which list of which collection one is.
type List struct {
	Collection  string     `json:"collection"`
	Environment pingone.ID `json:"environment"`
	Parent      string     `json:"parent"` // kind of what it is the list of: environment, population, group
	ID          pingone.ID `json:"id"`     // of the parent
	Name        string     `json:"list"`   // users or groups
}

// Short is a list that was shorter than PingOne says it is.
type Short struct {
	Of       List `json:"of"`
	Expected int  `json:"expected"`
	Read     int  `json:"read"`
	// Approved is how many a person, letting an earlier sweep go, said may be
	// missing.
	Approved int `json:"approved,omitzero"`
}

// Missing is how many there should be more.
func (s Short) Missing() int { return s.Expected - s.Read }

// Gone counts the records of one kind that are gone, and lists the first.
type Gone struct {
	Kind  string   `json:"kind"`
	Count int64    `json:"count"`
	IDs   []string `json:"ids"`
}

// Totals sum up the report.
type Totals struct {
	Calls       int64 `json:"calls"`
	Pages       int64 `json:"pages"`
	Records     int64 `json:"records"` // read
	Mapped      int64 `json:"mapped"`
	Posted      int64 `json:"posted"`
	Accepted    int64 `json:"accepted"`
	Quarantined int64 `json:"quarantined"`
	Unread      int64 `json:"unread"`
	Requests    int64 `json:"requests"` // to Authomize
}

// Sum fills in Totals and Unlisted.
func (r *Report) Sum() {
	t := Totals{}
	for _, c := range r.Collections {
		t.Calls += c.Calls
		t.Pages += int64(c.Pages)
		t.Records += int64(c.Records)
		t.Unread += int64(len(c.Unread))
	}
	for _, k := range r.Kinds {
		t.Mapped += k.Mapped
		t.Posted += k.Posted
		t.Accepted += k.Accepted
		t.Requests += k.Requests
		for _, n := range k.Quarantined {
			t.Quarantined += n
		}
	}
	r.Totals, r.Unlisted = t, t.Quarantined
	for _, q := range r.Quarantine {
		r.Unlisted -= 1 + q.Others
	}
}

// Coverage sums up RoleCoverage: of how many users the roles are known, and
// from when the oldest reading is; the zero time if nothing was read.
func (r *Report) Coverage() (users, known int, oldest time.Time) {
	for _, c := range r.RoleCoverage {
		users += c.Users
		known += c.Known
		if oldest.IsZero() || !c.Oldest.IsZero() && c.Oldest.Before(oldest) {
			oldest = c.Oldest
		}
	}
	return users, known, oldest
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
