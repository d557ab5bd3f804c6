package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// saveEvery is how often it is saved how far the posting is: what a killed
// transform posts twice is bounded by it.
const saveEvery = 10 * time.Second

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

// begin goes on with the pass that an earlier invocation left, if that was made
// of the same, or begins one. It is written before anything is posted.
func (t *transform) begin(ctx context.Context) error {
	input, err := t.input()
	if err != nil {
		return err
	}
	p := &t.notes.Pass
	anew := p.Begun.IsZero() || p.Input != input || p.Outcome != nil
	if anew {
		*p = pass{Begun: t.o.Now().UTC().Truncate(time.Millisecond), Input: input}
	}
	if p.Mapped == nil {
		p.Mapped = map[authomize.Kind]int64{}
	}
	if p.Results == nil {
		p.Results = map[authomize.Kind]authomize.Result{}
	}
	t.progress = progress{from: p.Kind, offset: p.Offset}
	if t.dry {
		return nil
	}
	if anew { // else a try that gets no further would look as if the run went on
		release, err := t.overtake(ctx)
		if err != nil {
			return err
		}
		defer release()
		if err := t.lookIntoApp(ctx); err != nil {
			return err
		}
		if err := t.save(ctx); err != nil {
			return err
		}
		t.before = nil
	}
	return t.mayPost(ctx) // a newer run may have been begun in this moment
}

// A progress is how far this invocation got.
type progress struct {
	from    int   // the kind where it took over
	offset  int64 // and the record
	first   int64 // where in the stream the upload began
	pending map[int64]authomize.BatchDone
}

// finished notes a batch. Only batches without an open one before them count,
// so that going on at the offset leaves none out.
func (t *transform) finished(ctx context.Context, b authomize.BatchDone) {
	p := &t.notes.Pass
	t.progress.pending[t.progress.first+b.First] = b
	for {
		next, ok := t.progress.pending[p.Offset]
		if !ok {
			break
		}
		delete(t.progress.pending, p.Offset)
		p.Offset += next.Count
		sum := p.Results[b.Kind]
		sum.Add(next.Result)
		p.Results[b.Kind] = sum
	}
	if t.o.OnProgress != nil {
		t.o.OnProgress(Progress{Kind: b.Kind, Posted: p.Offset})
	}
	if t.o.Now().Sub(t.saved) < t.o.SaveEvery {
		return
	}
	if err := t.save(ctx); err != nil {
		// It costs a second posting at worst.
		t.o.Log.WarnContext(ctx, "it could not be saved how far the posting is; a killed transform would post more twice", "err", err)
	}
}

// input sums up what the records are made of, and where they go: the staged
// parts, what was approved away, the settings that shape them, Authomize's
// address and app, and this very program. Another version may make other
// records, or in another order, and an offset into those would leave records
// out, which the sweep would delete.
func (t *transform) input() (string, error) {
	program, err := programSum()
	if err != nil {
		return "", fmt.Errorf("tell this version of the program from others: %w", err)
	}
	s, sums := t.o.Settings, sha256.New()
	_, _ = fmt.Fprintln(sums, program, s.ServiceAccounts, s.RolePermissions, s.Devices, s.AuthomizeURL, s.AppID) // a hash takes all
	for _, c := range staging.Collections {
		_, _ = io.WriteString(sums, t.snaps[c].Complete.ManifestSHA256)
		_, _ = fmt.Fprintln(sums, t.notes.Approved[c])
	}
	return hex.EncodeToString(sums.Sum(nil)), nil
}

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
