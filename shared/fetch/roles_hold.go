package fetch

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/staging"
)

// releaseRoles lets another run take the reading of users over at once,
// although this one may go on. It only saves waiting: who finds no such word
// waits until the run counts as dead.
func (r *reading) releaseRoles(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := r.holdRoles(ctx, false); err != nil {
		r.log.WarnContext(ctx, "another run can't read the roles of users before this one counts as dead", "err", err)
	}
}

// holdRoles says whether this run is reading the users just now, as long as
// the state waits for it.
func (r *reading) holdRoles(ctx context.Context, holds bool) error {
	m := r.w.Manifest()
	if m.Collection != staging.RoleAssignments || len(m.Memo) == 0 {
		return nil
	}
	var memo roleMemo
	if err := json.Unmarshal(m.Memo, &memo); err != nil {
		return fmt.Errorf("the memo of the plan can't be read: %w", staging.ErrCorrupt)
	}
	_, err := roleStore{r.o.Store, r.o.now}.update(ctx, func(k *keptRoles) error {
		if !k.isOf(m.Run, memo) || k.Pending.Stopped != holds {
			return errSaved
		}
		k.Revision++
		k.Pending.Stopped = !holds
		return nil
	})
	if errors.Is(err, errSaved) {
		return nil
	}
	return err
}
