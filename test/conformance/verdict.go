package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// violationsHeader is where Prism says what it found.
const violationsHeader = "Sl-Violations"

// A verdict is what all judges found. It is safe for concurrent use.
type verdict struct {
	mu       sync.Mutex
	asked    map[string]int // by vendor
	found    map[string]int // by what was found, how often
	excepted map[string]int // by reason
	used     map[int]bool   // exceptions, by their place in the list
}

func newVerdict() *verdict {
	return &verdict{asked: map[string]int{}, found: map[string]int{}, excepted: map[string]int{}, used: map[int]bool{}}
}

// A finding is one thing that Prism found, as it words it.
type finding struct {
	Location []string `json:"location"`
	Severity string   `json:"severity"`
	Code     any      `json:"code"`
	Message  string   `json:"message"`
}

var (
	idPattern  = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	posPattern = regexp.MustCompile(`\.\d+\b|\[\d+\]`)
)

// hear takes down what Prism says of a request and its reply.
func (v *verdict) hear(vendor string, r *http.Request, resp *http.Response) {
	v.mu.Lock()
	v.asked[vendor]++
	v.mu.Unlock()
	text := resp.Header.Get(violationsHeader)
	if text == "" {
		return
	}
	for _, f := range own(parse(text)) {
		where := posPattern.ReplaceAllString(strings.Join(f.Location, "."), ".*")
		path := idPattern.ReplaceAllString(r.URL.Path, "*")
		v.note(fmt.Sprintf("%s: %s %s: %s: %s", vendor, r.Method, path, where, posPattern.ReplaceAllString(f.Message, ".*")))
	}
}

// parse reads what Prism says. What does not fit into a header it cuts off: then
// the last choice is the last that is known whole, since what belongs to a
// choice comes before it.
func parse(text string) []finding {
	list, isCut := strings.CutPrefix(text, "Too many violations! ")
	var findings []finding
	d := json.NewDecoder(strings.NewReader(list))
	_, err := d.Token()
	for err == nil && d.More() {
		var f finding
		if err = d.Decode(&f); err == nil {
			findings = append(findings, f)
		}
	}
	if isCut {
		for i, f := range slices.Backward(findings) {
			if f.isChoice() {
				return findings[:i+1]
			}
		}
	}
	if len(findings) == 0 {
		return []finding{{Message: text}}
	}
	return findings
}

// isChoice tells that something fits none or several of the shapes that the
// description gives a choice of.
func (f finding) isChoice() bool { return strings.Contains(f.Message, "exactly one schema in oneOf") }

// own leaves out what only says why something is not of another shape.
func own(findings []finding) []finding {
	var choices []finding
	for _, f := range findings {
		if f.isChoice() {
			choices = append(choices, f)
		}
	}
	return slices.DeleteFunc(findings, func(f finding) bool {
		return !f.isChoice() && slices.ContainsFunc(choices, func(c finding) bool {
			n := len(c.Location)
			return len(f.Location) >= n && slices.Equal(f.Location[:n], c.Location)
		})
	})
}

// note counts a finding, or the exception that it is.
func (v *verdict) note(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, e := range exceptions {
		if e.finding.MatchString(text) {
			v.excepted[e.reason]++
			v.used[i] = true
			return
		}
	}
	v.found[text]++
}

func (v *verdict) fault(format string, args ...any) { v.note(fmt.Sprintf(format, args...)) }

// needless are the exceptions that nothing was found for.
func (v *verdict) needless() []string {
	var out []string
	for i, e := range exceptions {
		if !v.used[i] {
			out = append(out, fmt.Sprintf("no exception is needed any more for %s", e.finding))
		}
	}
	return out
}

// write says what was found, and returns whether all is well.
func (v *verdict) write(say func(format string, args ...any)) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(v.asked)) {
		say("%6d requests and replies compared with the description of %s", v.asked[name], name)
	}
	for _, reason := range slices.Sorted(maps.Keys(v.excepted)) {
		say("%6d findings are exceptions: %s", v.excepted[reason], reason)
	}
	faults := v.needless()
	for _, text := range slices.Sorted(maps.Keys(v.found)) {
		faults = append(faults, fmt.Sprintf("%d times: %s", v.found[text], text))
	}
	for _, f := range faults {
		say("  - %s", f)
	}
	return len(faults) == 0
}
