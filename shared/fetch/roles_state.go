package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

const (
	roleFolder  = "state/roleassignments/"
	roleIndex   = roleFolder + "index.json"
	roleVersion = 1
	// updateTries bounds how often the index is written again after someone
	// else wrote in the same moment.
	updateTries = 8
	// slots is how many claims have names of their own before names recur.
	slots = 8
)

// keptRoles is index.json: what is known of the role assignments of users
// from earlier runs. It is the only object of the state that is replaced by
// condition; what it names counts, and nothing else.
type keptRoles struct {
	Version   int       `json:"version"` // of this form: 1
	UpdatedAt time.Time `json:"updatedAt"`
	// Claims counts those who set out to write objects: each writes under
	// names that no other claim of its time uses.
	Claims int `json:"claims"`
	// Revision counts the changes of all that follows.
	Revision     int               `json:"revision"`
	Environments []keptEnvironment `json:"environments,omitempty"`
	// Replies are those of users that hold anything, of all environments.
	Replies []staging.Kept `json:"replies,omitempty"`
	// Pending is the run that reads users now, or died doing so.
	Pending *pendingRoles `json:"pending,omitempty"`
	// Last is the run whose readings were saved last.
	Last staging.RunID `json:"last,omitzero"`
}

// A keptEnvironment is what is kept of one environment.
type keptEnvironment struct {
	ID pingone.ID `json:"id"`
	feedMark
	// ReadAll is set until every user was read after it; Reason says why.
	ReadAll time.Time `json:"readAll,omitzero"`
	Reason  string    `json:"reason,omitzero"`
	// Suspects held something else than was kept although no event had named
	// them; the next run's events must, or the feed is not to be trusted.
	Suspects []pingone.ID   `json:"suspects,omitempty"`
	Users    []rosterObject `json:"users,omitempty"`
}

// A feedMark says how far the audit feed was read, and which events of the
// stretch that will be read again are known already.
type feedMark struct {
	FeedUntil time.Time    `json:"feedUntil,omitzero"`
	Seen      []pingone.ID `json:"seen,omitempty"`
}

// pendingRoles is a run that has planned its reading of users.
type pendingRoles struct {
	Run   staging.RunID `json:"run"`
	Claim int           `json:"claim"`
	At    time.Time     `json:"at"`
	// Stopped tells that it has ended before its time: another run may take
	// over what it read. It takes this back when it goes on.
	Stopped bool `json:"stopped,omitzero"`
	// Marks are those of the environments once the run has ended.
	Marks map[pingone.ID]feedMark `json:"marks,omitempty"`
}

func (k *keptRoles) environment(id pingone.ID) *keptEnvironment {
	i := slices.IndexFunc(k.Environments, func(e keptEnvironment) bool { return e.ID == id })
	if i < 0 {
		k.Environments = append(k.Environments, keptEnvironment{ID: id})
		i = len(k.Environments) - 1
	}
	return &k.Environments[i]
}

// roleStore holds the state in a store.
type roleStore struct {
	store staging.Store
	now   func() time.Time
}

// load returns the index, an empty one if there is none or it can't be read
// any more, and the condition to replace it. The state only saves calls: when
// it is lost, everything is read again.
func (s roleStore) load(ctx context.Context) (*keptRoles, staging.Condition, error) {
	object, err := s.store.Get(ctx, roleIndex)
	if errors.Is(err, staging.ErrNotFound) {
		return &keptRoles{Version: roleVersion}, staging.IfAbsent, nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("load %s: %w", roleIndex, err)
	}
	k := new(keptRoles)
	if err := json.Unmarshal(object.Data, k); err != nil || k.Version != roleVersion {
		k = &keptRoles{Version: roleVersion}
	}
	return k, staging.IfVersion(object.Version), nil
}

// update changes the index; change may be called again if someone else wrote
// in the same moment, and its error ends it.
func (s roleStore) update(ctx context.Context, change func(*keptRoles) error) (*keptRoles, error) {
	for range updateTries {
		k, cond, err := s.load(ctx)
		if err != nil {
			return nil, err
		}
		if err := change(k); err != nil {
			return nil, err
		}
		k.UpdatedAt = s.now().UTC().Truncate(time.Millisecond)
		data, err := json.Marshal(k, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", roleIndex, err)
		}
		_, err = s.store.Put(ctx, roleIndex, data, cond)
		if err == nil {
			return k, nil
		}
		if !errors.Is(err, staging.ErrConflict) {
			return nil, fmt.Errorf("save %s: %w", roleIndex, err)
		}
	}
	return nil, fmt.Errorf("save %s: others wrote each of %d times: %w", roleIndex, updateTries, staging.ErrConflict)
}

// claim returns the index and the number of a claim, which no one else gets.
func (s roleStore) claim(ctx context.Context) (*keptRoles, int, error) {
	k, err := s.update(ctx, func(k *keptRoles) error {
		k.Claims++
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return k, k.Claims, nil
}

// slot names the objects of a claim below a folder. Names recur after some
// claims, so that old objects don't pile up, but never while they are in use.
func slot(folder string, claim int, inUse string) string {
	prefix := fmt.Sprintf("%s%02d-", folder, claim%slots)
	if strings.HasPrefix(inUse, prefix) {
		return fmt.Sprintf("%s%02d-", folder, slots+claim%slots)
	}
	return prefix
}

// usersKey names the pieces of an environment's roster.
func usersKey(env pingone.ID, claim int, current []rosterObject) func(int) string {
	inUse := ""
	if len(current) > 0 {
		inUse = current[0].Key
	}
	prefix := slot(roleFolder+"users/"+env.String()+"/", claim, inUse)
	return func(n int) string { return fmt.Sprintf("%s%06d.bin", prefix, n) }
}

// repliesKey names the objects of kept replies.
func repliesKey(claim int, current []staging.Kept) func(int) string {
	inUse := ""
	if len(current) > 0 {
		inUse = current[0].Key
	}
	prefix := slot(roleFolder+"replies/", claim, inUse)
	return func(n int) string { return fmt.Sprintf("%s%06d.jsonl.gz", prefix, n) }
}
