package staging

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzLine reads any line, and gets any body back that it stages.
func FuzzLine(f *testing.F) {
	f.Add([]byte(`{"path":"/","body":{}}`), []byte(`{"a": 1}`))
	f.Add([]byte(`,"body":`), []byte(`"\ud800"`))
	f.Fuzz(func(t *testing.T, line, body []byte) {
		_, _ = parseLine(line)
		want := jsontext.Value(bytes.Clone(body))
		staged, err := (&Reply{Body: body}).appendLine(nil)
		if err != nil {
			return
		}
		if err := want.Compact(); err != nil {
			t.Fatal(err)
		}
		got, err := parseLine(bytes.TrimSuffix(staged, []byte("\n")))
		if err != nil || !bytes.Equal(got.Body, want) || bytes.IndexByte(staged, '\n') != len(staged)-1 {
			t.Fatalf("staged %q, got %q, error %v; want %q", staged, got.Body, err, want)
		}
	})
}
