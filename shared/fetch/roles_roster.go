package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

const (
	// rosterChunk is how many users one object of a roster holds: 4 MB.
	rosterChunk = 200_000
	idBytes     = 16
	userBytes   = idBytes + 4
)

// A roster is the users of an environment, ascending by id, and for each the
// time of its last reading in Unix seconds, 0 for never: 20 bytes a user.
type roster struct {
	ids  []pingone.ID
	read []uint32
}

func (r *roster) find(id pingone.ID) (int, bool) {
	return slices.BinarySearchFunc(r.ids, id, pingone.ID.Compare)
}

// seconds is how a roster keeps a time.
func seconds(t time.Time) uint32 { return uint32(max(t.Unix(), 0)) } //nolint:gosec // good until 2106

// newRoster takes the ids of a listing, which it keeps, and the times of old.
func newRoster(ids []pingone.ID, old *roster) *roster {
	slices.SortFunc(ids, pingone.ID.Compare)
	ids = slices.Compact(ids)
	r := &roster{ids: ids, read: make([]uint32, len(ids))}
	j := 0
	for i, id := range ids {
		for j < len(old.ids) && old.ids[j].Compare(id) < 0 {
			j++
		}
		if j < len(old.ids) && old.ids[j] == id {
			r.read[i] = old.read[j]
		}
	}
	return r
}

// A rosterObject is a stored piece of a roster: all ids, then all times.
type rosterObject struct {
	Key    string `json:"key"`
	SHA256 string `json:"sha256"`
	Users  int    `json:"users"`
}

// save stores the roster, piece by piece, the nth from 1 on under key(n).
func (r *roster) save(ctx context.Context, store staging.Store, key func(n int) string) ([]rosterObject, error) {
	var objects []rosterObject
	var data []byte
	for from := 0; from < len(r.ids); from += rosterChunk {
		to := min(from+rosterChunk, len(r.ids))
		data = data[:0]
		for _, id := range r.ids[from:to] {
			data = append(data, id[:]...)
		}
		for _, at := range r.read[from:to] {
			data = binary.LittleEndian.AppendUint32(data, at)
		}
		o := rosterObject{Key: key(len(objects) + 1), SHA256: sumOf(data), Users: to - from}
		if _, err := store.Put(ctx, o.Key, data, staging.Always); err != nil {
			return nil, fmt.Errorf("save the times of reading: %w", err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// loadRoster reads what save stored. ErrCorrupt means that an object is
// missing or not what was stored.
func loadRoster(ctx context.Context, store staging.Store, objects []rosterObject) (*roster, error) {
	n := 0
	for _, o := range objects {
		n += o.Users
	}
	r := &roster{ids: make([]pingone.ID, 0, n), read: make([]uint32, 0, n)}
	for _, o := range objects {
		object, err := store.Get(ctx, o.Key)
		switch {
		case errors.Is(err, staging.ErrNotFound):
			return nil, fmt.Errorf("%s is missing: %w", o.Key, staging.ErrCorrupt)
		case err != nil:
			return nil, fmt.Errorf("load the times of reading: %w", err)
		case sumOf(object.Data) != o.SHA256 || len(object.Data) != userBytes*o.Users:
			return nil, fmt.Errorf("%s is not what was stored: %w", o.Key, staging.ErrCorrupt)
		}
		times := object.Data[idBytes*o.Users:]
		for i := range o.Users {
			r.ids = append(r.ids, pingone.ID(object.Data[idBytes*i:]))
			r.read = append(r.read, binary.LittleEndian.Uint32(times[4*i:]))
		}
	}
	if !slices.IsSortedFunc(r.ids, pingone.ID.Compare) {
		return nil, fmt.Errorf("the times of reading are out of order: %w", staging.ErrCorrupt)
	}
	return r, nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
