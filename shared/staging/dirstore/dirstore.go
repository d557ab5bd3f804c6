// Package dirstore keeps staged objects in a folder of one machine.
//
// An object is a file, which its owner only can read. It is written beside its
// place, synced and then renamed. Conditions are checked and files renamed under
// a lock on the file .lock, which holds among processes; the folder must be on a
// file system with flock. The version of an object is its SHA-256.
package dirstore

import (
	"cmp"
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
	"syscall"

	"pingone-authomize/shared/staging"
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
	if err := ready(ctx, key); err != nil {
		return staging.Object{}, err
	}
	data, err := os.ReadFile(s.file(key))
	if isAbsent(err) {
		err = staging.ErrNotFound
	}
	if err != nil {
		return staging.Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	return staging.Object{Data: data, Version: versionOf(data)}, nil
}

// Put implements staging.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	if err := ready(ctx, key); err != nil {
		return "", err
	}
	if err := s.put(s.file(key), data, cond); err != nil {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	return versionOf(data), nil
}

func ready(ctx context.Context, key string) error {
	if err := staging.CheckKey(key); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func (s *Store) put(file string, data []byte, cond staging.Condition) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// Writing takes long and is done before the lock; only the rename counts.
	temp, err := writeTemp(dir, data)
	if err == nil {
		err = s.replace(file, temp, cond)
	}
	if err != nil {
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
	current, err := os.ReadFile(file)
	switch {
	case isAbsent(err) && !cond.Holds(""), err == nil && !cond.Holds(versionOf(current)):
		return staging.ErrConflict
	case err != nil && !isAbsent(err):
		return err
	}
	return os.Rename(temp, file)
}

// lock waits for the lock of the folder. Each call opens the file anew, so
// that the lock holds among goroutines too.
func (s *Store) lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for err = syscall.EINTR; errors.Is(err, syscall.EINTR); {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
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

// Folders implements staging.Store.
func (s *Store) Folders(ctx context.Context, prefix string) ([]string, error) {
	if err := staging.CheckFolder(prefix); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.file(prefix))
	if isAbsent(err) {
		return nil, nil
	}
	var names []string
	for i := 0; i < len(entries) && err == nil; i++ { // sorted
		name := entries[i].Name()
		// A Put that failed may leave a folder without an object.
		err = s.walk(ctx, prefix+name, func(key string) error {
			if key != prefix+name {
				names = append(names, name)
			}
			return fs.SkipAll
		})
	}
	return names, errors.Join(err, context.Cause(ctx))
}

// walk calls each with the keys of all objects in a folder, as fs.WalkDir does.
func (s *Store) walk(ctx context.Context, folder string, each func(key string) error) error {
	return filepath.WalkDir(s.file(folder), func(file string, d fs.DirEntry, err error) error {
		if isAbsent(err) {
			return nil
		}
		if err = cmp.Or(err, context.Cause(ctx)); err != nil {
			return fmt.Errorf("list %s: %w", folder, err)
		}
		key, err := filepath.Rel(s.dir, file)
		key = filepath.ToSlash(key)
		if err != nil || !d.Type().IsRegular() || staging.CheckKey(key) != nil {
			return err
		}
		return each(key)
	})
}

func (s *Store) file(key string) string { return filepath.Join(s.dir, filepath.FromSlash(key)) }

// writeTemp writes a synced file in dir, whose name is no key.
func writeTemp(dir string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, ".new-") // mode 0600
	if err != nil {
		return "", err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	return f.Name(), errors.Join(err, f.Close())
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
