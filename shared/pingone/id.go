package pingone

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// An ID is a PingOne UUID: 16 bytes, so that millions fit in memory. The zero
// ID stands for an absent or malformed one: a page must not fail to decode
// because one id in it is broken.
type ID [16]byte

// ParseID reads the usual form of 36 characters, in either case. Anything
// else is the zero ID and false.
func ParseID(s string) (ID, bool) {
	if len(s) != 36 {
		return ID{}, false
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return ID{}, false // u holds what came before the fault
	}
	return ID(u), true
}

// ParseEnvironments reads the ids of environments, each once. The error joins
// every fault, and quotes none.
func ParseEnvironments(texts []string) ([]ID, error) {
	var ids []ID
	var faults []error
	for i, s := range texts {
		id, _ := ParseID(strings.TrimSpace(s))
		switch {
		case id.IsZero():
			faults = append(faults, fmt.Errorf("entry %d is no environment id (a UUID)", i+1))
		case !slices.Contains(ids, id):
			ids = append(ids, id)
		}
	}
	return ids, errors.Join(faults...)
}

// IsZero tells whether the id is absent or was malformed.
func (id ID) IsZero() bool { return id == ID{} }

// String is the lower-case form of 36 characters, or "" for the zero ID.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	return uuid.UUID(id).String()
}

// Compare orders ids by their bytes, as their text would.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It never fails:
// malformed text gives the zero ID.
func (id *ID) UnmarshalText(text []byte) error {
	*id, _ = ParseID(string(text))
	return nil
}
