package staging

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Outcomes that callers act upon. Test for them with errors.Is.
var (
	ErrNotFound   = errors.New("no such object")
	ErrKey        = errors.New("not a valid key")
	ErrConflict   = errors.New("the object was changed by someone else") // since it was looked at; nothing was written
	ErrCorrupt    = errors.New("staged data is not readable")            // or another version of this program wrote it
	ErrIncomplete = errors.New("collection is not complete")
	ErrUnknownRun = errors.New("unknown run")
)

// A Store holds objects under keys, relative to its own prefix. [CheckKey] says
// what is allowed.
//
// All methods are safe for concurrent use, by several processes too, and stop
// when ctx ends. A Get that begins after a Put has returned sees what was put.
// Transient faults are retried inside. Errors name the key.
type Store interface {
	// Get returns an object; ErrNotFound if there is none. It is the caller's.
	Get(ctx context.Context, key string) (Object, error)

	// Put writes data under key if cond holds, and returns the new version;
	// else it returns ErrConflict. Readers see the old object or the whole new
	// one. data stays the caller's.
	//
	// Of several conditional Puts of different data at once, exactly one
	// succeeds. A Put of what is already there may succeed although cond does
	// not hold: the answer of a first attempt may have been lost. After any
	// error other than ErrConflict and ErrKey it is unknown whether data was
	// written.
	Put(ctx context.Context, key string, data []byte, cond Condition) (version string, err error)

	// Folders returns the names of the folders directly below prefix, which is
	// empty or ends with a slash, that hold an object at any depth. They are in
	// byte order, without slashes.
	Folders(ctx context.Context, prefix string) ([]string, error)

	// String tells people where it is, such as s3://bucket/prefix.
	String() string
}

// An Object is what a key holds.
type Object struct {
	Data    []byte
	Version string // opaque, not empty; two contents have two
}

// A Condition says when a Put may write. The zero value is Always.
type Condition string

// The conditions, beside those of IfVersion.
const (
	Always   Condition = ""
	IfAbsent Condition = "absent" // there is no object under the key
)

// IfVersion writes only if the object is still at a version.
func IfVersion(version string) Condition { return Condition("version " + version) }

// Version returns what IfVersion was given, and false for other conditions.
func (c Condition) Version() (string, bool) { return strings.CutPrefix(string(c), "version ") }

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

const keySegment = `[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*`

var keyForm = regexp.MustCompile(`^` + keySegment + `(/` + keySegment + `)*$`)

// CheckKey returns ErrKey unless key consists of segments divided by single
// slashes, of at most 512 bytes in all. No segment is empty or begins with a
// dot, and none holds a backslash or a control character, so that a key is also
// a path below a folder and leaves room there for files of the store itself.
func CheckKey(key string) error {
	if len(key) > maxKeyBytes {
		return fmt.Errorf("key of %d bytes, more than %d: %w", len(key), maxKeyBytes, ErrKey)
	}
	if !keyForm.MatchString(key) {
		return fmt.Errorf("%q has a segment that is empty, begins with a dot or holds a backslash or control character: %w", key, ErrKey)
	}
	return nil
}

// CheckPrefix is like CheckKey for a prefix, which may be empty or end with a slash.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return CheckKey(strings.TrimSuffix(prefix, "/"))
}

// CheckFolder is like CheckPrefix for the prefix of Folders.
func CheckFolder(prefix string) error {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		return fmt.Errorf("%q does not end with a slash: %w", prefix, ErrKey)
	}
	return CheckPrefix(prefix)
}
