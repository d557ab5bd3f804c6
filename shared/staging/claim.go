package staging

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// claimTries bounds how often a claim is tried again after someone else wrote
// in the same moment.
const claimTries = 8

// A claim is what claim.json holds. No holder: it was given back.
type claim struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// A ClaimedError says who holds a run, or one collection of it. It matches
// ErrClaimed.
type ClaimedError struct {
	Run        RunID
	Collection Collection // "" for a run, to transform it
	Holder     string
	Until      time.Time // by the holder's clock
}

func (e *ClaimedError) Error() string {
	return fmt.Sprintf("%s is claimed by %s until %s", e.what(), e.Holder, e.Until.Format(time.RFC3339))
}

// Is makes errors.Is(err, ErrClaimed) true.
func (e *ClaimedError) Is(target error) bool { return target == ErrClaimed }

// what is claimed.
func (e *ClaimedError) what() string {
	if e.Collection == "" {
		return fmt.Sprintf("run %s", e.Run)
	}
	return fmt.Sprintf("%s of run %s", e.Collection, e.Run)
}

// A Held is a claim. It is not safe for concurrent use.
type Held struct {
	store   Store
	of      ClaimedError // what it is on
	key     string
	claim   claim
	ttl     time.Duration
	now     func() time.Time
	version string
}

// Claim takes a run, to transform it, for holder until ttl from now. Of several
// at once exactly one succeeds; the others, and those who come before it
// expires, get a *ClaimedError. The holder itself may take its claim again, so
// that a repeated invocation goes on. holder tells invocations apart and must
// not be empty.
//
// Expiry is the holder's wall clock plus ttl, compared with the wall clock of
// who comes next: ttl should be longer than clocks differ, by far. A claim
// only saves work done twice; it is no proof that nobody else writes.
func Claim(ctx context.Context, store Store, run RunID, holder string, ttl time.Duration, now func() time.Time) (*Held, error) {
	return newHeld(ctx, &Held{store: store, of: ClaimedError{Run: run}, key: ClaimKey(run), claim: claim{Holder: holder}, ttl: ttl, now: now})
}

// ClaimCollection is like Claim for one collection of a run, to read it.
func ClaimCollection(ctx context.Context, store Store, run RunID, c Collection, holder string, ttl time.Duration, now func() time.Time) (*Held, error) {
	if _, err := ParseCollection(string(c)); err != nil {
		return nil, err
	}
	return newHeld(ctx, &Held{
		store: store, of: ClaimedError{Run: run, Collection: c}, key: CollectionClaimKey(run, c), claim: claim{Holder: holder}, ttl: ttl, now: now,
	})
}

func newHeld(ctx context.Context, h *Held) (*Held, error) {
	if _, err := ParseRun(string(h.of.Run)); err != nil {
		return nil, err
	}
	holder := h.claim.Holder
	if holder == "" || h.ttl <= 0 {
		return nil, fmt.Errorf("claim %s: a holder and a ttl above 0 are needed, not %q and %s", h.of.what(), holder, h.ttl)
	}
	err := h.take(ctx, func(found claim) bool {
		return found.Holder == "" || found.Holder == holder || !h.now().Before(found.Until)
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// Until returns when the claim expires.
func (h *Held) Until() time.Time { return h.claim.Until }

// ErrClaimNotKept is behind all work that ends because its claim could not be
// renewed.
var ErrClaimNotKept = errors.New("the claim could not be renewed")

// Keep renews the claim, three times as often as it expires, until stop is
// called. kept ends if the claim is lost, with Renew's error, wrapped in
// ErrClaimNotKept, as its cause. The Held may not be used in between.
func (h *Held) Keep(ctx context.Context) (kept context.Context, stop func()) {
	kept, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(h.ttl / 3)
		defer ticker.Stop()
		for {
			select {
			case <-kept.Done():
				return
			case <-ticker.C:
				if err := h.Renew(kept); err != nil {
					cancel(fmt.Errorf("%w: %w", ErrClaimNotKept, err))
					return
				}
			}
		}
	}()
	return kept, func() { cancel(nil); <-done }
}

// Renew extends the claim to ttl from now, even if it expired meanwhile. A
// *ClaimedError means that someone else has taken it, or that it was released.
func (h *Held) Renew(ctx context.Context) error {
	if err := h.put(ctx, IfVersion(h.version)); !errors.Is(err, ErrConflict) {
		return err
	}
	// The answer of an earlier Put of ours may have been lost.
	return h.take(ctx, func(found claim) bool { return found.Holder == h.claim.Holder })
}

// Release gives the claim up, so that others need not wait until it expires.
// If someone else has taken it meanwhile, nothing is changed.
func (h *Held) Release(ctx context.Context) error {
	data, err := encode(claim{})
	if err != nil {
		return fmt.Errorf("release %s: %w", h.of.what(), err)
	}
	for range claimTries {
		cond, found, err := h.look(ctx)
		if err != nil {
			return err
		}
		if found.Holder != h.claim.Holder {
			return nil
		}
		_, err = h.store.Put(ctx, h.key, data, cond)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, ErrConflict):
			return fmt.Errorf("release %s: %w", h.of.what(), err)
		}
		// A renewal of ours that was under way may have come in between.
	}
	return fmt.Errorf("release %s: others wrote each of %d times: %w", h.of.what(), claimTries, ErrConflict)
}

// take writes the claim if there is none, or one that free says may be
// replaced.
func (h *Held) take(ctx context.Context, free func(found claim) bool) error {
	for range claimTries {
		cond, found, err := h.look(ctx)
		if err != nil {
			return err
		}
		if cond != IfAbsent && !free(found) {
			taken := h.of
			taken.Holder, taken.Until = found.Holder, found.Until
			return &taken
		}
		if err := h.put(ctx, cond); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("claim %s: others wrote each of %d times: %w", h.of.what(), claimTries, ErrConflict)
}

// look returns the claim that is there and the condition to replace it.
func (h *Held) look(ctx context.Context) (Condition, claim, error) {
	object, err := h.store.Get(ctx, h.key)
	if errors.Is(err, ErrNotFound) {
		return IfAbsent, claim{}, nil
	}
	if err != nil {
		return "", claim{}, fmt.Errorf("claim %s: %w", h.of.what(), err)
	}
	var found claim
	if err := json.Unmarshal(object.Data, &found); err != nil {
		return "", claim{}, fmt.Errorf("%s is not readable, delete it: %w", h.key, ErrCorrupt)
	}
	return IfVersion(object.Version), found, nil
}

func (h *Held) put(ctx context.Context, cond Condition) error {
	next := claim{Holder: h.claim.Holder, Until: h.now().Add(h.ttl).UTC().Truncate(time.Millisecond)}
	data, err := encode(next)
	if err != nil {
		return fmt.Errorf("claim %s: %w", h.of.what(), err)
	}
	version, err := h.store.Put(ctx, h.key, data, cond)
	if err != nil {
		return fmt.Errorf("claim %s: %w", h.of.what(), err)
	}
	h.claim, h.version = next, version
	return nil
}
