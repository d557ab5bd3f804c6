package observe

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
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
	if err := m.Put(ctx, ByCollection, "users", Values{UnreadSlices: 0, RecordsRead: 1234}); err != nil {
		t.Fatal(err)
	}
	if err := m.Put(t.Context(), NoDimension, "", Values{RoleCoverage: 99.5}); err != nil {
		t.Fatal(err)
	}
	want := `{"Collection":"users","RecordsRead":1234,"Stack":"sync","UnreadSlices":0,` +
		`"_aws":{"Timestamp":1795424400123,"CloudWatchMetrics":[{"Namespace":"PingOneAuthomize","Dimensions":[["Stack"],["Stack","Collection"]],` +
		`"Metrics":[{"Name":"RecordsRead","Unit":"Count"},{"Name":"UnreadSlices","Unit":"Count"}]}]},` +
		`"level":"INFO","message":"metrics","requestId":"request-1","run":"20261123T090000Z","timestamp":"2026-11-23T09:00:00.123Z"}
{"RoleCoverage":99.5,"Stack":"sync",` +
		`"_aws":{"Timestamp":1795424400123,"CloudWatchMetrics":[{"Namespace":"PingOneAuthomize","Dimensions":[["Stack"]],` +
		`"Metrics":[{"Name":"RoleCoverage","Unit":"Percent"}]}]},` +
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
	if err := m.Put(t.Context(), NoDimension, "", Values{GoodRuns: 1}); err != nil {
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
	if err := m.Put(t.Context(), NoDimension, "", Values{GoodRuns: 1}); err != nil || out.Len() > 0 {
		t.Errorf("wrote %q, error %v", out.String(), err)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by     Dimension
		of     string
		values Values
		want   string
	}{
		"unknown":         {NoDimension, "", Values{"Typo": 1}, `metric "Typo" is not defined`},
		"other dimension": {ByKind, "users", Values{RecordsRead: 1}, `metric RecordsRead goes by "Collection", not by "Kind"`},
		"no dimension":    {NoDimension, "", Values{RecordsRead: 1}, `metric RecordsRead goes by "Collection", not by ""`},
		"no value":        {ByCollection, "", Values{RecordsRead: 1}, `metrics by "Collection": "" is no value for that dimension`},
		"stray value":     {NoDimension, "users", Values{GoodRuns: 1}, `metrics by "": "users" is no value for that dimension`},
		"no number":       {NoDimension, "", Values{RunAge: math.NaN()}, `metric RunAge: no number`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, out := newMetrics(t, map[string]string{"STACK_NAME": "sync"})
			err := m.Put(t.Context(), c.by, c.of, c.values)
			if err == nil || err.Error() != c.want || out.Len() > 0 {
				t.Errorf("error %v, wrote %q; want %s", err, out.String(), c.want)
			}
		})
	}
}

// The golden file is what the template's dashboard and alarms are checked
// against.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(Definitions(), "", "  ")
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
	seen := map[Name]bool{}
	for i, n := range MetricNames() {
		if seen[n] || Definitions()[i].Name != n {
			t.Errorf("%s is listed twice, or out of order", n)
		}
		seen[n] = true
	}
}
