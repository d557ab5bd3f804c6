package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

// interrupted begins a run that ends by Ctrl-C in the midst of reading.
func (m *machine) interrupted(x *tenant, args ...string) (run string) {
	m.t.Helper()
	ctx, interrupt := context.WithCancel(m.t.Context())
	x.pingone.Inject(pingonetest.Fault{
		Match: "/v1/environments/*/users/*/roleAssignments", From: 20, Do: pingonetest.FaultCall,
		Call: func(*pingonetest.Organization) { interrupt() },
	})
	_, stderr := m.run(ctx, exitInterrupted, args...)
	found := regexp.MustCompile(`go on with: pingone-authomize run .*--run (\S+)\n`).FindStringSubmatch(stderr)
	if found == nil || len(x.authomize.Posts()) != 0 {
		m.t.Fatalf("stderr does not say how to go on, or something was posted:\n%s", stderr)
	}
	return found[1]
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
		names = append(names, e.Name())
	}
	return names
}

func TestInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"by name": false, "by the same command": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			m := newMachine(t, x.env())
			run := m.interrupted(x, "run")
			args := []string{"run"}
			if !plain {
				args = append(args, "--run", run)
			}
			stdout, stderr := m.run(t.Context(), exitDone, args...)
			mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
			if said := strings.Contains(stderr, "going on with run "+run+", which was not finished; --new starts another\n"); said != plain {
				t.Errorf("it says so: %t\n%s", said, stderr)
			}
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
		})
	}
}

// What is not to be gone on with unasked: a run of the other sort, one of
// other environments, an old one, and any where --new is given.
func TestNotGoneOnWith(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		begin, next []string
		change      func(m *machine, run string)
	}{
		"dry, then real": {[]string{"run", "--dry-run"}, []string{"run"}, nil},
		"real, then dry": {[]string{"run"}, []string{"run", "--dry-run"}, nil},
		"--new":          {[]string{"run"}, []string{"run", "--new"}, nil},
		"all environments, then one": {[]string{"run"}, []string{"run"}, func(m *machine, _ string) {
			m.env["PINGONE_ENVIRONMENTS"] = pingonetest.SizedEnvironment().String() + "," + pingonetest.StableID("side").String()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			x.org.AddEnvironment(pingonetest.Environment{ID: pingonetest.StableID("side"), Name: "Side"})
			m := newMachine(t, x.env())
			run := m.interrupted(x, test.begin...)
			if test.change != nil {
				test.change(m, run)
			}
			_, stderr := m.run(t.Context(), exitDone, test.next...)
			if strings.Contains(stderr, "going on") || len(m.runs("staging")) != 2 {
				t.Errorf("runs %v, the first interrupted\n%s", m.runs("staging"), stderr)
			}
			if isDry := slices.Contains(test.next, "--dry-run"); m.report().DryRun != isDry || (len(x.authomize.Posts()) == 0) != isDry {
				t.Errorf("dry run %t, %d posts", m.report().DryRun, len(x.authomize.Posts()))
			}
		})
	}
}

func TestOldRunIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	store, err := dirstore.New(filepath.Join(m.dir, "staging"))
	if err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]bool{25 * time.Hour: false, 23 * time.Hour: true} {
		w, err := staging.Open(t.Context(), store, staging.RunAt(time.Now().Add(-age)), staging.Users)
		if err != nil {
			t.Fatal(err)
		}
		w.Manifest().Environments = []pingone.ID{pingonetest.SizedEnvironment()}
		if err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := loadSettings(t.Context(), (&runCommand{}).override(func(name string) string { return m.env[name] }, "file://"+m.dir+"/staging"))
		if err != nil {
			t.Fatal(err)
		}
		if run, err := unfinished(t.Context(), s, store); err != nil || (run != "") != want {
			t.Errorf("after %s: got %q, %v; want one: %t", age, run, err, want)
		}
		if err := os.RemoveAll(filepath.Join(m.dir, "staging", "runs")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDemoInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	m := newMachine(t, nil)
	ctx, interrupt := context.WithCancel(t.Context())
	m.stderr.onLine = func(line string) {
		if strings.Contains(line, "  read ") {
			interrupt()
		}
	}
	m.run(ctx, exitInterrupted, "run")
	stdout, stderr := m.run(t.Context(), exitDone, "run")
	run := m.runs("staging/demo")[0]
	mustContain(t, "stderr", stderr, "going on with run "+run, "demo organization")
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
	if n := len(m.runs("staging/demo")); n != 1 || m.report().Posted()["users"] != 5000 {
		t.Errorf("%d runs, %d users posted", n, m.report().Posted()["users"])
	}
}

// The fakes of a demonstration end with it. So what was posted to those of an
// interrupted one is posted again.
func TestDemoInterruptedWhilePosting(t *testing.T) {
	t.Parallel()
	m := newMachine(t, nil)
	ctx, interrupt := context.WithCancel(t.Context())
	m.stderr.onLine = func(line string) {
		if strings.Contains(line, "  post groupings") {
			interrupt()
		}
	}
	m.run(ctx, exitInterrupted, "run")
	stdout, _ := m.run(t.Context(), exitDone, "run")
	mustContain(t, "stdout", stdout, " done: 18,741 records posted, swept")
}

func TestDryRunStaysDry(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.run(t.Context(), exitDone, "run", "--dry-run")
	dry := m.report().Run
	for _, args := range [][]string{{"run", "--run", dry}, {"replay", "--run", dry}} {
		_, stderr := m.run(t.Context(), exitFailed, args...)
		mustContain(t, "stderr", stderr, "run "+dry+" is a dry run and stays one")
	}
	m.run(t.Context(), exitDone, "run", "--run", dry, "--dry-run")
	if len(x.authomize.Posts()) != 0 {
		t.Error("a dry run was posted")
	}
	m.run(t.Context(), exitDone, "run")
	if r := m.report(); r.DryRun || r.Run == dry {
		t.Errorf("run %s is dry: %t, want another one that is not", r.Run, r.DryRun)
	}
}

// A look at a real run takes nothing from it.
func TestDryLookAtARealRun(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	run := m.interrupted(x, "run")
	stdout, _ := m.run(t.Context(), exitDone, "run", "--run", run, "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of "+run)
	stdout, _ = m.run(t.Context(), exitDone, "run", "--run", run)
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
}

// A run that is under way in a folder is not taken for one that was stopped.
func TestTwoRunsInOneFolder(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	run := m.interrupted(x, "run")
	release, err := dirstore.Occupy("file://" + m.dir + "/staging") // as a run that goes on has
	if err != nil {
		t.Fatal(err)
	}
	_, stderr := m.run(t.Context(), exitFailed, "run")
	mustContain(t, "stderr", stderr, "another process is at work in this folder: "+filepath.Join(m.dir, "staging"), "wait until it ends, or give this one a folder of its own with --staging")
	if n := len(x.authomize.Posts()); n != 0 {
		t.Errorf("%d posts", n)
	}
	m.run(t.Context(), exitDone, "run", "--estimate") // which only looks

	release()
	stdout, _ := m.run(t.Context(), exitDone, "run")
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
}
