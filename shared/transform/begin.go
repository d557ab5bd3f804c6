package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/staging"
)

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

// lookIntoApp notes what an app holds that no run from here has named.
func (t *transform) lookIntoApp(ctx context.Context) error {
	t.notes.AppID = t.o.Settings.AppID
	if _, named := t.notes.Found[t.notes.AppID]; named {
		return nil
	}
	held, err := t.o.Client.Holds(ctx)
	if err != nil {
		return fmt.Errorf("look whether app %s holds anything: %w", t.notes.AppID, err)
	}
	found := []string{}
	for _, kind := range slices.Sorted(maps.Keys(held)) {
		found = append(found, string(kind)+" "+held[kind])
	}
	if t.notes.Found == nil {
		t.notes.Found = map[string][]string{}
	}
	t.notes.Found[t.notes.AppID] = found
	return nil
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
	_, _ = fmt.Fprintln(sums, program, s.ServiceAccounts, s.RolePermissions, s.Devices, s.Confidence, s.AdminEnvironment, s.AuthomizeURL, s.AppID) // a hash takes all
	for _, c := range staging.Collections {
		_, _ = io.WriteString(sums, t.snaps[c].Complete.ManifestSHA256)
		_, _ = fmt.Fprintln(sums, t.notes.Approved[c])
	}
	return hex.EncodeToString(sums.Sum(nil)), nil
}

// ErrRefused means that a run may not be posted; the text says why.
var ErrRefused = errors.New("the run is not posted")

// aheadLimit is how far ahead of the clock a run may lie.
const aheadLimit = 10 * time.Minute

// mayPost refuses a run that is not the open one, was not posted before, and
// that nobody asks for by name; and whatever is older than the newest one that
// was posted, since it would post what is gone and delete what is new.
func (t *transform) mayPost(ctx context.Context) error {
	if t.id.Time().Sub(t.o.Now()) > aheadLimit {
		return fmt.Errorf("%w: %s lies more than %s ahead of the clock", ErrRefused, t.id, aheadLimit)
	}
	newest, err := newestPosted(ctx, t.o.Store, "")
	switch {
	case err != nil:
		return err
	case newest.Run > t.id:
		return fmt.Errorf("%w: run %s is newer than %s and was posted", ErrRefused, newest.Run, t.id)
	case newest.Run == t.id, t.o.ByPerson:
		return nil
	}
	isOpen, err := staging.IsOpen(ctx, t.o.Store, t.id)
	if err == nil && !isOpen {
		err = fmt.Errorf("%w: %s is not the open run", ErrRefused, t.id)
	}
	return err
}
