package authomize

import (
	"maps"
	"slices"
	"time"
)

// Reasons for quarantine that don't come from the API's own words. Others are
// "invalid <field>: <type>" of a 422 and "reference refused: <role>".
const (
	reasonTooLarge = "too_large"                    // alone larger than a batch may be
	reasonUnnamed  = "refused without a named item" // found by halving the batch
	reasonBlocked  = "blocked before Authomize"     // the same, by a firewall
	reasonServer   = "server error"                 // the same, 5xx, while others pass
	reasonEncoding = "not encodable"                // no JSON can be made of it
)

// maxQuarantined is how many quarantined records a Result lists.
const maxQuarantined = 100_000

// Quarantined is a record that was kept back or refused, and why.
type Quarantined struct {
	Kind   Kind
	Key    string
	Reason string
	Ref    string // the id that the record refers to and the API says it doesn't have; "": that is not the reason
}

// A Warning is about records that were accepted without a field, since the API
// refused them with it.
type Warning struct {
	Records int64
	Keys    []string // the first 100
}

// A Result says what became of the records of an Upload. Every record counts
// once: as posted (then as accepted, as quarantined by reason, or in the
// shortfall), as a duplicate, or as quarantined without having been posted.
type Result struct {
	Posted     int64 // records in requests that the API took (2xx)
	Accepted   int64 // records that the API says it accepted, at most those posted and not named as invalid
	Shortfall  int64 // records posted but not accepted, without a word which
	Duplicates int64 // records with the key of a later one in the same batch
	Batches    int64 // requests that the API took
	Refused    int64 // requests that it refused, and whose records were sent again in another cut
	Bytes      int64 // bodies of the requests that it took

	// AcceptedByTag counts accepted records by the caller's tag. In a batch with
	// a shortfall the API doesn't say which records it lacks: there each tag
	// counts what it has at least.
	AcceptedByTag map[uint32]int64

	QuarantinedTotal    int64
	QuarantinedByReason map[string]int64
	Quarantined         []Quarantined      // the first 100,000
	Warnings            map[string]Warning // by field of the record

	UnmatchedIDs     int64     // ids that receipts call invalid, and no record of the batch refers to in that role
	Overcounted      int64     // receipts that accept more records than they were sent
	MissingTimestamp int64     // receipts without a time
	FirstAcceptedAt  time.Time // earliest of all receipts; zero if none had a time
	FirstSentAt      time.Time // by our clock, before the first record was sent
	FirstDate        time.Time // earliest Date header of all replies with a receipt; zero if none had one
}

// Cutoff is from when on a sweep must spare records: ten minutes before the
// earliest of a Result's three times. Authomize's clocks may be wrong, ours too;
// a time that is too early only deletes later. It is zero, which Sweep refuses,
// if acceptedAt or sentAt is; a zero date is passed over.
func Cutoff(acceptedAt, sentAt, date time.Time) time.Time {
	if acceptedAt.IsZero() || sentAt.IsZero() {
		return time.Time{}
	}
	return earlier(earlier(acceptedAt, sentAt), date).Add(-10 * time.Minute)
}

// earlier is the earlier of two times; a zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Add counts o into r, and shares nothing with it that changes.
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
	r.AcceptedByTag = sum(r.AcceptedByTag, o.AcceptedByTag)
	r.QuarantinedByReason = sum(r.QuarantinedByReason, o.QuarantinedByReason)
	r.Quarantined = append(r.Quarantined, o.Quarantined[:min(len(o.Quarantined), maxQuarantined-len(r.Quarantined))]...)
	if r.Warnings == nil && o.Warnings != nil {
		r.Warnings = map[string]Warning{}
	}
	for field, w := range o.Warnings {
		all := r.Warnings[field]
		all.Records += w.Records
		all.Keys = append(slices.Clip(all.Keys), w.Keys[:min(len(w.Keys), 100-len(all.Keys))]...)
		r.Warnings[field] = all
	}
	r.FirstAcceptedAt = earlier(r.FirstAcceptedAt, o.FirstAcceptedAt)
	r.FirstSentAt = earlier(r.FirstSentAt, o.FirstSentAt)
	r.FirstDate = earlier(r.FirstDate, o.FirstDate)
}

// sum adds b into a, which may be nil.
func sum[K comparable](a, b map[K]int64) map[K]int64 {
	if a == nil {
		return maps.Clone(b)
	}
	for k, n := range b {
		a[k] += n
	}
	return a
}
