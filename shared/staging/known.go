package staging

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/gzip"

	"pingone-authomize/shared/pingone"
)

// MemoryKey is where transform keeps what it must know of earlier runs. It
// names the lists of what was posted, which are read by others as well.
const MemoryKey = "state/transform.json"

// The lists of groups that held users, and that held groups, beside the kinds of
// records.
const (
	GroupsWithUsers  = "groupsWithUsers"
	GroupsWithGroups = "groupsWithGroups"
)

// Known is something that a run posted and no sweep has deleted since: a line
// of such a list, which is sorted by id.
type Known struct {
	ID string
	// Environment is zero for what belongs to none, and in lists of a version
	// that did not keep it.
	Environment pingone.ID
	// Run is the newest that had begun when this was posted last, "" in lists
	// of a version that did not keep it. A sweep of a newer run deleted it.
	Run RunID
}

// Line is how a list keeps it. A tab is in no id, and sorts before whatever is.
func (k Known) Line() string {
	return k.ID + "\t" + k.Environment.String() + "\t" + string(k.Run) + "\n"
}

// IsOlderThan tells whether a run was the first to begin after it was posted
// last, or came later: the run did not post it, and its sweep deleted it.
func (k Known) IsOlderThan(run RunID) bool { return k.Run != "" && k.Run < run }

func parseKnown(line string) Known {
	id, rest, _ := strings.Cut(line, "\t")
	env, run, _ := strings.Cut(rest, "\t")
	k := Known{ID: id, Run: RunID(run)}
	k.Environment, _ = pingone.ParseID(env)
	return k
}

// ReadKnown yields the lines of the list under key, in order; none for the key
// "". ErrCorrupt means that it is missing or damaged.
func ReadKnown(ctx context.Context, store Store, key string) iter.Seq2[Known, error] {
	return func(yield func(Known, error) bool) {
		if key == "" {
			return
		}
		object, err := store.Get(ctx, key)
		switch {
		case errors.Is(err, ErrNotFound):
			yield(Known{}, damagedList(key, err))
			return
		case err != nil:
			yield(Known{}, fmt.Errorf("read %s: %w", key, err))
			return
		}
		zip, err := gzip.NewReader(bytes.NewReader(object.Data))
		if err != nil {
			yield(Known{}, damagedList(key, err))
			return
		}
		lines := bufio.NewScanner(zip)
		for lines.Scan() {
			if !yield(parseKnown(lines.Text()), nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Known{}, damagedList(key, err))
		}
	}
}

func damagedList(key string, err error) error {
	return fmt.Errorf("%s is missing or damaged; move %s away; the next run posts and is held until a person approves it: %w: %w",
		key, MemoryKey, err, ErrCorrupt)
}

// KnownOf yields what runs before one posted, of a list such as users, and what
// no good run has found gone since, sorted by id; none before the first run.
// ErrCorrupt means that the memory is damaged.
func KnownOf(ctx context.Context, store Store, before RunID, list string) iter.Seq2[Known, error] {
	return func(yield func(Known, error) bool) {
		object, err := store.Get(ctx, MemoryKey)
		if errors.Is(err, ErrNotFound) {
			return
		}
		if err != nil {
			yield(Known{}, fmt.Errorf("load %s: %w", MemoryKey, err))
			return
		}
		var memory struct {
			Swept judged            `json:"swept"`
			Good  judged            `json:"good"`
			Known map[string]string `json:"known"`
		}
		if err := json.Unmarshal(object.Data, &memory); err != nil || memory.Known == nil { // which is always written
			yield(Known{}, DamagedMemory())
			return
		}
		last := max(memory.Swept.upTo(before), memory.Good.upTo(before))
		for k, err := range ReadKnown(ctx, store, memory.Known[list]) {
			if err == nil && k.IsOlderThan(last) {
				continue
			}
			if !yield(k, err) {
				return
			}
		}
	}
}

// judged is as much as matters here of a run that was swept, or would have
// been but for the settings.
type judged struct {
	Run RunID `json:"run"`
}

// upTo is the run, unless it is newer than another: whose id was mistyped into
// the future would have judged for ever.
func (j judged) upTo(run RunID) RunID {
	if j.Run > run {
		return ""
	}
	return j.Run
}

// DamagedMemory is the error for an object at MemoryKey that can't be decoded.
func DamagedMemory() error {
	return fmt.Errorf("%s is damaged; move it away; the next run posts and is held until a person approves it: %w", MemoryKey, ErrCorrupt)
}
