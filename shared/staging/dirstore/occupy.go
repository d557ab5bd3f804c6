package dirstore

import (
	"errors"
	"fmt"
	"syscall"
)

// ErrOccupied is the error when somebody else has taken the folder.
var ErrOccupied = errors.New("another process is at work in this folder")

// Occupy takes the folder of a file URL for one process, until release is
// called or the process ends in any way. Nothing else is kept from reading or
// writing: it is for those who ask. ErrOccupied if another one has it.
func Occupy(rawURL string) (release func(), err error) {
	dir, err := Parse(rawURL)
	if err != nil {
		return nil, err
	}
	release, err = lockFile(dir, busyName, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s", ErrOccupied, dir)
	}
	return release, err
}
