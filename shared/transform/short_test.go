package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// hiding is the tiny organization with 200 more users, and a population of 20
// that the worker application never saw.
func hiding(t *testing.T) (*rig, *clock) {
	t.Helper()
	r, c := newTinyRig(t)
	r.org.AddPopulation(id("main"), pingonetest.Population{ID: id("others"), Name: "Others"})
	r.org.HidePopulation(id("main"), id("others"))
	for i := range 200 {
		r.addTo("people", i)
	}
	for i := range 20 {
		r.addTo("others", i)
	}
	return r, c
}

func (r *rig) addTo(population string, i int) {
	r.org.AddUser(id("main"), pingonetest.User{ID: many(population, i), Population: id(population), Username: fmt.Sprint(population, i)})
}

func many(population string, i int) pingone.ID {
	return pingonetest.StableID(population, fmt.Sprint(i))
}

// PingOne may count users whom nobody will ever be shown. A person approves
// that once, not every day; what is missing beyond that is held for as before.
func TestApprovedShortageIsRemembered(t *testing.T) {
	t.Parallel()
	r, c := hiding(t)
	const short = "users: 205 of 225 users are visible: PingOne counts more in environment main"
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Held, false, short)
	if got, err := r.approve(run1); err != nil || !got.Swept {
		t.Fatalf("got %+v, %v, want swept", got, err)
	}
	c.set(day2)
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	want := []report.Short{{
		Of:       report.List{Collection: "users", Environment: id("main"), Parent: "environment", ID: id("main"), Name: "users"},
		Expected: 225, Read: 205, Approved: 20,
	}}
	if got := r.report(run2).Sweep.Short; len(got) != 1 || got[0] != want[0] {
		t.Errorf("short lists %+v, want %+v", got, want)
	}

	c.set(day3)
	for i := range 5 {
		r.org.RemoveUser(id("main"), many("others", i))
	}
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	for i := range 12 { // 27, where 15 were missing the last time
		r.addTo("others", 100+i)
	}
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Held, false, "users: 205 of 232 users are visible (15 fewer were approved before): PingOne counts more in environment main")
	if n := len(r.app.Sweeps()); n != 3 {
		t.Errorf("%d sweeps, want those of the three runs before", n)
	}
}

// A list that was short and approved covers no other list.
func TestApprovedShortageIsOfOneList(t *testing.T) {
	t.Parallel()
	r, c := hiding(t)
	r.fetch(run1)
	r.mustTransform(run1)
	if _, err := r.approve(run1); err != nil {
		t.Fatal(err)
	}
	c.set(day2)
	r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
		if collection == staging.Populations {
			body = strings.Replace(body, `"userCount":205`, `"userCount":215`, 1)
		}
		return []string{body}
	})
	r.wantState(r.mustTransform(run2), report.Held, false, "users: 205 of 215 users of population People were read")
}

// Good runs that miss nothing lower what may be missing under SWEEP=report as
// well.
func TestApprovedShortageRatchetsUnderReport(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	for i := range 20 {
		r.addTo("people", i)
	}
	r.settings.Sweep = config.SweepReport
	r.settings.MaxShrinkPercent = 90
	short := func(run staging.RunID) {
		r.restage(run1, run, nil, func(collection staging.Collection, _, body string) []string {
			if collection == staging.Populations {
				body = strings.Replace(body, `"userCount":25`, `"userCount":45`, 1)
			}
			return []string{body}
		})
	}
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, false)
	c.set(day2)
	short(run2)
	const reason = "users: 25 of 45 users of population People were read"
	r.wantState(r.mustTransform(run2), report.Held, false, reason)
	if _, err := r.approve(run2); err != nil {
		t.Fatal(err)
	}
	// From now on nothing is missing, in two good runs.
	c.set(day3)
	for _, run := range []staging.RunID{run3, run4} {
		r.fetch(run)
		r.wantState(r.mustTransform(run), report.Done, false)
		if n := len(r.report(run).Sweep.Short); n != 0 {
			t.Fatalf("run %s: %d short lists", run, n)
		}
	}
	r.settings.Sweep = config.SweepApply
	short(run5)
	r.wantState(r.mustTransform(run5), report.Held, false, reason)
	r.wantSweeps()
}

// What was approved of a head count outlasts a day on which PingOne gives none,
// and one on which the difference is slight.
func TestApprovedShortageOutlastsADayWithoutHeadCount(t *testing.T) {
	t.Parallel()
	r, c := hiding(t)
	const totals = "/v1/environments/*/totalIdentities"
	r.fetch(run1)
	r.mustTransform(run1)
	if _, err := r.approve(run1); err != nil {
		t.Fatal(err)
	}
	c.set(day2)
	r.fake.Deny(totals, 403, "ACCESS_FAILED")
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.fake.Permit(totals)
	c.set(day3)
	for i := range 2000 {
		r.addTo("people", 1000+i)
	}
	r.fetch(run3) // 20 of 2,225 are slight
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.settings.MaxShrinkPercent = 100
	for i := range 2000 {
		r.org.RemoveUser(id("main"), many("people", 1000+i))
	}
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Done, true)
}
