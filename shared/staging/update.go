package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// updateTries bounds how often an Update is tried after someone else wrote
	// in the same moment. The pauses grow from firstPause to maxPause.
	updateTries = 12
	firstPause  = 20 * time.Millisecond
	maxPause    = time.Second
	// lookTimeout bounds the look at an object whose Put failed.
	lookTimeout = 10 * time.Second
)

// ErrUnchanged is what a change returns to leave an object as it is.
var ErrUnchanged = errors.New("nothing is to be changed")

// Update changes the JSON object under key by compare-and-swap: it decodes it
// into a T, the zero T if there is none, lets change edit that, and writes it. If
// someone else wrote meanwhile it begins anew, up to a dozen times with short
// pauses. An error of change is returned as it is and nothing is written, but
// ErrUnchanged is none. ErrCorrupt means that the object can't be decoded,
// ErrConflict that others wrote each time.
func Update[T any](ctx context.Context, s Store, key string, change func(*T) error) error {
	for try := range updateTries {
		conflict, err := updateOnce(ctx, s, key, change)
		if !conflict {
			return err
		}
		longest := min(firstPause<<try, maxPause)
		select {
		case <-time.After(longest/2 + rand.N(longest/2)):
		case <-ctx.Done():
			return fmt.Errorf("update %s: %w", key, context.Cause(ctx))
		}
	}
	return fmt.Errorf("update %s: others wrote each of %d times: %w", key, updateTries, ErrConflict)
}

func updateOnce[T any](ctx context.Context, s Store, key string, change func(*T) error) (conflict bool, err error) {
	value, version, err := readJSON[T](ctx, s, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	if err := change(&value); errors.Is(err, ErrUnchanged) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	_, err = swap(ctx, s, key, value, version)
	return errors.Is(err, ErrConflict), err
}

// ReadJSON decodes the object under key. ErrNotFound means that there is none,
// ErrCorrupt that it can't be decoded.
func ReadJSON[T any](ctx context.Context, s Store, key string) (T, error) {
	value, _, err := readJSON[T](ctx, s, key)
	return value, err
}

func readJSON[T any](ctx context.Context, s Store, key string) (value T, version string, err error) {
	var none T
	object, err := s.Get(ctx, key)
	if err != nil {
		return none, "", err
	}
	if err := json.Unmarshal(object.Data, &value); err != nil {
		return none, "", fmt.Errorf("%s can't be decoded (%d bytes), move it away: %w", key, len(object.Data), ErrCorrupt)
	}
	return value, object.Version, nil
}

// swap writes value as JSON if the object is still at version, "" for none, and
// returns the new one. After an error that leaves open whether it was written it
// looks at the object: if it is there, only the answer was lost.
func swap(ctx context.Context, s Store, key string, value any, version string) (string, error) {
	// Messages come from outside; a broken letter in one must not stop a run.
	data, err := json.Marshal(value, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	cond := IfAbsent
	if version != "" {
		cond = IfVersion(version)
	}
	version, err = s.Put(ctx, key, data, cond)
	if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, ErrKey) {
		return version, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	if object, getErr := s.Get(ctx, key); getErr == nil && bytes.Equal(object.Data, data) {
		return object.Version, nil
	}
	return "", err
}
