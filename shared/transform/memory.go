package transform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/gzip"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// stateKey is where memory is kept, beside the runs and longer than these.
const stateKey = staging.MemoryKey

// newestKey is where the newest run is kept that any transform began to post.
const newestKey = "state/newest.json"

// putTries bounds how often either is written again after someone else wrote
// in the same moment.
const putTries = 8

// keepGone is how many ids of records that are gone a report lists a kind.
const keepGone = 1000

// identified are the kinds whose records have an id of their own. The others
// are tuples of these and go with them.
var identified = []authomize.Kind{
	authomize.Users, authomize.ServiceAccounts, authomize.Groupings, authomize.Privileges, authomize.Assets,
}

// These are remembered as if they were kinds: some of the assets are populations
// and applications that only a role names, and some of the privileges roles that
// only an assignment names, so those can't tell what was listed; and memberships
// have no id of their own.
const (
	listedPopulations  authomize.Kind = "populations"
	listedApplications authomize.Kind = "applications"
	listedRoles        authomize.Kind = "roles" // whose permissions were posted
	groupsWithUsers    authomize.Kind = staging.GroupsWithUsers
	groupsWithGroups   authomize.Kind = staging.GroupsWithGroups
)

// remembered are the lists that are kept.
var remembered = append(slices.Clone(identified), listedPopulations, listedApplications, listedRoles, groupsWithUsers, groupsWithGroups)

// posted are the ids of a run, sorted, by list.
type posted map[authomize.Kind]iter.Seq[staging.Known]

// counts are records by kind.
type counts map[authomize.Kind]kindCounts

type kindCounts struct {
	Total        int64            `json:"total"`
	Environments map[string]int64 `json:"environments"`
	// RolePermissions are those of Total that ROLE_PERMISSIONS is the reason for.
	RolePermissions int64 `json:"rolePermissions,omitzero"`
}

// memory is what one run must know of earlier ones.
type memory struct {
	store   staging.Store
	state   state
	version string
	newest  staging.RunID
}

type state struct {
	// Swept is the last run that was swept; nil before the first.
	Swept *goodRun `json:"swept,omitempty"`
	// Good is the last run whose sweep the settings alone stopped (SWEEP=report
	// or never): nothing spoke against it, or a person approved it.
	Good *goodRun `json:"good,omitempty"`
	// Approved is the last of these that a person approved; "" before the first.
	Approved staging.RunID `json:"approved,omitzero"`
	// Lost tells that there was a state before this one, which is missing. Until
	// a person approves, no run can tell what is gone.
	Lost bool `json:"lost,omitzero"`
	// Known names, for each list, the object with the ids that runs posted
	// and no sweep has deleted since: see [staging.Known].
	Known map[authomize.Kind]string `json:"known"`
}

// a mark is what newestKey holds.
type mark struct {
	Run staging.RunID `json:"run"`
}

// markBegun says, before anything of a run is posted, that it will be. An
// older run that is posted at the same time, or later, then doesn't sweep
// what only the newer one holds.
func markBegun(ctx context.Context, store staging.Store, run staging.RunID) error {
	data, err := json.Marshal(mark{Run: run})
	if err != nil {
		return err
	}
	for range putTries {
		newest, version, err := loadNewest(ctx, store)
		if err != nil || newest >= run {
			return err
		}
		cond := staging.IfAbsent
		if version != "" {
			cond = staging.IfVersion(version)
		}
		_, err = store.Put(ctx, newestKey, data, cond)
		if err == nil {
			return nil
		}
		if !errors.Is(err, staging.ErrConflict) {
			return fmt.Errorf("mark run %s as begun: %w", run, err)
		}
	}
	return fmt.Errorf("mark run %s as begun: others wrote each of %d times: %w", run, putTries, staging.ErrConflict)
}

// loadNewest returns the newest run that was begun, "" if none was.
func loadNewest(ctx context.Context, store staging.Store) (newest staging.RunID, version string, err error) {
	object, err := store.Get(ctx, newestKey)
	if errors.Is(err, staging.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("load %s: %w", newestKey, err)
	}
	var m mark
	if json.Unmarshal(object.Data, &m) == nil {
		newest, err = staging.ParseRun(string(m.Run))
	}
	if newest == "" || err != nil {
		return "", "", fmt.Errorf("%s is damaged; delete it, and post no run older than the newest: %w", newestKey, staging.ErrCorrupt)
	}
	return newest, object.Version, nil
}

func loadMemory(ctx context.Context, store staging.Store) (*memory, error) {
	m := &memory{store: store, state: state{Known: map[authomize.Kind]string{}}}
	newest, _, err := loadNewest(ctx, store)
	if err != nil {
		return nil, err
	}
	m.newest = newest
	object, err := store.Get(ctx, stateKey)
	if errors.Is(err, staging.ErrNotFound) {
		m.state.Lost, err = hasKnown(ctx, store)
		return m, err
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", stateKey, err)
	}
	m.state = state{}
	if err := json.Unmarshal(object.Data, &m.state); err != nil || m.state.Known == nil { // which is always written
		return nil, staging.DamagedMemory()
	}
	m.version = object.Version
	m.forgetFuture()
	return m, nil
}

// gone lists the records that are known and were not posted this time.
// each is called with all of them.
func (m *memory) gone(ctx context.Context, all posted, each func(authomize.Kind, staging.Known)) ([]report.Gone, error) {
	var gone []report.Gone
	for _, kind := range identified {
		g := report.Gone{Kind: string(kind)}
		err := m.eachGone(ctx, kind, all, func(k staging.Known) {
			g.Count++
			each(kind, k)
			if len(g.IDs) < keepGone {
				g.IDs = append(g.IDs, k.ID)
			}
		})
		if err != nil {
			return nil, err
		}
		if g.Count > 0 {
			gone = append(gone, g)
		}
	}
	return gone, nil
}

