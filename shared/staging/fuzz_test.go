package staging

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const fuzzRun RunID = "20261123T090000Z"

// FuzzPart unpacks anything and reads what comes out. Nothing may panic, and
// what is accepted must hold as many lines as the manifest says.
func FuzzPart(f *testing.F) {
	for _, text := range []string{"", "x\n", "{\"path\":\"/\",\"fetchedAt\":\"2026-11-23T09:00:00Z\",\"body\":{}}\n", "a\nb"} {
		l := newLines()
		if err := l.add([]byte(text)); err != nil {
			f.Fatal(err)
		}
		data, err := l.bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, int64(len(text)), strings.Count(text, "\n"))
	}
	f.Add([]byte{0x1f, 0x8b}, int64(1), 1)
	f.Fuzz(func(t *testing.T, data []byte, rawBytes int64, lineCount int) {
		var u unpacker
		raw, err := u.unpack(data, stored{rawBytes: rawBytes, lines: lineCount}, nil)
		if err != nil {
			return
		}
		if int64(len(raw)) != rawBytes || bytes.Count(raw, newline) != lineCount {
			t.Fatalf("got %d bytes, want %d with %d lines", len(raw), rawBytes, lineCount)
		}
		for line := range bytes.Lines(raw) {
			_, _ = parseLine(line[:len(line)-1])
		}
	})
}

// FuzzLine reads any line; and any body that is staged comes back equal but
// for whitespace.
func FuzzLine(f *testing.F) {
	f.Add([]byte(`{"path":"/","body":{}}`), "/v1", []byte(`{"a": 1}`))
	f.Add([]byte(`,"body":`), `,"body":`, []byte(`"\ud800"`))
	f.Fuzz(func(t *testing.T, line []byte, path string, body []byte) {
		_, _ = parseLine(line)
		r := Reply{Path: path, FetchedAt: time.Unix(0, 0), Body: body}
		staged, err := r.appendLine(nil)
		if err != nil {
			return
		}
		if bytes.IndexByte(staged, '\n') != len(staged)-1 {
			t.Fatalf("%q is not one line", staged)
		}
		got, err := parseLine(staged[:len(staged)-1])
		if err != nil {
			t.Fatalf("%q: %v", staged, err)
		}
		want := jsontext.Value(bytes.Clone(body))
		if err := want.Compact(); err != nil {
			t.Fatal(err)
		}
		if got.Path != path || !bytes.Equal(got.Body, want) {
			t.Fatalf("got %q %q, want %q %q", got.Path, got.Body, path, want)
		}
	})
}

// FuzzManifest reads anything as a manifest. What is accepted must be accepted
// again after it was written.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"version":1,"run":"20261123T090000Z","collection":"users"}`))
	f.Add([]byte(`{"version":1,"run":"20261123T090000Z","collection":"users","pages":2,"records":3,"parts":[{"name":"part-000001.jsonl.gz",` +
		`"sha256":"` + strings.Repeat("0f", 32) + `","bytes":1,"rawBytes":2,"replies":2,"records":3}],"progress":{"open":[{"task":1,"next":"x"}]}}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeManifest(data, fuzzRun, Users)
		if err != nil {
			return
		}
		again, err := encode(m)
		if err != nil {
			return // such as a time that can't be written
		}
		if _, err := decodeManifest(again, fuzzRun, Users); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		m.complete(again)
	})
}
