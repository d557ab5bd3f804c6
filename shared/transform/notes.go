package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

const notesVersion = 1

// Notes are what transform.json holds: all that judging must know of earlier
// runs, copied from run to run, and how far the posting of this one is. It is
// there from before the first post on, so a run with one was posted.
type notes struct {
	Version   int           `json:"version"`
	Run       staging.RunID `json:"run"`
	AppID     string        `json:"appId"`
	UpdatedAt time.Time     `json:"updatedAt"`
	// After is the posted run that this was copied from; "" for none.
	After staging.RunID `json:"after,omitzero"`
	// Found is, for each app id that runs from here named, what it held before
	// the first of them posted, a record of each kind. Approved, it is empty.
	Found map[string][]string `json:"found"`
	// History says in which run the last posted one held each collection, and
	// Lost what has no readable snapshot from that run or later.
	History map[staging.Collection]staging.RunID `json:"history"`
	Lost    map[staging.Collection]staging.RunID `json:"lost,omitempty"`
	// Swept are the records of the last sweep, less what was approved since.
	Swept tally `json:"swept"`
	// Refused are the records that Authomize refused in the run, as kind and key.
	// True: it held them before, and nobody approved that they go.
	Refused map[string]bool `json:"refused,omitempty"`
	// Approved is what a person approved and that is still carried forward.
	Approved approved `json:"approved,omitempty"`
	// Ended tells that a pass of this run came to its end.
	Ended bool `json:"ended"`
	Pass  pass `json:"pass"`
}

// A tally is how many records a run had.
type tally struct {
	Run    staging.RunID `json:"run"`
	Counts sweep.Counts  `json:"counts"`
}

// loadNotes returns the notes of a run; the zero ones if it was never posted.
func loadNotes(ctx context.Context, store staging.Store, run staging.RunID) (notes, error) {
	m, err := staging.ReadJSON[notes](ctx, store, staging.TransformKey(run))
	if errors.Is(err, staging.ErrNotFound) {
		return notes{}, nil
	}
	if err == nil && (m.Version != notesVersion || m.Run != run) {
		err = fmt.Errorf("%s is of run %q and version %d, not %d, move it away: %w", staging.TransformKey(run), m.Run, m.Version, notesVersion, staging.ErrCorrupt)
	}
	return m, err
}

// newestPosted returns the notes of the newest run that was posted, of those
// older than before, or with before "" of all; the zero ones if there is
// none. Before another run one that can't be read counts as none: what the next
// older one says is safe too. Of all, only its Run is returned.
func newestPosted(ctx context.Context, store staging.Store, before staging.RunID) (notes, error) {
	runs, err := staging.Runs(ctx, store)
	if err != nil {
		return notes{}, err
	}
	for _, run := range slices.Backward(runs) {
		if before != "" && run >= before {
			continue
		}
		m, err := loadNotes(ctx, store, run)
		if err != nil && !errors.Is(err, staging.ErrCorrupt) {
			return notes{}, err
		}
		switch {
		case err == nil && m.Version != 0:
			return m, nil
		case err != nil && before == "":
			return notes{Run: run}, nil
		}
	}
	return notes{}, nil
}

// A pass is one posting of all records of a run. The records of a run come in
// the same order each time, so a number says where to go on.
type pass struct {
	// Begun is when it was begun, by our clock, before the first record was
	// sent. It tells one pass from another.
	Begun time.Time `json:"begun,omitzero"`
	// Input is a sum over what the records are made of: Kind and Offset are
	// right for these records, in this order, and for no others.
	Input string `json:"input,omitzero"`
	// Kinds before this one are posted, and of this one the first Offset
	// records are posted or in quarantine.
	Kind    int                                 `json:"kind"`
	Offset  int64                               `json:"offset"`
	Mapped  map[authomize.Kind]int64            `json:"mapped,omitempty"` // of posted kinds
	Results map[authomize.Kind]authomize.Result `json:"results,omitempty"`
	// Findings are of posted kinds.
	Findings records.Findings `json:"findings,omitzero"`
	// AskedSince is since when Authomize is asked for what was posted.
	AskedSince time.Time `json:"askedSince,omitzero"`
	Outcome    *outcome  `json:"outcome,omitempty"` // nil until the pass has ended
}

// An outcome is how a pass ended.
type outcome struct {
	State  report.State   `json:"state"`
	At     time.Time      `json:"at"`
	Held   []sweep.Reason `json:"held"`
	Counts sweep.Counts   `json:"counts"`
	// Before are the records by kind that it was compared with.
	Before    map[string]int64 `json:"before"`
	Cutoff    time.Time        `json:"cutoff,omitzero"`
	Swept     bool             `json:"swept"`
	RequestID string           `json:"requestId,omitzero"` // of the sweep
	// Goes is what a sweep would delete, where the settings delete nothing.
	Goes []report.Gone `json:"goes,omitempty"`
}

// maxIDs is how many ids are listed of what may be millions.
const maxIDs = 100

// programSum is the SHA-256 of the running program's file.
var programSum = sync.OnceValues(func() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
})
