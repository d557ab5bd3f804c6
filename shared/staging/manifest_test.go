package staging_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func TestCorruptManifest(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("ab", 32)
	part := func(name string) map[string]any {
		return map[string]any{"name": name, "sha256": sum, "bytes": 1, "rawBytes": 1, "replies": 0, "records": 0}
	}
	tests := []struct {
		name   string
		change map[string]any
	}{
		{"another run", map[string]any{"run": "20261123T090001Z"}},
		{"another collection", map[string]any{"collection": "groups"}},
		{"totals that its parts don't hold", map[string]any{"pages": 1}},
		{"records that its parts don't hold", map[string]any{"records": -1}},
		{"a part outside", map[string]any{"parts": []any{part("../part-000001.jsonl.gz")}}},
		{"a part twice", map[string]any{"parts": []any{part("part-000001.jsonl.gz"), part("part-000001.jsonl.gz")}}},
		{"a part without number", map[string]any{"parts": []any{part("part-000000.jsonl.gz")}}},
		{"a sum that is none", map[string]any{"parts": []any{map[string]any{"name": "part-000001.jsonl.gz", "sha256": "x"}}}},
		{"an impossible size", map[string]any{"parts": []any{map[string]any{"name": "part-000001.jsonl.gz", "sha256": sum, "rawBytes": staging.MaxRawBytes + 1}}}},
		{"a misnamed plan", map[string]any{"plan": []any{map[string]any{"name": "part-000001.jsonl.gz", "sha256": sum}}}},
		{"negative progress", map[string]any{"progress": map[string]any{"before": -1}}},
		{"a negative task to ask again", map[string]any{"progress": map[string]any{"again": []any{map[string]any{"from": 3, "to": 2}}}}},
		{"a negative task", map[string]any{"progress": map[string]any{"done": []int{-1}}}},
		{"a negative open task", map[string]any{"progress": map[string]any{"open": []any{map[string]any{"task": -1}}}}},
		{"an open task of a negative part", map[string]any{"progress": map[string]any{"open": []any{map[string]any{"part": -1}}}}},
		{"an open task behind all parts", map[string]any{"progress": map[string]any{"open": []any{map[string]any{"part": 1}}}}},
		{"a negative count", map[string]any{"calls": -1}},
		{"a number too large", map[string]any{"calls": 1e30}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := map[string]any{"version": 1, "run": run, "collection": "users"}
			for k, v := range test.change {
				m[k] = v
			}
			data, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			s := new(stagingtest.Memory)
			if _, err := s.Put(t.Context(), staging.ManifestKey(run, staging.Users), data, staging.Always); err != nil {
				t.Fatal(err)
			}
			_, err = staging.Open(t.Context(), s, run, staging.Users)
			wantError(t, "open", err, staging.ErrCorrupt)
		})
	}
}

func TestManifestOfAnotherVersion(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	if _, err := s.Put(t.Context(), staging.ManifestKey(run, staging.Users), []byte(`{"version":2}`), staging.Always); err != nil {
		t.Fatal(err)
	}
	_, err := staging.Open(t.Context(), s, run, staging.Users)
	if err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("got error %v", err)
	}
}
