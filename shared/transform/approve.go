package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// ErrNothingToApprove is the error when a person lets go a sweep that is not
// held, or can't be.
var ErrNothingToApprove = errors.New("there is no held sweep to approve")

// approve sweeps a run that was posted and held, because a person read the
// reasons and says that what is gone is gone. Nothing is posted again: the
// sweep takes the moment that the run itself would have taken. What later
// runs posted is newer than that, and stays. Where the settings let nothing be
// deleted, it is settled only, so that later runs are not held for it.
//
// Who is killed after the sweep leaves a report that still says held, so that
// approving again does the rest; the same sweep again deletes nothing more.
func approve(ctx context.Context, run staging.RunID, o Options) (Result, error) {
	held, err := staging.Claim(ctx, o.Store, run, o.Holder, claimTime, time.Now)
	if err != nil {
		return Result{}, fmt.Errorf("approve the sweep of run %s: %w", run, err)
	}
	kept, stop := held.Keep(ctx)
	result, err := approveClaimed(kept, run, o)
	stop()
	return result, errors.Join(err, release(ctx, held))
}

func approveClaimed(ctx context.Context, run staging.RunID, o Options) (Result, error) {
	rep, err := report.Load(ctx, o.Store, run)
	if err != nil {
		return Result{}, fmt.Errorf("approve the sweep of run %s: %w", run, err)
	}
	if why := notApprovable(rep, o); why != "" {
		return Result{}, fmt.Errorf("%w: run %s %s", ErrNothingToApprove, run, why)
	}
	if o.Settings.Sweep == config.SweepApply {
		receipt, err := o.Client.Sweep(ctx, *rep.Sweep.Cutoff)
		if err != nil {
			return Result{}, fmt.Errorf("the approved sweep failed, and may be approved again: %w", err)
		}
		rep.Sweep.Swept = true
		rep.Sweep.ModifiedBefore, rep.Sweep.RequestID = rep.Sweep.Cutoff, receipt.RequestID
	}
	now := time.Now().UTC()
	rep.State, rep.Sweep.ApprovedAt = report.Done, &now
	rep.Sweep.Mode = string(o.Settings.Sweep)
	if err := rebase(ctx, o.Store, run, rep, now); err != nil {
		return Result{}, fmt.Errorf("what was approved is done; approve it again to let later runs know: %w", err)
	}
	if err := report.Save(ctx, o.Store, run, rep); err != nil {
		return Result{}, fmt.Errorf("what was approved is done; approve it again to write the report: %w", err)
	}
	o.Log.WarnContext(ctx, "a person approved the held sweep", "swept", rep.Sweep.Swept, "modified_before", rep.Sweep.ModifiedBefore, "reasons", len(rep.Sweep.Held))
	result := resultOf(run, rep)
	result.Report = rep
	return result, nil
}

// notApprovable says why a sweep can't be let go, "" if it can.
func notApprovable(rep *report.Report, o Options) string {
	switch {
	case rep.AppID != o.Settings.AppID:
		return "was posted to another app"
	case rep.DryRun || o.Settings.DryRun:
		return "is, or this would be, a dry run"
	case rep.Narrowed:
		return "was narrowed to some environments: the sweep would delete all the others"
	case rep.State != report.Held:
		return fmt.Sprintf("is %s, not held", rep.State)
	case rep.Sweep.Cutoff == nil && o.Settings.Sweep == config.SweepApply:
		return "has no safe moment to sweep from, since receipts named no time: run again"
	case rep.Sweep.Newer != "" && o.Settings.Sweep == config.SweepApply:
		return fmt.Sprintf("was posted after run %s, which is newer, and a sweep would delete what only that one holds: approve that one", rep.Sweep.Newer)
	case refused(rep) > 0:
		return fmt.Sprintf("could not read everything (%d lists were refused), and a sweep would delete what it did not read: grant what its report names, and run again", refused(rep))
	case usersIn(rep) == 0:
		return "read no user, and a sweep would delete all of them: run again"
	}
	return turnedAway(rep, o)
}

// turnedAway says of which kind Authomize refused more records than may be
// missing: PingOne holds them, and the sweep would delete what an earlier run
// posted of them. A few that are refused for good are for a person to judge.
func turnedAway(rep *report.Report, o Options) string {
	for _, k := range rep.Kinds {
		sent := k.Mapped - k.Duplicates
		away := sent - k.Accepted
		if o.Settings.Sweep == config.SweepApply && float64(away)*100 > o.Settings.MaxShrinkPercent*float64(sent) {
			return fmt.Sprintf("had %d of %d %s refused by Authomize, by more than %g %%, and a sweep would delete these, though PingOne holds them: run again, or raise MAX_SHRINK_PERCENT",
				away, sent, k.Kind, o.Settings.MaxShrinkPercent)
		}
	}
	return ""
}

// refused are the lists that the run could not read. What is missing from whole
// lists, and too much to be asked for or refused, is for a person to judge.
func refused(rep *report.Report) int {
	n := 0
	for _, c := range rep.Collections {
		for _, u := range c.Unread {
			if !u.Missing {
				n++
			}
		}
	}
	return n
}

// isRefused tells an entry that PingOne's refusal made from one that a person
// may overrule, and who must see all the other reasons to do so.
func isRefused(u staging.Unread) bool { return !u.Missing }

func usersIn(rep *report.Report) int64 {
	for _, k := range rep.Kinds {
		if k.Kind == string(authomize.Users) {
			return k.Mapped
		}
	}
	return 0
}

// rebase makes an approved run the one that later runs are compared with.
func rebase(ctx context.Context, store staging.Store, run staging.RunID, rep *report.Report, now time.Time) error {
	counted := counts{}
	for _, k := range rep.Kinds {
		counted[authomize.Kind(k.Kind)] = kindCounts{Total: k.Accepted, Environments: k.Environments, RolePermissions: k.RolePermissions}
	}
	var read []pingone.ID
	for _, e := range rep.Environments {
		if e.Read {
			read = append(read, e.ID)
		}
	}
	for range putTries {
		m, err := loadMemory(ctx, store)
		if err != nil {
			return err
		}
		good := &goodRun{Run: run, At: now, Counts: counted, Environments: read, Short: approvedShort(rep.Sweep.Short)}
		if rep.Sweep.Swept {
			good.Gone = rep.Sweep.Gone
			replace(&m.state.Swept, good)
		} else {
			replace(&m.state.Good, good)
			m.state.Approved = max(m.state.Approved, run)
		}
		m.state.Lost = false
		if err := m.putState(ctx, m.state); !errors.Is(err, staging.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("remember what was approved in %s: %w", stateKey, staging.ErrConflict)
}
