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
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// end writes the report, gives the claim back and makes the answer.
func (t *transform) end(ctx context.Context, held *staging.Held, err error) (Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if t.outOfTime && t.journey != nil {
		return t.pause(ctx, held)
	}
	defer func() { t.summarize(ctx, err) }()
	if err != nil && !isFinal(err) {
		t.reportFault(ctx, err)
		return Result{}, errors.Join(err, release(ctx, held))
	}
	if err != nil {
		t.report.State, t.report.Error = report.Failed, err.Error()
	}
	t.fill()
	if serr := report.Save(ctx, t.o.Store, t.id, t.report); serr != nil {
		return Result{}, errors.Join(err, serr, release(ctx, held))
	}
	if t.journey != nil && err == nil {
		if aerr := t.journey.arrive(ctx); aerr != nil {
			t.o.Log.WarnContext(ctx, "the end could not be marked; transforming this run again would go on from the last place", "err", aerr)
		}
	}
	result := resultOf(t.id, t.report)
	result.Report, result.Cause = t.report, err
	return result, release(ctx, held)
}

// reportFault leaves a report behind for people, beside the error that makes
// Lambda try again. Who lost its claim leaves that to the other one.
func (t *transform) reportFault(ctx context.Context, err error) {
	if errors.Is(err, staging.ErrClaimed) {
		return
	}
	t.report.State, t.report.Error = report.Failed, "another try may mend this: "+err.Error()
	t.fill()
	if err := report.Save(ctx, t.o.Store, t.id, t.report); err != nil {
		t.o.Log.WarnContext(ctx, "no report of the failure could be written", "err", err)
	}
}

// isOutOfTime tells whether err says that the invocation's time is over, or
// that somebody ended it; not that the claim was lost, or could not be kept.
func isOutOfTime(ctx context.Context, err error) bool {
	if err == nil || errors.Is(err, staging.ErrClaimNotKept) {
		return false
	}
	return errors.Is(err, transport.ErrOutOfTime) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

// pause keeps the place for the next invocation.
func (t *transform) pause(ctx context.Context, held *staging.Held) (Result, error) {
	progressed, err := t.journey.rest(ctx)
	if err = errors.Join(err, release(ctx, held)); err != nil {
		return Result{}, err
	}
	t.o.Log.WarnContext(ctx, "unfinished: out of time, the place is kept", "kind", authomize.Kinds[min(t.journey.at.Kind, len(authomize.Kinds)-1)], "records", t.journey.at.Offset)
	return Result{Run: t.id, State: report.Waiting, Posted: map[string]int64{}, Unfinished: true, Progressed: progressed}, nil
}

// input is what the records are made of, and where they go: the staged parts, the
// settings that shape them, Authomize's address, and this very program. Another
// version may make other records, or in another order, and an offset into those
// would leave records out, which the sweep would delete.
func (t *transform) input() (string, error) {
	program, err := programSum()
	if err != nil {
		return "", fmt.Errorf("tell this version of the program from others: %w", err)
	}
	sums := sha256.New()
	_, _ = sums.Write([]byte(program)) // a hash takes all
	_, _ = fmt.Fprintln(sums, t.o.Settings.ServiceAccounts, t.o.Settings.RolePermissions, t.o.Settings.AuthomizeURL)
	for _, c := range staging.Collections {
		_, _ = sums.Write([]byte(t.snaps[c].Complete.ManifestSHA256))
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

// isFinal tells whether trying again would end the same way.
func isFinal(err error) bool {
	return slices.ContainsFunc([]error{
		staging.ErrCorrupt, authomize.ErrUnauthorized, authomize.ErrNoApp, authomize.ErrInvalid, authomize.ErrRedirect, pingone.ErrBadPage,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// summarize writes the run's one line.
func (t *transform) summarize(ctx context.Context, err error) {
	r := t.report
	attrs := []any{
		"state", r.State, "dry_run", r.DryRun, "read", r.Totals.Records, "posted", r.Totals.Posted, "accepted", r.Totals.Accepted,
		"quarantined", r.Totals.Quarantined, "unread", r.Totals.Unread, "swept", r.Sweep.Swept, "reasons", len(r.Sweep.Held), // which may hold names
		"calls", r.Totals.Calls, "elapsed_ms", time.Since(r.StartedAt).Milliseconds(),
	}
	switch {
	case err != nil:
		t.o.Log.ErrorContext(ctx, "run failed", append(attrs, "err", err)...)
	case r.State == report.Held:
		t.o.Log.WarnContext(ctx, "run held: all was posted, nothing was swept", attrs...)
	default:
		t.o.Log.InfoContext(ctx, "run done", attrs...)
	}
}
