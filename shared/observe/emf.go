package observe

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/go-json-experiment/json"
)

// StackVariable names the environment variable that holds the stack's name.
// Where it is empty there is no stack to watch, and nothing is written.
const StackVariable = "STACK_NAME"

// GoodRunVariable names the environment variable with the hours that the alarm
// waits for a good run; without it transform takes a run of the last 168 hours
// for good, which is as far as the alarm can look back.
const GoodRunVariable = "NO_GOOD_RUN_HOURS"

// Values are one line's metrics.
type Values map[Metric]float64

// Metrics writes metrics in CloudWatch's embedded metric format: JSON lines
// among the log lines. A nil Metrics writes nothing.
type Metrics struct {
	out   io.Writer
	stack string
	level string
	now   func() time.Time
}

// NewMetrics returns a writer to out, or nil if STACK_NAME is empty.
func NewMetrics(out io.Writer, getenv func(string) string) *Metrics {
	stack := getenv(StackVariable)
	if stack == "" {
		return nil
	}
	// Lambda takes a line without a level for INFO and drops it where the
	// function's level is higher. Metrics are no log: they always pass.
	level := getenv("AWS_LAMBDA_LOG_LEVEL")
	if level == "" {
		level = "INFO"
	}
	return &Metrics{out: out, stack: stack, level: level, now: time.Now}
}

// Put writes one line. All values must go by one dimension, and of is its value
// ("" for NoDimension). An error means that nothing was written.
func (m *Metrics) Put(ctx context.Context, of string, values Values) error {
	if m == nil || len(values) == 0 {
		return nil
	}
	now := m.now()
	line := m.line(ctx, now)
	var by Dimension
	var listed []metric
	for _, d := range slices.SortedFunc(maps.Keys(values), func(a, b Metric) int { return strings.Compare(a.Name, b.Name) }) {
		if len(listed) > 0 && d.By != by {
			return fmt.Errorf("metric %s goes by %q, not by %q", d.Name, d.By, by)
		}
		by, line[d.Name], listed = d.By, values[d], append(listed, metric{d.Name, d.Unit})
	}
	sets := [][]Dimension{{stackDimension}}
	switch {
	case (by == NoDimension) != (of == ""):
		return fmt.Errorf("metrics by %q: %q is no value for that dimension", by, of)
	case by != NoDimension:
		line[string(by)], sets = of, append(sets, []Dimension{stackDimension, by})
	}
	line["_aws"] = header{Timestamp: now.UnixMilli(), Directives: []directive{{Namespace: Namespace, Dimensions: sets, Metrics: listed}}}
	data, err := json.Marshal(line, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode metrics: %w", err)
	}
	if _, err := m.out.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}

// header is the member by which CloudWatch knows the format.
type header struct {
	Timestamp  int64       `json:"Timestamp"` // milliseconds
	Directives []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Namespace  string        `json:"Namespace"`
	Dimensions [][]Dimension `json:"Dimensions"`
	Metrics    []metric      `json:"Metrics"`
}

type metric struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// line is what finds the line among the log's.
func (m *Metrics) line(ctx context.Context, now time.Time) map[string]any {
	line := map[string]any{
		"timestamp": now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"level":     m.level, "message": "metrics",
		string(stackDimension): m.stack,
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		line["requestId"] = lc.AwsRequestID
	}
	if run := runOf(ctx); run != "" {
		line[runKey] = run
	}
	return line
}
