package sweep

import "pingone-authomize/shared/staging"

// A Reason is why a run is held: all of it is posted, nothing is deleted.
type Reason struct {
	Code       Code   `json:"code"`
	Text       string `json:"text"` // what was found, in one sentence
	Do         string `json:"do"`   // what to do first
	Approvable bool   `json:"approvable"`
	// Needs are the other codes that must be approved with this one, or before.
	Needs []string `json:"needs,omitempty"`
	// Count is how many things the reason is about, and IDs are the first 100.
	Count int64    `json:"count,omitzero"`
	IDs   []string `json:"ids,omitempty"`
}

// Evidence is all that is judged. The zero value holds nothing.
type Evidence struct {
	AppID string
	// Found are records that the app held before anything was posted from
	// here, one of each kind.
	Found []string
	// Lost are the collections whose snapshots were lost, with the posted run
	// that they held them in.
	Lost map[staging.Collection]staging.RunID
	// Lists says which lists were not read, for a person who has to know
	// whether all that exists was posted.
	Lists Lists

	// Before are the records of the last sweep, in run Since; Now those of
	// this run.
	Before, Now Counts
	Since       staging.RunID
	// MaxShrink is how much may be gone, in percent.
	MaxShrink float64

	// Refused are the records that Authomize refuses and that it held before,
	// as kind and key. Cut counts those that are refused and not listed.
	Refused []string
	Cut     int64
	// Receipts are what is wrong with the receipts, and Shown what Authomize
	// shows of what was posted, a kind each. Both are empty in a dry run.
	Receipts []Receipts
	Shown    []Shown
}

// Lists are the lists that were not read whole.
type Lists struct {
	// Carried are the codes of the readings that are carried forward and that
	// a person may approve to go, such as refused:applications.
	Carried []string
	// Waiting are those that have to be read first, in words.
	Waiting []string
}

// Receipts are the faults of the receipts of one kind.
type Receipts struct {
	Kind    string
	Fewer   int64 // records that were sent and not accepted, without a word which
	More    int64 // receipts that accept more than was sent
	Untimed int64 // receipts without a time; 1 if there was no receipt
	// Unmatched are ids that are called unknown and that no record of the
	// batch refers to.
	Unmatched int64
	// Accepted are ids that are called unknown although they were accepted.
	Accepted []string
}

// Shown is what Authomize shows of one kind as last posted since the cutoff.
type Shown struct {
	Kind   string
	Posted int64
	Absent []string // of what was posted; all of it if it could not be asked
	Error  string   // why it could not be asked
}

// A Code names a reason.
type Code string

// The reasons to hold a run.
const (
	AppNotEmpty  Code = "app-not-empty"
	HistoryLost  Code = "history-lost"
	Shrunk       Code = "shrunk"
	Refused      Code = "refused"
	Receipted    Code = "receipts"
	NotRefreshed Code = "not-refreshed"
)
