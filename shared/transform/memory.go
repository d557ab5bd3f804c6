package transform

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/gzip"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// stateKey is where memory is kept, beside the runs and longer than these.
const stateKey = "state/transform.json"

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

// counts are records by kind.
type counts map[authomize.Kind]kindCounts

type kindCounts struct {
	Total        int64            `json:"total"`
	Environments map[string]int64 `json:"environments"`
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
	Swept *sweptRun `json:"swept,omitempty"`
	// Known names, for each kind, the object with the ids that runs posted
	// and no sweep has deleted since.
	Known map[authomize.Kind]string `json:"known"`
	// Last is the run that wrote Known.
	Last staging.RunID `json:"last,omitzero"`
}

type sweptRun struct {
	Run    staging.RunID `json:"run"`
	At     time.Time     `json:"at"`
	Counts counts        `json:"counts"`
	// Environments are those that the run read.
	Environments []pingone.ID `json:"environments"`
	// Gone is what the sweep deleted, for a transform of the same run that
	// has to write the report again.
	Gone []report.Gone `json:"gone,omitempty"`
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
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", stateKey, err)
	}
	if err := json.Unmarshal(object.Data, &m.state); err != nil {
		return nil, fmt.Errorf("%s is damaged; move it away, and the next run starts without a baseline: %w", stateKey, staging.ErrCorrupt)
	}
	if m.state.Known == nil {
		m.state.Known = map[authomize.Kind]string{}
	}
	m.version = object.Version
	return m, nil
}

// gone lists the records that are known and were not posted this time.
// eachUser is called with every user among them.
func (m *memory) gone(ctx context.Context, posted map[authomize.Kind]iter.Seq[string], eachUser func(id string)) ([]report.Gone, error) {
	var all []report.Gone
	for _, kind := range identified {
		g := report.Gone{Kind: string(kind)}
		err := m.merge(ctx, kind, posted[kind], func(id string, isPosted, isKnown bool) {
			if !isKnown || isPosted {
				return
			}
			g.Count++
			if kind == authomize.Users {
				eachUser(id)
			}
			if len(g.IDs) < keepGone {
				g.IDs = append(g.IDs, id)
			}
		})
		if err != nil {
			return nil, err
		}
		if g.Count > 0 {
			all = append(all, g)
		}
	}
	return all, nil
}

// remember keeps what was posted: alone if the rest was swept, else together
// with what was known before, and swept if that is not nil. If a transform of another run did so meanwhile,
// what that one posted stays known as well.
func (m *memory) remember(ctx context.Context, run staging.RunID, posted map[authomize.Kind]iter.Seq[string], alone bool, swept *sweptRun) error {
	for range putTries {
		err := m.rememberOnce(ctx, run, posted, alone, swept)
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

func (m *memory) rememberOnce(ctx context.Context, run staging.RunID, posted map[authomize.Kind]iter.Seq[string], alone bool, swept *sweptRun) error {
	next := m.state
	next.Known, next.Last = map[authomize.Kind]string{}, run
	for _, kind := range identified {
		name, err := m.putKnown(ctx, run, kind, posted[kind], alone)
		if err != nil {
			return err
		}
		next.Known[kind] = name
	}
	if swept != nil && (next.Swept == nil || next.Swept.Run <= swept.Run) {
		next.Swept = swept
	}
	return m.putState(ctx, next)
}

// putState replaces the state that was loaded, if nobody else did.
func (m *memory) putState(ctx context.Context, next state) error {
	data, err := json.Marshal(next, json.Deterministic(true))
	if err != nil {
		return err
	}
	cond := staging.IfAbsent
	if m.version != "" {
		cond = staging.IfVersion(m.version)
	}
	if _, err := m.store.Put(ctx, stateKey, data, cond); err != nil {
		return fmt.Errorf("remember what was posted in %s: %w", stateKey, err)
	}
	return nil
}

// putKnown writes the ids of a kind to an object that is not in use, so that
// a crash leaves the old list whole.
func (m *memory) putKnown(ctx context.Context, run staging.RunID, kind authomize.Kind, posted iter.Seq[string], alone bool) (string, error) {
	name := knownName(kind, run, 0)
	if m.state.Known[kind] == name {
		name = knownName(kind, run, 1)
	}
	var buf bytes.Buffer
	zip, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		return "", err
	}
	err = m.merge(ctx, kind, posted, func(id string, isPosted, _ bool) {
		if isPosted || !alone {
			_, _ = zip.Write([]byte(id + "\n")) // a bytes.Buffer takes all
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

// knownSlots is how many objects there are for the list of a kind. Two would
// do for one transform at a time; those of two runs at once seldom meet in
// one of 16, and then forget some ids, which only the reports would name.
const knownSlots = 16

func knownName(kind authomize.Kind, run staging.RunID, next uint32) string {
	h := fnv.New32a()
	_, _ = io.WriteString(h, string(run)) // never fails
	return fmt.Sprintf("state/known/%s-%02d.gz", kind, (h.Sum32()+next)%knownSlots)
}

// merge calls each with every id that was posted or is known, in order.
func (m *memory) merge(ctx context.Context, kind authomize.Kind, posted iter.Seq[string], each func(id string, isPosted, isKnown bool)) error {
	known, err := m.known(ctx, kind)
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(known)
	defer stop()
	k, err, more := next()
	for p := range posted {
		for more && k < p && err == nil {
			each(k, false, true)
			k, err, more = next()
		}
		if err != nil {
			return err
		}
		each(p, true, more && k == p)
		if more && k == p {
			k, err, more = next()
		}
	}
	for more && err == nil {
		each(k, false, true)
		k, err, more = next()
	}
	return err
}

// known yields the known ids of a kind, sorted.
func (m *memory) known(ctx context.Context, kind authomize.Kind) (iter.Seq2[string, error], error) {
	name := m.state.Known[kind]
	if name == "" {
		return func(func(string, error) bool) {}, nil
	}
	object, err := m.store.Get(ctx, name)
	if errors.Is(err, staging.ErrNotFound) {
		return nil, damaged(name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(object.Data))
	if err != nil {
		return nil, damaged(name, err)
	}
	return func(yield func(string, error) bool) {
		lines := bufio.NewScanner(zip)
		for lines.Scan() {
			if !yield(lines.Text(), nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield("", damaged(name, err))
		}
	}, nil
}

func damaged(name string, err error) error {
	return fmt.Errorf("%s is missing or damaged; move %s away, and the next run starts without a baseline: %w: %w",
		name, stateKey, err, staging.ErrCorrupt)
}
