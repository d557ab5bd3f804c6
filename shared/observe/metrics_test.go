package observe

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func env(all map[string]string) func(string) string {
	return func(name string) string { return all[name] }
}

func newMetrics(t *testing.T, all map[string]string) (*Metrics, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	m := NewMetrics(&out, env(all))
	if m == nil {
		t.Fatal("no metrics, though there is a stack")
	}
	m.now = func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 123e6, time.UTC) }
	return m, &out
}

func TestLine(t *testing.T) {
	t.Parallel()
	m, out := newMetrics(t, map[string]string{"STACK_NAME": "sync"})
	ctx := WithRun(requestContext(t.Context()), "20261123T090000Z")
	if err := m.Put(ctx, "users", Values{CarriedLists: 0, RecordsRead: 1234}); err != nil {
		t.Fatal(err)
	}
	if err := m.Put(t.Context(), "", Values{RunAge: 99.5}); err != nil {
		t.Fatal(err)
	}
	want := `{"CarriedLists":0,"Collection":"users","RecordsRead":1234,"Stack":"sync",` +
		`"_aws":{"Timestamp":1795424400123,"CloudWatchMetrics":[{"Namespace":"PingOneAuthomize","Dimensions":[["Stack"],["Stack","Collection"]],` +
		`"Metrics":[{"Name":"CarriedLists","Unit":"Count"},{"Name":"RecordsRead","Unit":"Count"}]}]},` +
		`"level":"INFO","message":"metrics","requestId":"request-1","run":"20261123T090000Z","timestamp":"2026-11-23T09:00:00.123Z"}
{"RunAge":99.5,"Stack":"sync",` +
		`"_aws":{"Timestamp":1795424400123,"CloudWatchMetrics":[{"Namespace":"PingOneAuthomize","Dimensions":[["Stack"]],` +
		`"Metrics":[{"Name":"RunAge","Unit":"Seconds"}]}]},` +
		`"level":"INFO","message":"metrics","timestamp":"2026-11-23T09:00:00.123Z"}
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

// Lambda drops lines below the function's level, and takes those without one
// for INFO.
func TestLineHasTheFunctionsLevel(t *testing.T) {
	t.Parallel()
	m, out := newMetrics(t, map[string]string{"STACK_NAME": "sync", "AWS_LAMBDA_LOG_LEVEL": "ERROR"})
	if err := m.Put(t.Context(), "", Values{GoodRuns: 1}); err != nil {
		t.Fatal(err)
	}
	var line struct{ Level string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Level != "ERROR" {
		t.Errorf("level %q, error %v", line.Level, err)
	}
}

func TestWithoutStackNothingIsWritten(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := NewMetrics(&out, env(nil))
	if err := m.Put(t.Context(), "", Values{GoodRuns: 1}); err != nil || out.Len() > 0 {
		t.Errorf("wrote %q, error %v", out.String(), err)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of     string
		values Values
		want   string
	}{
		"other dimension": {"users", Values{RecordsPosted: 1, RecordsRead: 1}, `metric RecordsRead goes by "Collection", not by "Kind"`},
		"no value":        {"", Values{RecordsRead: 1}, `metrics by "Collection": "" is no value for that dimension`},
		"stray value":     {"users", Values{GoodRuns: 1}, `metrics by "": "users" is no value for that dimension`},
		"no number":       {"", Values{RunAge: math.NaN()}, `within "/RunAge": unsupported value: NaN`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, out := newMetrics(t, map[string]string{"STACK_NAME": "sync"})
			err := m.Put(t.Context(), c.of, c.values)
			if err == nil || !strings.HasSuffix(err.Error(), c.want) || out.Len() > 0 {
				t.Errorf("error %v, wrote %q; want %s", err, out.String(), c.want)
			}
		})
	}
}

// The golden file is what the template's dashboard and alarms are checked
// against.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(Defined(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "metrics.json")
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
		t.Errorf("run go test ./shared/observe -update: %s", d)
	}
}
