// Package stagingtest helps to test stores and what is built on them: a suite
// that every store passes, a store in memory, and one that fails on demand.
package stagingtest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"pingone-authomize/shared/staging"
)

// A Memory is a staging.Store in memory. The zero value is empty and ready.
type Memory struct {
	mu      sync.Mutex
	objects map[string]staging.Object
	writes  int
}

// String implements staging.Store.
func (m *Memory) String() string { return "memory" }

// Get implements staging.Store.
func (m *Memory) Get(ctx context.Context, key string) (staging.Object, error) {
	if err := cmp.Or(staging.CheckKey(key), context.Cause(ctx)); err != nil {
		return staging.Object{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	object, ok := m.objects[key]
	if !ok {
		return staging.Object{}, fmt.Errorf("get %s: %w", key, staging.ErrNotFound)
	}
	object.Data = bytes.Clone(object.Data)
	return object, nil
}

// Put implements staging.Store.
func (m *Memory) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	if err := cmp.Or(staging.CheckKey(key), context.Cause(ctx)); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !cond.Holds(m.objects[key].Version) {
		return "", fmt.Errorf("put %s: %w", key, staging.ErrConflict)
	}
	if m.objects == nil {
		m.objects = map[string]staging.Object{}
	}
	m.writes++
	version := strconv.Itoa(m.writes)
	m.objects[key] = staging.Object{Data: bytes.Clone(data), Version: version}
	return version, nil
}

// List returns the keys that begin with prefix, in byte order.
func (m *Memory) List(ctx context.Context, prefix string) ([]string, error) {
	if err := cmp.Or(staging.CheckPrefix(prefix), context.Cause(ctx)); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for key := range m.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// Folders implements staging.Store.
func (m *Memory) Folders(ctx context.Context, prefix string) ([]string, error) {
	keys, err := m.List(ctx, prefix)
	if err := cmp.Or(staging.CheckFolder(prefix), err); err != nil {
		return nil, err
	}
	var names []string
	for _, key := range keys {
		if name, _, ok := strings.Cut(key[len(prefix):], "/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Delete removes an object, as someone outside might.
func (m *Memory) Delete(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
}
