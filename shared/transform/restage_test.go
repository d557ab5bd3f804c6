package transform_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/gzip"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// state are the objects that transform keeps beside the runs, with their bytes.
func (r *rig) state() map[string]string {
	r.t.Helper()
	keys, err := r.store.List(r.t.Context(), "state/")
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]string{}
	for _, k := range keys {
		if strings.HasPrefix(k, "state/roleassignments/") {
			continue // fetch keeps those
		}
		o, err := r.store.Get(r.t.Context(), k)
		if err != nil {
			r.t.Fatal(err)
		}
		out[k] = string(o.Data)
	}
	return out
}

func (r *rig) put(key, data string) {
	r.t.Helper()
	if _, err := r.store.Put(r.t.Context(), key, []byte(data), staging.Always); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) delete(key string) {
	r.store.(*stagingtest.Memory).Delete(key)
}

// restage copies a run to another one, through edit, which may change a
// collection's manifest and the text of each reply.
func (r *rig) restage(from, to staging.RunID, note func(*staging.Manifest), edit func(c staging.Collection, path, body string) []string) {
	r.t.Helper()
	for _, c := range staging.Collections {
		if err := r.restageOne(from, to, c, note, edit); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) restageOne(from, to staging.RunID, c staging.Collection, note func(*staging.Manifest), edit func(staging.Collection, string, string) []string) error {
	ctx := r.t.Context()
	snap, err := staging.Load(ctx, r.store, from, c)
	if err != nil {
		return err
	}
	w, err := staging.Open(ctx, r.store, to, c)
	if err != nil {
		return err
	}
	m := w.Manifest()
	m.StartedAt, m.Environments, m.Unread = snap.Manifest.StartedAt, snap.Manifest.Environments, snap.Manifest.Unread
	if note != nil {
		note(m)
	}
	for reply, err := range snap.Replies(ctx) {
		if err != nil {
			return err
		}
		for _, body := range edit(c, reply.Path, string(reply.Body)) {
			reply.Body = []byte(body)
			if err := w.Append(reply, 1); err != nil {
				return err
			}
		}
	}
	return w.Finish(ctx)
}

// decoded is a report as plain values.
func decoded(t *testing.T, data []byte) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func unzipped(t *testing.T, data []byte) string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
