package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone/pingonetest"
)

// interrupted begins a run that ends by Ctrl-C in the midst of reading.
func (m *machine) interrupted(x *tenant, args ...string) {
	m.t.Helper()
	ctx, interrupt := context.WithCancel(m.t.Context())
	x.pingone.Inject(pingonetest.Fault{
		Match: "/v1/environments/*/users/*/roleAssignments", From: 20, Do: pingonetest.FaultCall,
		Call: func(*pingonetest.Organization) { interrupt() },
	})
	_, stderr := m.run(ctx, exitInterrupted, args...)
	mustContain(m.t, "stderr", stderr, " was interrupted: what was read is staged; the same command goes on\n")
	if len(x.authomize.Posts()) != 0 {
		m.t.Fatal("something was posted")
	}
}

// runs are the runs that are staged below a folder.
func (m *machine) runs(folder string) []string {
	m.t.Helper()
	entries, err := os.ReadDir(filepath.Join(m.dir, folder, "runs"))
	if err != nil {
		m.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.interrupted(x, "run")
	run := m.runs("staging")[0]
	stdout, stderr := m.run(t.Context(), exitDone, "run")
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
	mustContain(t, "stderr", stderr, "going on with run "+run+", which has not ended\n")
	if got := x.authomize.Count(authomize.Users); got != 40 {
		t.Errorf("%d users in Authomize, want 40", got)
	}
	if diff := cmp.Diff([]string{run}, m.runs("staging")); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	m.run(t.Context(), exitDone, "run")
	if n := len(m.runs("staging")); n != 2 {
		t.Errorf("%d runs after the next, want 2: the first has ended", n)
	}
}

// A dry or narrowed run that stopped gives way to one of another sort. A run
// that is to be posted does not: it is to end first.
func TestAnotherSortOfRun(t *testing.T) {
	t.Parallel()
	side := pingonetest.StableID("side")
	all := pingonetest.SizedEnvironment().String() + "," + side.String()
	for name, test := range map[string]struct {
		begin, next []string
		refused     string
	}{
		"dry, then real":      {[]string{"run", "--dry-run"}, []string{"run"}, ""},
		"narrowed, then full": {[]string{"run", "--environments", pingonetest.SizedEnvironment().String()}, []string{"run"}, ""},
		"real, then dry":      {[]string{"run"}, []string{"run", "--dry-run"}, " is being read and is no dry run: let it end first"},
		"full, then narrowed": {[]string{"run"}, []string{"run", "--environments", side.String()}, " is being read, of other environments: let it end first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			x.org.AddEnvironment(pingonetest.Environment{ID: side, Name: "Side"})
			m := newMachine(t, x.env())
			m.env["PINGONE_ENVIRONMENTS"] = all
			m.interrupted(x, test.begin...)
			if test.refused != "" {
				_, stderr := m.run(t.Context(), exitFailed, test.next...)
				mustContain(t, "stderr", stderr, "run "+m.runs("staging")[0]+test.refused)
				_, stderr = m.run(t.Context(), exitDone, "run")
				mustContain(t, "stderr", stderr, "going on with run ")
				return
			}
			m.run(t.Context(), exitDone, test.next...)
			if n := len(m.runs("staging")); n != 2 || m.report().DryRun || m.report().Narrowed {
				t.Errorf("%d runs, dry %t, narrowed %t; want another run that is neither", n, m.report().DryRun, m.report().Narrowed)
			}
		})
	}
}

// A narrowed run carries the other environments forward, and sweeps.
func TestNarrowedRun(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	main, side := pingonetest.SizedEnvironment(), pingonetest.StableID("side")
	people, fay := pingonetest.StableID("side", "people"), pingonetest.StableID("side", "fay")
	x.org.AddEnvironment(pingonetest.Environment{ID: side, Name: "Side"})
	x.org.AddPopulation(side, pingonetest.Population{ID: people, Name: "People"})
	x.org.AddUser(side, pingonetest.User{ID: fay, Population: people, Username: "fay"})
	m := newMachine(t, x.env())
	m.env["PINGONE_ENVIRONMENTS"] = main.String() + "," + side.String()
	x.anHourAgo()
	m.run(t.Context(), exitDone, "run")
	x.now()
	x.org.RemoveUser(main, x.org.Environments[0].Users[39].ID)
	x.org.RemoveUser(side, fay)
	stdout, stderr := m.run(t.Context(), exitDone, "run", "--environments", main.String())
	mustContain(t, "stdout", stdout, ", swept")
	mustContain(t, "stderr", stderr, "narrowed to 1 of the environments: the others are carried forward")
	if n := x.authomize.Count(authomize.Users); n != 40 {
		t.Errorf("%d users in Authomize, want 40: one of 41 is gone, of the environment that was read", n)
	}
	_, stderr = m.run(t.Context(), exitFailed, "run", "--environments", "x,"+main.String())
	mustContain(t, "stderr", stderr, "--environments: entry 1 is no environment id (a UUID)")
}

// A dry run posts nothing, by flag or by setting, and stays one.
func TestDryRun(t *testing.T) {
	t.Parallel()
	for _, byFlag := range []bool{true, false} {
		x := newTenant(t)
		m := newMachine(t, x.env())
		args := []string{"run", "--dry-run"}
		if !byFlag {
			args, m.env["DRY_RUN"] = args[:1], "true"
		}
		stdout, stderr := m.run(t.Context(), exitDone, args...)
		m.env["DRY_RUN"] = ""
		mustContain(t, "stdout", stdout, "dry run of ", "would be posted, none was")
		mustContain(t, "stderr", stderr, "dry run: nothing will be posted", "map  users")
		dry := m.report()
		if !dry.DryRun || dry.Totals.Posted != 0 || dry.Totals.Mapped == 0 {
			t.Errorf("report: dry run %v, %d posted, %d mapped", dry.DryRun, dry.Totals.Posted, dry.Totals.Mapped)
		}
		_, stderr = m.run(t.Context(), exitFailed, "replay", "--run", dry.Run)
		mustContain(t, "stderr", stderr, "run "+dry.Run+" is a dry run and stays one")
		m.run(t.Context(), exitDone, "replay", "--run", dry.Run, "--dry-run")
		if requests := x.authomize.Requests(); len(requests) != 0 {
			t.Errorf("a dry run sent %d requests to Authomize", len(requests))
		}
		m.run(t.Context(), exitDone, "run")
		if r := m.report(); r.DryRun || r.Run == dry.Run {
			t.Errorf("run %s is dry: %t, want another one that is not", r.Run, r.DryRun)
		}
	}
}
