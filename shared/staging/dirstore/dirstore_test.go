package dirstore_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
	"pingone-authomize/shared/staging/stagingtest"
)

func newStore(t testing.TB, dir string) *dirstore.Store {
	t.Helper()
	s, err := dirstore.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	stagingtest.Run(t, func(t testing.TB) staging.Store { return newStore(t, t.TempDir()) })
}

func TestFilesArePrivateAndNothingIsLeftOver(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "staging")
	s := newStore(t, dir)
	for range 2 { // the second is refused
		_, err := s.Put(t.Context(), "runs/1/m", []byte("x"), staging.IfAbsent)
		if err != nil && !errors.Is(err, staging.ErrConflict) {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			info, _ := d.Info()
			got[name] = info.Mode().String()
		}
		return err
	})
	want := map[string]string{
		".": "drwx------", "runs": "drwx------", "runs/1": "drwx------", "runs/1/m": "-rw-------", ".lock": "-rw-------",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, files (-want +got):\n%s", err, diff)
	}
	if _, err := dirstore.New(filepath.Join(dir, "runs/1/m")); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"file:///folder": "/folder", "file:///a/b/": "/a/b", "file:///a%20b": "/a b",
		"file:///": "", "file://folder": "", "file:folder": "", "file:///a?b": "", "file:///a#b": "",
		"s3://bucket/a": "", "/folder": "", "": "", "file:///%zz": "",
	} {
		got, err := dirstore.Parse(url)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, error %v; want %q", url, got, err, want)
		}
	}
	dir := filepath.Join(t.TempDir(), "a b")
	if got, err := dirstore.Parse(newStore(t, dir).String()); got != dir || err != nil {
		t.Errorf("got %q, error %v; want %q", got, err, dir)
	}
}

const (
	workerDir = "DIRSTORE_TEST_WORKER"
	perWorker = 25
)

// The test starts itself several times, and each process counts up.
func TestConditionsHoldAmongProcesses(t *testing.T) {
	if dir := os.Getenv(workerDir); dir != "" {
		for range perWorker {
			if err := staging.Update(t.Context(), newStore(t, dir), "runs/n", func(n *int) error { *n++; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	t.Parallel()
	dir := t.TempDir()
	var processes [4]*exec.Cmd
	for i := range processes {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), workerDir+"="+dir)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		processes[i] = c
	}
	for _, c := range processes {
		if err := c.Wait(); err != nil {
			t.Errorf("worker: %v", err)
		}
	}
	n, err := staging.ReadJSON[int](t.Context(), newStore(t, dir), "runs/n")
	if want := perWorker * len(processes); err != nil || n != want {
		t.Errorf("got a count of %d, error %v; want %d", n, err, want)
	}
}
