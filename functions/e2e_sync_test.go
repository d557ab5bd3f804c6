package functions_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/functions/internal/runtimeapi"
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// The first run is that of the sample events.
const (
	run1 = staging.RunID("20261123T090000Z")
	run2 = staging.RunID("20261124T090000Z")
	run3 = staging.RunID("20261125T090000Z")
)

// The demo organization on three days: the first run, the same again, and one
// after a user was deleted.
func TestDemoOrganization(t *testing.T) {
	t.Parallel()
	d := deploy(t, pingonetest.Demo())
	d.env["AWS_LAMBDA_LOG_LEVEL"] = "DEBUG" // for checkCanaries; the other tests log what is usual
	t.Cleanup(d.mustDebug)
	want := expect(d.org)
	t.Run("nine functions at once stage everything", func(t *testing.T) { d.at(t).stageDemo() })
	t.Run("nine events at once make one transform", func(t *testing.T) { d.at(t).transformAtOnce(want) })
	t.Run("an event that comes again is answered from the report", func(t *testing.T) { d.at(t).redeliver(want) })
	t.Run("a second run posts the same", func(t *testing.T) { d.at(t).runAgain(want) })
	t.Run("a deleted user is swept", func(t *testing.T) { d.at(t).runWithoutUser() })
}

// mustDebug keeps checkCanaries from looking at lines of other levels alone.
func (d *deployment) mustDebug() {
	for _, f := range d.started {
		if strings.Contains(f.Output(), `"level":"DEBUG"`) {
			return
		}
	}
	d.t.Error("no function wrote a line of level DEBUG")
}

// at lets a subtest have the failures.
func (d *deployment) at(t *testing.T) *deployment {
	c := &deployment{
		suite: d.suite, t: t, org: d.org, pingone: d.pingone, auth: d.auth, authomize: d.authomize, clock: d.clock,
		bucket: d.bucket, env: d.env, warm: d.warm,
	}
	parent := d
	t.Cleanup(func() {
		parent.started = append(parent.started, c.started...)
		parent.answers = append(parent.answers, c.answers...)
	})
	return c
}

func (d *deployment) stageDemo() {
	// The samples as they are, on functions that start together.
	got := map[string]int{}
	for name, a := range d.fetch(run1) {
		got[name] = a.Records
		if a.Unread != 0 {
			d.t.Errorf("%s left %d slices unread", name, a.Unread)
		}
	}
	for _, name := range staging.Collections {
		if !bytes.Equal(encode(d.t, sample(d.t, string(name))), syncRequested(d.t, string(name), run1)) {
			d.t.Errorf("events/%s.json is not of run %s", name, run1)
		}
	}
	if n := len(d.auth.issued()); n != len(staging.Collections) {
		d.t.Errorf("%d access tokens for %d functions, want one each", n, len(staging.Collections))
	}
	want := map[string]int{"users": 5000, "groups": 120, "populations": 4, "gateways": 3, "environments": 4}
	maps.DeleteFunc(got, func(k string, _ int) bool { _, ok := want[k]; return !ok })
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("records staged (-want +got):\n%s", diff)
	}
}

// transformAtOnce sends the nine events of S3 to nine processes. One does the
// work. The others find it claimed and wait, or come so late that they find
// its report; none posts.
func (d *deployment) transformAtOnce(want records) {
	began := d.clock.set(run1)
	events := d.completeEvents(run1)
	if len(events) != len(staging.Collections) {
		d.t.Fatalf("%d collections are complete", len(events))
	}
	functions := make([]*runtimeapi.Function, len(events))
	for i := range functions {
		functions[i] = d.start("transform", nil)
	}
	answers := make([]transformAnswer, len(events))
	var group sync.WaitGroup
	for i, f := range functions {
		group.Go(func() { answers[i] = d.mustTransform(f, events[i]) })
	}
	group.Wait()
	for _, f := range functions {
		f.Close() // then its output is whole
	}

	done := transformAnswer{Run: string(run1), State: "done", Posted: want.counts(), Swept: true}
	waiting := transformAnswer{Run: string(run1), State: "waiting", Posted: map[string]int64{}}
	finished, workers := 0, 0
	for i, a := range answers {
		switch {
		case cmp.Equal(a, done):
			finished++
		case !cmp.Equal(a, waiting):
			d.t.Errorf("neither done nor waiting for the one at work: %+v", a)
		}
		workers += strings.Count(functions[i].Output(), `"run done"`)
	}
	if finished == 0 || workers != 1 {
		d.t.Errorf("%d of %d say done and %d did the work, want one that does", finished, len(answers), workers)
	}
	d.checkRecords(want)
	if diff := cmp.Diff(want.counts(), d.posted(0)); diff != "" {
		d.t.Errorf("records in posts (-want +got):\n%s", diff)
	}
	d.checkSweep(0, began, nil)
	d.checkReport(run1, want, nil)
}

