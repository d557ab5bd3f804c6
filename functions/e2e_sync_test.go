package functions_test

import (
	"maps"
	"net/http"
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

// The runs of a test, a day apart. None may lie ahead of the clock.
var (
	run1 = staging.RunAt(time.Now().Add(-72 * time.Hour))
	run2 = staging.RunAt(time.Now().Add(-48 * time.Hour))
	run3 = staging.RunAt(time.Now().Add(-24 * time.Hour))
)

// The demo organization on three days: the first run, the same once more, and one
// after a user was deleted.
func TestDemoOrganization(t *testing.T) {
	t.Parallel()
	d := deploy(t, pingonetest.Demo())
	d.env["AWS_LAMBDA_LOG_LEVEL"] = "DEBUG" // for checkCanaries; the other tests log what is usual
	t.Cleanup(d.mustDebug)
	want := expect(d.org)
	t.Run("ten functions at once read everything once", func(t *testing.T) { d.at(t).stageDemo() })
	t.Run("ten events at once make one transform", func(t *testing.T) { d.at(t).transformAtOnce(want) })
	t.Run("an event that comes twice is answered from the report", func(t *testing.T) { d.at(t).redeliver(want) })
	t.Run("a second run posts the same", func(t *testing.T) { d.at(t).runAgain(want) })
	t.Run("a deleted user is swept", func(t *testing.T) { d.at(t).runWithoutUser() })
}

// mustDebug sees to it that checkCanaries looks not only at lines of other levels alone.
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
		suite: d.suite, aws: d.aws, t: t, org: d.org, pingone: d.pingone, auth: d.auth, authomize: d.authomize, clock: d.clock,
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
	got := map[string]int{}
	for name, a := range d.fetch(run1) {
		got[name] = a.Records
		if a.Carried != 0 {
			d.t.Errorf("%s carried %d lists forward, though no run came before", name, a.Carried)
		}
	}
	want := map[string]int{"users": 5000, "groups": 120, "populations": 4, "gateways": 3, "environments": 3, "devices": 0}
	maps.DeleteFunc(got, func(k string, _ int) bool { _, ok := want[k]; return !ok })
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("records staged (-want +got):\n%s", diff)
	}
	d.checkCalls()
}

// checkCalls asserts that no page of PingOne was asked for twice, but for the
// worker application's own rights, and the counts of users, which bear witness.
func (d *deployment) checkCalls() {
	d.t.Helper()
	own := "/applications/" + d.org.Client.String() + "/roleAssignments"
	times := map[string]int{}
	for _, r := range d.pingone.Requests() {
		if r.Method != http.MethodGet || strings.HasSuffix(r.Path, own) || strings.HasSuffix(r.Path, "/populations") {
			continue
		}
		page := r.Path + "?" + r.Query
		if times[page]++; times[page] > 1 {
			d.t.Errorf("asked for %d times: %s", times[page], page)
		}
	}
	if len(times) < 1000 {
		d.t.Errorf("%d pages were asked for: the log is not whole", len(times))
	}
}

// transformAtOnce sends the events of S3 to as many processes. One does the
// work. The others find it leased and wait, or come so late that they find
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

	done := transformAnswer{Run: string(run1), State: "done", Posted: want.counts(), Swept: true, Held: none}
	waiting := transformAnswer{Run: string(run1), State: "waiting", Posted: map[string]int64{}, Held: none}
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
	d.checkReport(run1, want, 0)
}

// none is what holds a run that is done.
var none = []heldReason{}

// checkSweep asserts the nth sweep: ten minutes before the first post of its
// run, which came at began, and in the form with Z.
func (d *deployment) checkSweep(n int, began time.Time, deleted map[authomize.Kind]int) {
	d.t.Helper()
	cutoff := began.Add(-10 * time.Minute).Truncate(time.Millisecond)
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
	query := ""
	for _, r := range d.authomize.Requests() {
		if r.Method == http.MethodDelete {
			query = r.Query
		}
	}
	at, ok := strings.CutPrefix(query, "modifiedBefore=")
	if !ok || !strings.HasSuffix(at, "Z") || strings.ContainsAny(at, ":+") {
		d.t.Errorf("the query of the sweep is %q; want a URL-encoded time in UTC with Z", query)
	}
}

