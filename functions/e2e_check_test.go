package functions_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// sampleEvents are the files in events/, each of which a test sends.
func sampleEvents() []string { return append(functionNames(), "on-demand") }

// sample decodes a sample event.
func sample(t *testing.T, name string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatalf("events/%s.json: %v", name, err)
	}
	return event
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t *testing.T, data []byte) record {
	t.Helper()
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// syncRequested is a fetch function's sample event, for another run.
func syncRequested(t *testing.T, name string, run staging.RunID) []byte {
	t.Helper()
	event := sample(t, name)
	event["detail"].(map[string]any)["scheduledTime"] = run.Time().Format(time.RFC3339)
	return encode(t, event)
}

// objectCreated is transform's sample event, for another object.
func objectCreated(t *testing.T, bucket, key string) []byte {
	t.Helper()
	event := sample(t, "transform")
	event["resources"] = []any{"arn:aws:s3:::" + bucket}
	detail := event["detail"].(map[string]any)
	detail["bucket"].(map[string]any)["name"] = bucket
	detail["object"].(map[string]any)["key"] = key
	return encode(t, event)
}

// onDemand is the sample event of a person, for another run.
func onDemand(t *testing.T, run staging.RunID, dryRun bool) []byte {
	t.Helper()
	event := sample(t, "on-demand")
	event["run"] = run
	if dryRun {
		event["dryRun"] = true
	}
	return encode(t, event)
}

func TestEverySampleEventIsUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "events", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); name != "env" { // variables, for sam local
			got = append(got, name)
		}
	}
	want := sampleEvents()
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events that the tests here send (-) and those in events/ (+):\n%s", diff)
	}
}

// most differences that are shown of a kind; the first ones say it all.
const most = 5

// checkRecords compares all that the fake Authomize holds with what it should.
func (d *deployment) checkRecords(want records) {
	d.t.Helper()
	for _, kind := range authomize.Kinds {
		got := map[string]record{}
		for _, raw := range d.authomize.Records(kind) {
			r := decode(d.t, raw)
			got[keyOf(kind, r)] = r
		}
		keys := maps.Clone(got)
		maps.Copy(keys, want[kind])
		different := 0
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if reflect.DeepEqual(want[kind][key], got[key]) {
				continue
			}
			if different++; different <= most {
				d.t.Errorf("%s %s (-want +got):\n%s", kind, key, cmp.Diff(want[kind][key], got[key]))
			}
		}
		if different > 0 {
			d.t.Errorf("%s: %d records differ; %d are there, %d should be", kind, different, len(got), len(want[kind]))
		}
	}
}

// counts are the records by kind, without kinds that have none.
func (r records) counts() map[string]int64 {
	counts := map[string]int64{}
	for kind, all := range r {
		if len(all) > 0 {
			counts[string(kind)] = int64(len(all))
		}
	}
	return counts
}

// posted are the records in well-formed posts so far, by kind; before are the
// posts that were seen before.
func (d *deployment) posted(before int) map[string]int64 {
	counts := map[string]int64{}
	for _, p := range d.authomize.Posts()[before:] {
		counts[string(p.Kind)] += int64(p.Items)
	}
	return counts
}

// report loads report.json, after a look at report.html.
func (d *deployment) report(run staging.RunID) *report.Report {
	d.t.Helper()
	var r report.Report
	if err := json.Unmarshal(d.mustObject(prefix+"/"+staging.ReportKey(run)), &r); err != nil {
		d.t.Fatal(err)
	}
	page := string(d.mustObject(prefix + "/" + staging.ReportPageKey(run)))
	for _, want := range []string{"<!doctype html>", string(run), string(r.State)} {
		if !strings.Contains(strings.ToLower(page), strings.ToLower(want)) {
			d.t.Errorf("report.html says nothing of %q", want)
		}
	}
	return &r
}

// nothingPosted asserts that Authomize heard of no record and no sweep.
func (d *deployment) nothingPosted() {
	d.t.Helper()
	if posts, sweeps := d.authomize.Posts(), d.authomize.Sweeps(); len(posts)+len(sweeps) > 0 {
		d.t.Errorf("got %d posts and %d sweeps, want none", len(posts), len(sweeps))
	}
}

// checkCanaries looks for what must never be seen in all that the processes
// wrote and answered, and in the reports.
func (d *deployment) checkCanaries() {
	d.t.Helper()
	secrets := append(d.auth.issued(), d.pingone.ClientSecret, d.authomize.Token,
		d.env["AWS_SECRET_ACCESS_KEY"], d.env["AWS_SESSION_TOKEN"])
	texts := map[string]string{}
	for _, f := range d.started {
		texts["output"] += f.Output()
		texts["init error"] += string(f.InitError())
	}
	for _, a := range d.answers {
		texts["answers"] += string(a) + "\n"
	}
	ctx := context.WithoutCancel(d.t.Context())
	for _, run := range []staging.RunID{run1, run2, run3} {
		for _, key := range []string{staging.ReportKey(run), staging.ReportPageKey(run)} {
			if data, err := d.object(ctx, prefix+"/"+key); err == nil {
				texts[key] = string(data)
			}
		}
	}
	if len(d.started) > 0 && texts["output"] == "" {
		d.t.Error("the processes wrote nothing, so that there is nothing to look at")
	}
	secret, person := newFinder(secrets), newFinder(d.people())
	for where, text := range texts {
		for what, f := range map[string]finder{"a secret": secret, "somebody's name or e-mail": person} {
			if at := f.in(text); at >= 0 {
				d.t.Errorf("%s of the processes holds %s: …%.200q…", where, what, text[max(0, at-80):])
			}
		}
	}
}

// A finder looks for many texts in one pass: they differ in how they
// begin.
type finder map[string][]string

const beginning = 8 // bytes; no text is shorter

func newFinder(texts []string) finder {
	f := finder{}
	for _, t := range texts {
		f[t[:beginning]] = append(f[t[:beginning]], t)
	}
	return f
}

// in is where the first of them begins in text, -1 if none is there.
func (f finder) in(text string) int {
	for at := 0; at+beginning <= len(text); at++ {
		for _, t := range f[text[at:at+beginning]] {
			if strings.HasPrefix(text[at:], t) {
				return at
			}
		}
	}
	return -1
}

// people are user names, names and e-mails of all users.
func (d *deployment) people() []string {
	var all []string
	d.org.Read(func() {
		for _, e := range d.org.Environments {
			for i := range e.Users {
				u := &e.Users[i]
				name := u.Given + " " + u.Family
				for _, s := range []string{u.Username, u.Email, u.Formatted, name} {
					// Shorter ones are words that anybody may use.
					if len(s) > 8 {
						all = append(all, s)
					}
				}
			}
		}
	})
	slices.Sort(all)
	return slices.Compact(all)
}

// The mains hold no logic, so that testing what they call is testing them.
func TestMainsAreWiring(t *testing.T) {
	t.Parallel()
	for _, name := range functionNames() {
		source, err := os.ReadFile(filepath.Join(name, "main.go"))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := strings.Count(string(source), "\n"); n > 25 {
			t.Errorf("%s/main.go has %d lines, want 25 at most", name, n)
		}
	}
}