// checkSweep asserts the nth sweep: one minute before the first post of its
// run, which came at began, and in the form with Z.
func (d *deployment) checkSweep(n int, began time.Time, deleted map[authomize.Kind]int) {
	d.t.Helper()
	cutoff := began.Add(-time.Minute)
	sweeps := d.authomize.Sweeps()
	if len(sweeps) != n+1 {
		d.t.Fatalf("got %d sweeps, want %d", len(sweeps), n+1)
	}
	if deleted == nil {
		deleted = map[authomize.Kind]int{}
	}
	if diff := cmp.Diff(authomizetest.SweepLog{ModifiedBefore: cutoff, Deleted: deleted}, sweeps[n]); diff != "" {
		d.t.Errorf("sweep (-want +got):\n%s", diff)
	}
	sent := d.authomize.Requests()
	query := sent[len(sent)-1].Query
	at, ok := strings.CutPrefix(query, "modifiedBefore=")
	if !ok || !strings.HasSuffix(at, "Z") || strings.ContainsAny(at, ":+") {
		d.t.Errorf("the query of the sweep is %q; want a URL-encoded time in UTC with Z", query)
	}
}

func (d *deployment) checkReport(run staging.RunID, want records, gone []report.Gone) {
	d.t.Helper()
	r := d.report(run)
	if r.Run != string(run) || r.State != report.Done || r.DryRun || !r.Sweep.Swept || len(r.Sweep.Held) != 0 || r.Totals.Unread != 0 {
		d.t.Errorf("report: state %s, dry run %t, %+v", r.State, r.DryRun, r.Sweep)
	}
	if diff := cmp.Diff(gone, r.Sweep.Gone); diff != "" && len(gone)+len(r.Sweep.Gone) > 0 {
		d.t.Errorf("gone by the report (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.counts(), r.Posted()); diff != "" {
		d.t.Errorf("posted by the report (-want +got):\n%s", diff)
	}
	for _, k := range r.Kinds {
		if k.Accepted != k.Posted || k.Posted != k.Mapped {
			d.t.Errorf("report: %+v", k)
		}
	}
	if len(r.Collections) != len(staging.Collections) {
		d.t.Errorf("report: %d collections", len(r.Collections))
	}
	for _, c := range r.Collections {
		if c.Calls == 0 || c.Pages == 0 || c.Bytes == 0 || c.RawBytes < c.Bytes {
			d.t.Errorf("report: %+v", c)
		}
	}
	d.checkFindings(r)
}

// checkFindings asserts what is odd about the demo organization.
func (d *deployment) checkFindings(r *report.Report) {
	d.t.Helper()
	found := map[string]int64{}
	for _, k := range r.Kinds {
		for why, n := range k.Quarantined {
			found[k.Kind+": "+why] += n
		}
	}
	maps.Copy(found, r.Warnings)
	want := map[string]int64{
		"groupingAssociations: group is in itself":                    1,
		"permissions: group of the access control is not in this run": 1,
		"application_type_unknown":                                    1,
		"email_malformed":                                             1,
		"identity_provider_unknown":                                   1,
		"status_unknown":                                              2,
		"role_unknown":                                                1,
		"scope_unknown":                                               1,
		"group_in_itself":                                             1,
	}
	if diff := cmp.Diff(want, found); diff != "" {
		d.t.Errorf("findings of the report (-want +got):\n%s", diff)
	}
}

func (d *deployment) redeliver(want records) {
	posts, requests := len(d.authomize.Posts()), len(d.authomize.Requests())
	done := transformAnswer{Run: string(run1), State: "done", Posted: want.counts(), Swept: true}
	for _, event := range d.completeEvents(run1)[:2] {
		if diff := cmp.Diff(done, d.mustTransform(d.function("transform"), event)); diff != "" {
			d.t.Errorf("answer (-want +got):\n%s", diff)
		}
	}
	calls := len(d.pingone.Requests())
	before := d.keys(run1)
	first := d.fetch(run1)
	if diff := cmp.Diff(first, d.fetch(run1)); diff != "" {
		d.t.Errorf("answers of fetch functions that were called again:\n%s", diff)
	}
	if n := len(d.pingone.Requests()) - calls; n != 0 {
		d.t.Errorf("%d requests to PingOne for a run that is complete", n)
	}
	if diff := cmp.Diff(before, d.keys(run1)); diff != "" {
		d.t.Errorf("objects of the run:\n%s", diff)
	}
	if p, r := len(d.authomize.Posts()), len(d.authomize.Requests()); p != posts || r != requests {
		d.t.Errorf("%d more posts and %d more requests to Authomize, want none", p-posts, r-requests)
	}
}

func (d *deployment) runAgain(want records) {
	before := d.authomize.Posts()
	began := d.clock.set(run2)
	done := transformAnswer{Run: string(run2), State: "done", Posted: want.counts(), Swept: true}
	if diff := cmp.Diff(done, d.sync(run2)); diff != "" {
		d.t.Errorf("answer (-want +got):\n%s", diff)
	}
	d.checkRecords(want)
	if diff := cmp.Diff(tally(before), tally(d.authomize.Posts()[len(before):])); diff != "" {
		d.t.Errorf("posts of the first (-) and the second run (+):\n%s", diff)
	}
	d.checkSweep(1, began, nil)
	d.checkReport(run2, want, nil)
}

// A kindTally is how many posts of a kind there were, and what they held.
// Where one batch ends depends on which page was staged first.
type kindTally struct{ Posts, Items int }

func tally(posts []authomizetest.PostLog) map[authomize.Kind]kindTally {
	all := map[authomize.Kind]kindTally{}
	for _, p := range posts {
		all[p.Kind] = kindTally{all[p.Kind].Posts + 1, all[p.Kind].Items + p.Items}
	}
	return all
}

// runWithoutUser deletes a user who is the only one with a certain role, so
// that the role's grouping and permission go too.
func (d *deployment) runWithoutUser() {
	ids := pingonetest.DemoIDs()
	before := expect(d.org)
	if !d.org.RemoveUser(ids.Workforce, ids.Emoji) {
		d.t.Fatal("the demo organization has no such user")
	}
	want := expect(d.org)
	deleted := map[authomize.Kind]int{}
	var gone []report.Gone
	for _, kind := range authomize.Kinds {
		g := report.Gone{Kind: string(kind)}
		for _, key := range slices.Sorted(maps.Keys(before[kind])) {
			if want[kind][key] == nil {
				deleted[kind]++
				g.Count++
				g.IDs = append(g.IDs, key)
			}
		}
		if g.Count > 0 && (kind == authomize.Users || kind == authomize.Groupings) {
			gone = append(gone, g)
		}
	}
	if deleted[authomize.Users] != 1 || deleted[authomize.Groupings] != 1 || deleted[authomize.Permissions] != 1 || deleted[authomize.AccountAssociations] < 3 {
		d.t.Fatalf("the user is no good example any more: %v", deleted)
	}
	began := d.clock.set(run3)
	done := transformAnswer{Run: string(run3), State: "done", Posted: want.counts(), Swept: true}
	if diff := cmp.Diff(done, d.sync(run3)); diff != "" {
		d.t.Errorf("answer (-want +got):\n%s", diff)
	}
	d.checkRecords(want)
	d.checkSweep(2, began, deleted)
	d.checkReport(run3, want, gone)
}
