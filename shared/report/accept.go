package report

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/staging"
)

// An Acceptance is a risk that a person took.
type Acceptance struct {
	ID     string    `json:"id"` // of the finding
	Reason string    `json:"reason"`
	By     string    `json:"by"` // caller's ARN, or the local user
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
}

// Acceptances is what accepted.json holds.
type Acceptances struct {
	Version int          `json:"version"` // of this form: 1
	All     []Acceptance `json:"accepted"`
}

const (
	acceptancesVersion = 1
	// maxAcceptance is for how long a risk can be taken.
	maxAcceptance = 366 * 24 * time.Hour
)

// LoadAccepted reads which findings are accepted, and until when; of two that
// accept one the later counts.
func LoadAccepted(ctx context.Context, store staging.Store) (map[string]Acceptance, error) {
	all, err := staging.ReadJSON[Acceptances](ctx, store, staging.AcceptedKey)
	if errors.Is(err, staging.ErrNotFound) {
		return map[string]Acceptance{}, nil
	}
	if err == nil && all.Version != acceptancesVersion {
		err = fmt.Errorf("%s is of version %d, not %d: %w", staging.AcceptedKey, all.Version, acceptancesVersion, staging.ErrCorrupt)
	}
	accepted := map[string]Acceptance{}
	for _, a := range all.All {
		accepted[a.ID] = a
	}
	return accepted, err
}

// Accept adds an acceptance.
func Accept(ctx context.Context, store staging.Store, a Acceptance) error {
	switch {
	case a.Reason == "":
		return errors.New("a reason is needed")
	case !a.Until.After(a.At):
		return errors.New("until must be a day to come")
	case a.Until.Sub(a.At) > maxAcceptance:
		return errors.New("until must be a day within a year")
	}
	return staging.Update(ctx, store, staging.AcceptedKey, func(all *Acceptances) error {
		if all.Version != 0 && all.Version != acceptancesVersion {
			return fmt.Errorf("%s is of version %d, not %d: %w", staging.AcceptedKey, all.Version, acceptancesVersion, staging.ErrCorrupt)
		}
		all.Version, all.All = acceptancesVersion, append(all.All, a)
		return nil
	})
}

// Apply marks what is accepted at a time, and what is not any more.
func (c *Check) Apply(accepted map[string]Acceptance, now time.Time) {
	if len(c.Findings) == 0 {
		return
	}
	c.State = insight.Accepted
	for i := range c.Findings {
		f := &c.Findings[i]
		f.State, f.Until = insight.Found, time.Time{}
		if a := accepted[f.ID]; a.Until.After(now) {
			f.State, f.Until = insight.Accepted, a.Until
		} else {
			c.State = insight.Found
		}
	}
}
