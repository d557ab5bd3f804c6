package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func TestOverlayIsAStore(t *testing.T) {
	t.Parallel()
	stagingtest.Run(t, func(testing.TB) staging.Store { return newOverlay(&stagingtest.Memory{}, &stagingtest.Memory{}) })
}

func TestOverlayLeavesTheLowerStore(t *testing.T) {
	t.Parallel()
	lower := &stagingtest.Memory{}
	for _, key := range []string{"a", "b"} {
		if _, err := lower.Put(t.Context(), key, []byte("lower "+key), staging.Always); err != nil {
			t.Fatal(err)
		}
	}
	o := newOverlay(&stagingtest.Memory{}, lower)
	if _, err := o.Put(t.Context(), "a", []byte("x"), staging.IfAbsent); !errors.Is(err, staging.ErrConflict) {
		t.Errorf("put of what is below: %v, want ErrConflict", err)
	}
	below, err := o.Get(t.Context(), "a")
	if err != nil || string(below.Data) != "lower a" {
		t.Fatalf("%s, %v", below.Data, err)
	}
	for key, cond := range map[string]staging.Condition{"a": staging.IfVersion(below.Version), "c": staging.IfAbsent} {
		if _, err := o.Put(t.Context(), key, []byte("upper "+key), cond); err != nil {
			t.Error(err)
		}
	}
	keys, err := o.List(t.Context(), "")
	if diff := cmp.Diff([]string{"a", "b", "c"}, keys); diff != "" || err != nil {
		t.Errorf("keys: %v\n%s", err, diff)
	}
	got := map[string]string{}
	for _, key := range keys {
		object, err := o.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got[key] = string(object.Data)
	}
	if diff := cmp.Diff(map[string]string{"a": "upper a", "b": "lower b", "c": "upper c"}, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	keys, err = lower.List(t.Context(), "")
	if object, gerr := lower.Get(t.Context(), "a"); len(keys) != 2 || err != nil || gerr != nil || string(object.Data) != "lower a" {
		t.Errorf("below: %v, %s", keys, object.Data)
	}
}