// eachGone calls each with what is known of a list and was not posted.
func (m *memory) eachGone(ctx context.Context, list authomize.Kind, all posted, each func(staging.Known)) error {
	return m.merge(ctx, list, all[list], func(k staging.Known, isPosted bool) {
		if !isPosted {
			each(k)
		}
	})
}

// remember keeps what was posted: alone if the rest was swept, else together
// with what was known before. If a transform of another run did so meanwhile,
// what that one posted stays known as well. note is to note that the run is
// good, if it is.
func (m *memory) remember(ctx context.Context, run staging.RunID, all posted, swept bool, note func(*state)) error {
	alone := swept
	for range putTries {
		err := m.rememberOnce(ctx, run, all, alone, note)
		if !errors.Is(err, staging.ErrConflict) {
			return err
		}
		fresh, err := loadMemory(ctx, m.store)
		if err != nil {
			return err
		}
		*m, alone = *fresh, false
	}
	return fmt.Errorf("remember what was posted in %s: others wrote each of %d times: %w", stateKey, putTries, staging.ErrConflict)
}

func (m *memory) rememberOnce(ctx context.Context, run staging.RunID, all posted, alone bool, note func(*state)) error {
	if m.version == "" && !m.state.Lost {
		if err := m.putState(ctx, state{Known: map[authomize.Kind]string{}}); err != nil { // or lists without it, of who dies now, would tell of a loss
			return err
		}
	}
	next := m.state
	next.Known = map[authomize.Kind]string{}
	for _, list := range remembered {
		name, err := m.putKnown(ctx, run, list, all[list], alone)
		if err != nil {
			return err
		}
		next.Known[list] = name
	}
	note(&next)
	return m.putState(ctx, next)
}

// putState replaces the state that was loaded, or put before, if nobody else
// did.
func (m *memory) putState(ctx context.Context, next state) error {
	data, err := json.Marshal(next, json.Deterministic(true))
	if err != nil {
		return err
	}
	cond := staging.IfAbsent
	if m.version != "" {
		cond = staging.IfVersion(m.version)
	}
	version, err := m.store.Put(ctx, stateKey, data, cond)
	if err != nil {
		return fmt.Errorf("remember what was posted in %s: %w", stateKey, err)
	}
	m.version = version
	return nil
}

// putKnown writes the ids of a list to an object that is not in use, so that
// a crash leaves the old list whole.
func (m *memory) putKnown(ctx context.Context, run staging.RunID, list authomize.Kind, all iter.Seq[staging.Known], alone bool) (string, error) {
	name := knownName(list, run, 0)
	if m.state.Known[list] == name {
		name = knownName(list, run, 1)
	}
	var buf bytes.Buffer
	zip, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		return "", err
	}
	// A newer run may have begun, and be swept later: not what comes after it.
	last := max(run, m.newest)
	err = m.merge(ctx, list, all, func(k staging.Known, isPosted bool) {
		if isPosted || k.Run == "" || k.Run > last { // or nothing would ever be newer
			k.Run = last
		}
		if isPosted || !alone {
			_, _ = zip.Write([]byte(k.Line())) // a bytes.Buffer takes all
		}
	})
	if err != nil {
		return "", err
	}
	if err := zip.Close(); err != nil {
		return "", err
	}
	if _, err := m.store.Put(ctx, name, buf.Bytes(), staging.Always); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return name, nil
}

// hasKnown tells whether an earlier run has left lists of what it posted.
func hasKnown(ctx context.Context, store staging.Store) (bool, error) {
	keys, err := store.List(ctx, knownPrefix)
	if err != nil {
		return false, fmt.Errorf("look for lists of what was posted: %w", err)
	}
	return slices.ContainsFunc(keys, func(key string) bool { return strings.HasSuffix(key, ".gz") }), nil
}

// knownPrefix is where those lists are.
const knownPrefix = "state/known/"

// knownSlots is how many objects there are for the list of a kind. Two would
// do for one transform at a time; those of two runs at once seldom meet in
// one of 16, and then forget some ids, which only the reports would name.
const knownSlots = 16

func knownName(kind authomize.Kind, run staging.RunID, next uint32) string {
	h := fnv.New32a()
	_, _ = io.WriteString(h, string(run)) // never fails
	return fmt.Sprintf(knownPrefix+"%s-%02d.gz", kind, (h.Sum32()+next)%knownSlots)
}

// merge calls each with every id that was posted or is known, in order.
func (m *memory) merge(ctx context.Context, list authomize.Kind, all iter.Seq[staging.Known], each func(k staging.Known, isPosted bool)) error {
	next, stop := iter.Pull2(m.known(ctx, list))
	defer stop()
	k, err, more := next()
	for p := range all {
		for more && k.ID < p.ID && err == nil {
			each(k, false)
			k, err, more = next()
		}
		if err != nil {
			return err
		}
		each(p, true)
		if more && k.ID == p.ID {
			k, err, more = next()
		}
	}
	for more && err == nil {
		each(k, false)
		k, err, more = next()
	}
	return err
}

// known yields what is known of a list, sorted by id. What a sweep deleted
// that a person approved is still listed, and left out.
func (m *memory) known(ctx context.Context, list authomize.Kind) iter.Seq2[staging.Known, error] {
	return func(yield func(staging.Known, error) bool) {
		for k, err := range staging.ReadKnown(ctx, m.store, m.state.Known[list]) {
			if err == nil && m.state.Swept != nil && k.IsOlderThan(m.state.Swept.Run) {
				continue
			}
			if !yield(k, err) {
				return
			}
		}
	}
}
