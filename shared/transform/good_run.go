package transform

import (
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A goodRun is what later runs are compared with.
type goodRun struct {
	Run    staging.RunID `json:"run"`
	At     time.Time     `json:"at"`
	Counts counts        `json:"counts"`
	// Environments are those that the run read.
	Environments []pingone.ID `json:"environments"`
	// Short are the lists that were short, each with how many may be missing
	// from it.
	Short []report.Short `json:"short,omitempty"`
	// Gone is what the sweep deleted, for a transform of the same run that
	// has to write the report again; none if nothing was deleted.
	Gone []report.Gone `json:"gone,omitempty"`
}

// noteIn tells later runs how this one ended. A held one is no proof of
// anything.
func (t *transform) noteIn(m *memory, s *state) {
	good := &goodRun{Run: t.id, At: time.Now().UTC(), Counts: t.counts(), Environments: t.environments(), Short: t.passOn(m)}
	switch {
	case t.report.State != report.Done:
	case t.report.Sweep.Swept:
		good.Gone = t.report.Sweep.Gone
		replace(&s.Swept, good)
	default:
		replace(&s.Good, good)
	}
}

// replace notes a good run, unless a newer one is noted.
func replace(last **goodRun, good *goodRun) {
	if *last == nil || (*last).Run <= good.Run {
		*last = good
	}
}

// forgetFuture leaves out what a run says that is newer than any that was
// begun: its id was mistyped into the future, and newestKey was put right
// since. It would be the baseline for ever.
func (m *memory) forgetFuture() {
	if m.state.Swept != nil && m.state.Swept.Run > m.newest {
		m.state.Swept = nil
	}
	if m.state.Good != nil && m.state.Good.Run > m.newest {
		m.state.Good = nil
	}
	if m.state.Approved > m.newest {
		m.state.Approved = ""
	}
}

// baseline is the last run that was swept, or would have been but for the
// settings, which later ones are compared with; nil before the first.
func (m *memory) baseline() *goodRun {
	swept, good := m.state.Swept, m.state.Good
	if swept == nil || good != nil && good.Run > swept.Run {
		return good
	}
	return swept
}

// isSettled tells whether a good run found out before that k is gone, though
// nothing let Authomize delete it.
func (m *memory) isSettled(k staging.Known) bool {
	return m.state.Good != nil && k.IsOlderThan(m.state.Good.Run)
}

// isApproved tells whether it was a person who said that k is gone. What a run
// found out itself is no proof against what a later run shows.
func (m *memory) isApproved(k staging.Known) bool { return k.IsOlderThan(m.state.Approved) }
