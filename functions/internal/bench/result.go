package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// The bars that the project has set itself.
const (
	maxCallRatio     = 1.02
	maxTimeRatio     = 1.1
	minRecordsPerCPU = 100_000 // a second
	maxReference     = 2.0     // times what decoding and encoding take
	maxLater         = 0.01    // of the first run's calls
	maxAge           = 7 * 24 * time.Hour
	maxPeak          = 256 << 20 // bytes
	maxInit          = 50 * time.Millisecond
	maxBinary        = 30_000_000 // bytes
	maxZip           = 9_000_000
)

// A result is all that was measured. Durations are in seconds unless a name
// says otherwise.
type result struct {
	Machine   machine    `json:"machine"`
	Size      size       `json:"size"`
	Pace      float64    `json:"pace"`
	LatencyMs int64      `json:"latencyMs"`
	Together  bool       `json:"together"`
	Staging   string     `json:"staging"`
	Fetch     []fetched  `json:"fetch"`
	FetchWall float64    `json:"fetchWall"`
	Transform transform  `json:"transform"`
	Later     *later     `json:"later,omitempty"`
	Paced     []paced    `json:"paced,omitempty"`
	Binaries  []artifact `json:"binaries,omitempty"`
	Bars      []bar      `json:"bars"`
}

// spent is what the process of a function took.
type spent struct {
	Invocations int            `json:"invocations"`
	Wall        float64        `json:"wall"`
	CPU         float64        `json:"cpu"`
	PeakBytes   int64          `json:"peakBytes"`
	S3          map[string]int `json:"s3,omitempty"` // requests by method
}

// fetched is the reading of one collection.
type fetched struct {
	Collection string `json:"collection"`
	Calls      int    `json:"calls"`
	Bound      int    `json:"bound"`
	Records    int    `json:"records"`
	Objects    int    `json:"objects"`
	Bytes      int64  `json:"bytes"`    // staged
	RawBytes   int64  `json:"rawBytes"` // before compression
	spent
}

// A transform is the posting of the run, on one core.
type transform struct {
	State    string `json:"state"`
	Records  int64  `json:"records"`
	Requests int    `json:"requests"` // to Authomize
	// Reference is the processor time of only unzipping and decoding the same
	// parts and encoding the same records.
	Reference float64 `json:"reference"`
	spent
}

// perSecond is how many records a second of processor time carries.
func (t transform) perSecond() float64 { return float64(t.Records) / t.CPU }

// later is a second run of the same organization.
type later struct {
	After     float64   `json:"after"` // the first one, in seconds
	Share     int       `json:"share"` // lists whose turn it is by then
	Fetch     []fetched `json:"fetch"`
	Transform transform `json:"transform"`
}

func sum(all []fetched) (calls, bound int) {
	for _, f := range all {
		calls, bound = calls+f.Calls, bound+f.Bound
	}
	return calls, bound
}

// paced is a reading at PingOne's speed.
type paced struct {
	Collection string  `json:"collection"`
	Calls      int     `json:"calls"`
	Pace       float64 `json:"pace"`
	LatencyMs  int64   `json:"latencyMs"`
	Wall       float64 `json:"wall"`
}

func (p paced) floor() float64 { return float64(p.Calls) / p.Pace }
func (p paced) ratio() float64 { return p.Wall / p.floor() }

// An artifact is what is deployed of a function: for arm64, though started
// here for the machine at hand.
type artifact struct {
	Function string  `json:"function"`
	Bytes    int64   `json:"bytes"`
	ZipBytes int64   `json:"zipBytes"`
	InitMs   float64 `json:"initMs"` // median
}

// A bar is one of the project's limits, and where the worst came.
type bar struct {
	Name  string `json:"name"`
	Limit string `json:"limit"`
	Got   string `json:"got"`
	Pass  bool   `json:"pass"`
}

// bars judges what was measured; what was not has no bar.
func bars(r *result) []bar {
	var all []bar
	add := func(name, limit string, pass bool, format string, args ...any) {
		all = append(all, bar{Name: name, Limit: limit, Got: fmt.Sprintf(format, args...), Pass: pass})
	}
	calls, bound := sum(r.Fetch)
	if bound > 0 {
		all := float64(calls) / float64(bound)
		add("calls ÷ lower bound", "≤ 1.02", all <= maxCallRatio, "%.4f (%d more)", all, calls-bound)
	}
	if r.Later != nil {
		second, _ := sum(r.Later.Fetch)
		part := float64(second) / float64(calls)
		add("calls of a run at once ÷ those of the first", "≤ 1 %", part <= maxLater, "%.2f %% (%d of %d)", 100*part, second, calls)
	}
	if p, ok := worst(r.Paced, paced.ratio); ok {
		add("time ÷ (calls ÷ pace)", "≤ 1.1", p.ratio() <= maxTimeRatio, "%.3f (%s)", p.ratio(), p.Collection)
	}
	if r.Transform.CPU > 0 {
		n := r.Transform.perSecond()
		add("transform, records a second and core", "≥ 100,000", n >= minRecordsPerCPU, "%.0f", n)
	}
	if x := r.Transform; x.Reference > 0 {
		add("transform ÷ decoding and encoding alone", "≤ 2.0", x.CPU/x.Reference <= maxReference, "%.2f", x.CPU/x.Reference)
	}
	peaks := []peak{{"transform", r.Transform.PeakBytes}}
	for _, f := range r.Fetch {
		peaks = append(peaks, peak{f.Collection, f.PeakBytes})
	}
	if l := r.Later; l != nil {
		peaks = append(peaks, peak{"transform, later run", l.Transform.PeakBytes})
		for _, f := range l.Fetch {
			peaks = append(peaks, peak{f.Collection + ", later run", f.PeakBytes})
		}
	}
	if p, ok := worst(peaks, func(p peak) float64 { return float64(p.bytes) }); ok && p.bytes > 0 {
		add("peak resident memory", "≤ 256 MiB", p.bytes <= maxPeak, "%s (%s)", mebibytes(p.bytes), p.function)
	}
	if a, ok := worst(r.Binaries, func(a artifact) float64 { return a.InitMs }); ok {
		add("init", "≤ 50 ms", a.InitMs <= float64(maxInit.Milliseconds()), "%.1f ms (%s)", a.InitMs, a.Function)
		a, _ = worst(r.Binaries, func(a artifact) float64 { return float64(a.Bytes) })
		add("binary", "≤ 30 MB", a.Bytes <= maxBinary, "%s (%s)", megabytes(a.Bytes), a.Function)
		a, _ = worst(r.Binaries, func(a artifact) float64 { return float64(a.ZipBytes) })
		add("zip", "≤ 9 MB", a.ZipBytes <= maxZip, "%s (%s)", megabytes(a.ZipBytes), a.Function)
	}
	return all
}

type peak struct {
	function string
	bytes    int64
}

// worst is the element with the highest value.
func worst[T any](all []T, value func(T) float64) (w T, ok bool) {
	if len(all) == 0 {
		return w, false
	}
	return slices.MaxFunc(all, func(a, b T) int { return cmp.Compare(value(a), value(b)) }), true
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