func (d *deployment) checkReport(run staging.RunID, want records, gone int64) {
	d.t.Helper()
	r := d.report(run)
	if r.Run != string(run) || r.State != report.Done || r.DryRun || !r.Sweep.Swept || len(r.Sweep.Held) != 0 || r.Totals.Carried != 0 || r.Totals.Gone != gone {
		d.t.Errorf("report: state %s, dry run %t, %+v, %+v", r.State, r.DryRun, r.Sweep, r.Totals)
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
		if c.Name != "devices" && c.Name != "applicationroles" && (c.Calls == 0 || c.Pages == 0 || c.Bytes == 0 || c.RawBytes < c.Bytes) {
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
	for _, w := range r.Warnings {
		found[w.Code] = w.Count
	}
	want := map[string]int64{
		"groupingAssociations: group is in itself":                    1,
		"permissions: group of the access control is not in this run": 1,
		"application_type_unknown":                                    1,
		"email_malformed":                                             1,
		"identity_provider_unknown":                                   1,
		"status_unknown":                                              2,
		"role_unknown":                                                1,
		"group_in_itself":                                             1,
	}
	if diff := cmp.Diff(want, found); diff != "" {
		d.t.Errorf("findings of the report (-want +got):\n%s", diff)
	}
}

func (d *deployment) redeliver(want records) {
	posts, requests := len(d.authomize.Posts()), len(d.authomize.Requests())
	done := transformAnswer{Run: string(run1), State: "done", Posted: want.counts(), Swept: true, Held: none}
	for _, event := range d.completeEvents(run1)[:2] {
		if diff := cmp.Diff(done, d.mustTransform(d.function("transform"), event)); diff != "" {
			d.t.Errorf("answer (-want +got):\n%s", diff)
		}
	}
	calls := len(d.pingone.Requests())
	before := d.keys(run1)
	first := d.fetch(run1)
	if diff := cmp.Diff(first, d.fetch(run1)); diff != "" {
		d.t.Errorf("answers of fetch functions that were called twice:\n%s", diff)
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
	done := transformAnswer{Run: string(run2), State: "done", Posted: want.counts(), Swept: true, Held: none}
	if diff := cmp.Diff(done, d.sync(run2)); diff != "" {
		d.t.Errorf("answer (-want +got):\n%s", diff)
	}
	d.checkRecords(want)
	if diff := cmp.Diff(tally(before), tally(d.authomize.Posts()[len(before):])); diff != "" {
		d.t.Errorf("posts of the first (-) and the second run (+):\n%s", diff)
	}
	d.checkSweep(1, began, nil)
	d.checkReport(run2, want, 0)
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
	for _, kind := range authomize.Kinds {
		for key := range before[kind] {
			if want[kind][key] == nil {
				deleted[kind]++
			}
		}
	}
	if deleted[authomize.Users] != 1 || deleted[authomize.Groupings] != 1 || deleted[authomize.Permissions] != 1 || deleted[authomize.AccountAssociations] < 3 {
		d.t.Fatalf("the user is no good example any more: %v", deleted)
	}
	began := d.clock.set(run3)
	done := transformAnswer{Run: string(run3), State: "done", Posted: want.counts(), Swept: true, Held: none}
	if diff := cmp.Diff(done, d.sync(run3)); diff != "" {
		d.t.Errorf("answer (-want +got):\n%s", diff)
	}
	d.checkRecords(want)
	d.checkSweep(2, began, deleted)
	r := d.report(run3)
	if len(r.Gone) == 0 || r.Gone[0].Collection != "users" || r.Gone[0].Count != 1 || !slices.Contains(r.Gone[0].IDs, ids.Emoji.String()) {
		d.t.Errorf("gone by the report: %+v", r.Gone)
	}
}
