// Package dirstore keeps staged objects in a folder of one machine.
//
// An object is a file. Files are written beside their place, synced and then
// renamed, so that a reader sees the old or the whole new one. Conditions are
// checked and files renamed under a lock on the file .lock in the folder, which
// holds among processes; the folder must be on a file system with flock. The
// version of an object is the SHA-256 of its contents. Files can be read by
// their owner only.
package dirstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"pingone-authomize/shared/staging"
)

const (
	lockName   = ".lock"
	busyName   = ".busy"
	tempPrefix = ".new-"
)

// A Store is a folder. It is a staging.Store.
type Store struct{ dir string }

var _ staging.Store = (*Store)(nil)

// New returns the store of a folder, which is created if need be.
func New(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("staging folder %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, fmt.Errorf("staging folder can't be made, name another: %w", err)
	}
	return &Store{dir: abs}, nil
}

// Parse returns the folder that a URL of the form file:///folder names.
func Parse(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "file" || u.Host != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("staging URL is not of the form file:///folder, with three slashes and an absolute path")
	}
	dir := path.Clean(u.Path)
	if !path.IsAbs(dir) || dir == "/" {
		return "", fmt.Errorf("staging URL %s names no folder: write file:///folder, an absolute path below the root", rawURL)
	}
	return filepath.FromSlash(dir), nil
}

// String is the folder as a URL.
func (s *Store) String() string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(s.dir)}).String()
}

// Get implements staging.Store.
func (s *Store) Get(ctx context.Context, key string) (staging.Object, error) {
	if err := staging.CheckKey(key); err != nil {
		return staging.Object{}, err
	}
	if ctx.Err() != nil {
		return staging.Object{}, fmt.Errorf("get %s: %w", key, context.Cause(ctx))
	}
	data, err := os.ReadFile(s.file(key))
	if isAbsent(err) {
		return staging.Object{}, fmt.Errorf("get %s: %w", key, staging.ErrNotFound)
	}
	if err != nil {
		return staging.Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	return staging.Object{Data: data, Version: versionOf(data)}, nil
}

// Put implements staging.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	if err := staging.CheckKey(key); err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("put %s: %w", key, context.Cause(ctx))
	}
	if err := s.put(s.file(key), data, cond); err != nil {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	return versionOf(data), nil
}

func (s *Store) put(file string, data []byte, cond staging.Condition) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// Writing takes long and is done before the lock; only the rename counts.
	temp, err := writeTemp(dir, data)
	if err != nil {
		return err
	}
	if err := s.replace(file, temp, cond); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncDir(dir)
}

// replace renames temp to file if cond holds.
func (s *Store) replace(file, temp string, cond staging.Condition) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	current, err := currentVersion(file, cond)
	if err != nil {
		return err
	}
	if !cond.Holds(current) {
		return staging.ErrConflict
	}
	return os.Rename(temp, file)
}

// lock waits for the lock of the folder. Each call opens the file anew, so
// that the lock holds among goroutines too.
func (s *Store) lock() (unlock func(), err error) { return lockFile(s.dir, lockName, syscall.LOCK_EX) }

// lockFile locks a file of the folder, which is made if need be.
func lockFile(dir, name string, how int) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return func() {
		// Closing alone leaves the lock to a child process that is being started.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		_ = f.Close()
	}, nil
}

// List implements staging.Store.
func (s *Store) List(ctx context.Context, prefix string) ([]string, error) {
	if err := staging.CheckPrefix(prefix); err != nil {
		return nil, err
	}
	var keys []string
	below := s.file(path.Dir(prefix + "x")) // the folder that all of them are in
	err := filepath.WalkDir(below, func(file string, d fs.DirEntry, err error) error {
		if isAbsent(err) {
			return nil
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		key, err := filepath.Rel(s.dir, file)
		key = filepath.ToSlash(key)
		if err == nil && d.Type().IsRegular() && strings.HasPrefix(key, prefix) && staging.CheckKey(key) == nil {
			keys = append(keys, key)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", prefix, err)
	}
	slices.Sort(keys)
	return keys, nil
}

func (s *Store) file(key string) string { return filepath.Join(s.dir, filepath.FromSlash(key)) }

// currentVersion returns what cond has to be compared with: nothing is read
// where only presence matters.
func currentVersion(file string, cond staging.Condition) (string, error) {
	if _, ok := cond.Version(); ok {
		data, err := os.ReadFile(file)
		if isAbsent(err) {
			return "", nil
		}
		return versionOf(data), err
	}
	_, err := os.Lstat(file)
	if isAbsent(err) {
		return "", nil
	}
	return "present", err
}

// writeTemp writes a synced file in dir, whose name List passes over.
func writeTemp(dir string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, tempPrefix) // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// syncDir makes a rename last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// isAbsent is also true for a key below what is a file, or of a folder.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR)
}

func versionOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
