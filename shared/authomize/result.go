package authomize

import (
	"maps"
	"slices"
	"time"
)

// Reasons for quarantine that don't come from the API's own words. Others are
// "invalid <field>: <type>" of a 422 and "reference refused: <role>".
const (
	ReasonTooLarge  = "too_large"                    // alone larger than a batch may be
	ReasonEncoding  = "not encodable"                // no JSON can be made of it
	ReasonUnnamed   = "refused without a named item" // found by halving the batch
	reasonRole      = "reference refused: "          // and the role
	reasonInvalid   = "invalid "                     // and field and type
	keepQuarantined = 1000                           // quarantined records that a Result lists for one reason
)

// Quarantined is a record that was held back or refused, and why. It holds no
// value of the record but its key.
type Quarantined struct {
	Kind   Kind
	Key    string
	Tag    uint32
	Reason string
	Field  string // of the record; "": the whole record
}

// A Result says what became of the records of an Upload. Every record counts
// once: as posted (then as accepted, as held by reason, or in the shortfall),
// as a duplicate, or as held by reason without having been posted.
type Result struct {
	Posted     int64 // records in requests that the API took (2xx)
	Accepted   int64 // records that the API says it accepted, at most those posted and not named as invalid
	Shortfall  int64 // records posted but not accepted, without a word which
	Duplicates int64 // records with the key of a later one in the same batch
	Batches    int64 // requests that the API took
	Refused    int64 // requests that it refused with 413 or 422, then sent again in another cut
	Bytes      int64 // bodies of the requests that it took

	// AcceptedByTag counts accepted records by the caller's tag. In a batch with
	// a shortfall the API doesn't say which records are missing: there each tag
	// counts what it has at least.
	AcceptedByTag map[uint32]int64

	QuarantinedTotal    int64            // records in quarantine
	QuarantinedByReason map[string]int64 // all of them
	Quarantined         []Quarantined    // the first 1,000 of each reason

	// UnmatchedIDs counts ids that receipts call invalid, but that no record of
	// the batch refers to in that role. Not zero: something is misunderstood.
	UnmatchedIDs int64

	// Overcounted counts receipts that accept more records than they were sent:
	// they speak of others, or count something else.
	Overcounted int64

	FirstAcceptedAt  time.Time // earliest of all receipts; zero if none had a time
	MissingTimestamp int64     // receipts without a time
	AheadSeconds     int64     // the most that a receipt was ahead of its reply, see Receipt
}

// Clone returns a copy that shares nothing with r.
func (r Result) Clone() Result {
	r.AcceptedByTag = maps.Clone(r.AcceptedByTag)
	r.QuarantinedByReason = maps.Clone(r.QuarantinedByReason)
	r.Quarantined = slices.Clone(r.Quarantined)
	return r
}

// Add counts o into r.
func (r *Result) Add(o Result) {
	r.Posted += o.Posted
	r.Accepted += o.Accepted
	r.Shortfall += o.Shortfall
	r.Duplicates += o.Duplicates
	r.Batches += o.Batches
	r.Refused += o.Refused
	r.Bytes += o.Bytes
	r.QuarantinedTotal += o.QuarantinedTotal
	r.UnmatchedIDs += o.UnmatchedIDs
	r.MissingTimestamp += o.MissingTimestamp
	r.Overcounted += o.Overcounted
	for tag, n := range o.AcceptedByTag {
		r.addTag(tag, n)
	}
	r.list(o.Quarantined)
	for reason, n := range o.QuarantinedByReason {
		r.addReason(reason, n)
	}
	r.seen(o.FirstAcceptedAt)
	r.AheadSeconds = max(r.AheadSeconds, o.AheadSeconds)
}

// list lists the first records of each reason.
func (r *Result) list(more []Quarantined) {
	if len(more) == 0 {
		return
	}
	listed := map[string]int{}
	for _, q := range r.Quarantined {
		listed[q.Reason]++
	}
	for _, q := range more {
		if listed[q.Reason]++; listed[q.Reason] <= keepQuarantined {
			r.Quarantined = append(r.Quarantined, q)
		}
	}
}

func (r *Result) seen(t time.Time) {
	if !t.IsZero() && (r.FirstAcceptedAt.IsZero() || t.Before(r.FirstAcceptedAt)) {
		r.FirstAcceptedAt = t
	}
}

func (r *Result) addTag(tag uint32, n int64) {
	if r.AcceptedByTag == nil {
		r.AcceptedByTag = map[uint32]int64{}
	}
	r.AcceptedByTag[tag] += n
}

func (r *Result) addReason(reason string, n int64) {
	if r.QuarantinedByReason == nil {
		r.QuarantinedByReason = map[string]int64{}
	}
	r.QuarantinedByReason[reason] += n
}

// quarantine counts one record in quarantine.
func (r *Result) quarantine(q Quarantined) {
	r.QuarantinedTotal++
	r.addReason(q.Reason, 1)
	if r.QuarantinedByReason[q.Reason] <= keepQuarantined {
		r.Quarantined = append(r.Quarantined, q)
	}
}
