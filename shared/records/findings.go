package records

import (
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
)

// Reasons for quarantine. None of them says that what Authomize holds is gone:
// that is for the snapshots to say.
const (
	malformed          = "malformed: no id, or another shape"
	unknownUser        = "user is not in this run" // deleted or created while it was read, as below
	unknownGroup       = "group is not in this run"
	unknownPrincipal   = "principal is not in this run"
	unknownAccessGroup = "group of the access control is not in this run"
	groupInItself      = "group is in itself"
	noPermissionID     = "permission of the role has no id"
)

const (
	maxLines = 1000 // of one kind and reason
	maxIDs   = 100  // of one warning
)

// Findings are what was noticed on the way. They are plain data, and JSON.
type Findings struct {
	// Quarantined are records that were held back, by kind and reason.
	Quarantined []Quarantined `json:"quarantined,omitempty"`
	Warnings    []Warned      `json:"warnings,omitempty"`
}

// Quarantined are the records of one kind that were held back for one reason.
type Quarantined struct {
	Kind   authomize.Kind `json:"kind"`
	Reason string         `json:"reason"`
	Count  int64          `json:"count"`
	Lines  []Line         `json:"lines"` // the first 1,000
}

// A Line is a record, or several that share a key.
type Line struct {
	Key    string `json:"key"`
	Others int64  `json:"others,omitzero"` // beside the first
}

// Warned is how often there was one warning.
type Warned struct {
	Code  mapping.Warning `json:"code"`
	Count int64           `json:"count"`
	IDs   []string        `json:"ids"` // uniqueIds of the first 100, with the field that was left out
}

// Add adds other findings; nil adds nothing.
func (f *Findings) Add(o *Findings) {
	if o == nil {
		return
	}
	for _, q := range o.Quarantined {
		f.addLines(q.Kind, q.Reason, q.Count, q.Lines...)
	}
	for _, w := range o.Warnings {
		f.addIDs(w.Code, w.Count, w.IDs...)
	}
}

// quarantine counts n records: key names the first, or what they share.
func (f *Findings) quarantine(kind authomize.Kind, key, reason string, n int) {
	if n > 0 {
		f.addLines(kind, reason, int64(n), Line{key, int64(n - 1)})
	}
}

func (f *Findings) addLines(kind authomize.Kind, reason string, n int64, lines ...Line) {
	i := slices.IndexFunc(f.Quarantined, func(q Quarantined) bool { return q.Kind == kind && q.Reason == reason })
	if i < 0 {
		i = len(f.Quarantined)
		f.Quarantined = append(f.Quarantined, Quarantined{Kind: kind, Reason: reason})
	}
	q := &f.Quarantined[i]
	q.Count += n
	q.Lines = append(q.Lines, lines[:min(len(lines), maxLines-len(q.Lines))]...)
}

// warn counts warnings about the record with this uniqueId.
func (f *Findings) warn(id string, ws []mapping.Warning) {
	for _, code := range ws {
		f.addIDs(code, 1, id)
	}
}

// leftOut counts fields of the item with this uniqueId.
func (f *Findings) leftOut(id string, fields []string) {
	for _, field := range fields {
		f.addIDs(mapping.WarnFieldLeftOut, 1, id+" "+field)
	}
}

func (f *Findings) addIDs(code mapping.Warning, n int64, ids ...string) {
	i := slices.IndexFunc(f.Warnings, func(w Warned) bool { return w.Code == code })
	if i < 0 {
		i = len(f.Warnings)
		f.Warnings = append(f.Warnings, Warned{Code: code})
	}
	w := &f.Warnings[i]
	w.Count += n
	w.IDs = append(w.IDs, ids[:min(len(ids), maxIDs-len(w.IDs))]...)
}
