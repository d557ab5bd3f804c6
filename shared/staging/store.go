package staging

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Outcomes that callers act upon. Test for them with errors.Is.
var (
	// ErrNotFound means that there is no object under a key.
	ErrNotFound = errors.New("no such object")
	// ErrConflict means that the condition of a Put did not hold: someone else
	// wrote first. Nothing was changed.
	ErrConflict = errors.New("the object was changed by someone else")
	// ErrKey means that a key or prefix can't name an object.
	ErrKey = errors.New("not a valid key")
	// ErrCorrupt means that an object does not hold what was staged.
	ErrCorrupt = errors.New("staged data is damaged")
	// ErrIncomplete means that a collection has no complete.json yet.
	ErrIncomplete = errors.New("collection is not complete")
	// ErrUnknownRun means that nothing was staged under a run.
	ErrUnknownRun = errors.New("unknown run")
	// ErrClaimed means that someone else works on the run.
	ErrClaimed = errors.New("run is claimed")
)

// A Store holds objects under keys. A key is relative to the store's own
// prefix and looks like runs/20261123T090000Z/users/manifest.json; see
// [CheckKey] for what is allowed.
//
// All methods are safe for concurrent use, by several processes too, and stop
// when ctx ends. A Get that begins after a Put has returned sees what was put.
// Transient faults are retried inside; an error that comes out is final for
// this invocation. Errors name the key.
type Store interface {
	// Get returns an object's bytes and its version; ErrNotFound if there is
	// none. The bytes belong to the caller.
	Get(ctx context.Context, key string) (Object, error)

	// Put writes data under key if cond holds, else it returns ErrConflict and
	// changes nothing. Readers see the old object or the whole new one, never
	// a mixture. It returns the new version. data is not kept.
	//
	// Of several conditional Puts of different data at once, exactly one
	// succeeds. Where the answer of a first attempt may have been lost, a
	// store may look at the object and report success if it holds exactly
	// data; so a Put of what is already there may succeed although cond does
	// not hold. After any error other than ErrConflict and ErrKey it is
	// unknown whether data was written.
	Put(ctx context.Context, key string, data []byte, cond Condition) (version string, err error)

	// List returns the keys that begin with prefix, in byte order. The prefix
	// is a piece of text: runs/2026 is one, and the empty one lists all.
	List(ctx context.Context, prefix string) ([]string, error)

	// String is the place for people, such as s3://bucket/prefix or
	// file:///folder. It is safe to log.
	String() string
}

// An Object is what a key holds.
type Object struct {
	Data []byte
	// Version is opaque. Two contents have two versions; writing the same
	// content again may give the same one.
	Version string
}

// A Condition says when a Put may write. The zero value is Always.
type Condition string

const (
	// Always writes, whatever is there.
	Always Condition = ""
	// IfAbsent writes only if there is no object under the key.
	IfAbsent Condition = "absent"

	versionCondition = "version "
)

// IfVersion writes only if the object is still at a version that Get or Put
// returned. It does not hold where there is no object.
func IfVersion(version string) Condition { return Condition(versionCondition + version) }

// Version returns the version that an IfVersion condition asks for, and false
// for other conditions.
func (c Condition) Version() (string, bool) {
	return strings.CutPrefix(string(c), versionCondition)
}

// Holds tells whether the condition lets a Put write. current is the version
// of the object that is there, "" if there is none.
func (c Condition) Holds(current string) bool {
	if want, ok := c.Version(); ok {
		return want != "" && want == current
	}
	return c == Always || current == ""
}

// maxKeyBytes leaves half of what S3 allows to the store's prefix.
const maxKeyBytes = 512

// CheckKey returns an error that wraps ErrKey unless key consists of segments
// divided by single slashes, of at most 512 bytes in all. No segment is empty
// or begins with a dot, and none holds a backslash or a control character, so
// that a key is also a path below a folder and leaves room there for files of
// the store itself.
func CheckKey(key string) error {
	if key == "" {
		return fmt.Errorf("empty key: %w", ErrKey)
	}
	return checkSegments(key, strings.Split(key, "/"))
}

// CheckPrefix is like CheckKey for the prefix of a List, which may be empty or
// end within a segment or with a slash.
func CheckPrefix(prefix string) error {
	segments := strings.Split(prefix, "/")
	if segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1]
	}
	return checkSegments(prefix, segments)
}

func checkSegments(key string, segments []string) error {
	if len(key) > maxKeyBytes {
		return fmt.Errorf("key of %d bytes, more than %d: %w", len(key), maxKeyBytes, ErrKey)
	}
	for _, s := range segments {
		if s == "" || s[0] == '.' {
			return fmt.Errorf("%q has a segment that is empty or begins with a dot: %w", key, ErrKey)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
			return fmt.Errorf("%q has a backslash or control character: %w", key, ErrKey)
		}
	}
	return nil
}
