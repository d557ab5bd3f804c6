package dirstore_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

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
	got := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		name, _ := filepath.Rel(dir, path)
		got[name] = info.Mode()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{
		".": 0o700 | fs.ModeDir, "runs": 0o700 | fs.ModeDir, "runs/1": 0o700 | fs.ModeDir,
		"runs/1/m": 0o600, ".lock": 0o600,
	}
	for name, mode := range want {
		if got[name] != mode {
			t.Errorf("%s has mode %v, want %v", name, got[name], mode)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got files %v, want %v", got, want)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, want string }{
		{"file:///folder", "/folder"},
		{"file:///a/b/", "/a/b"},
		{"file:///a%20b", "/a b"},
		{"file:///", ""},
		{"file://folder", ""},
		{"file:folder", ""},
		{"file:///a?b", ""},
		{"file:///a#b", ""},
		{"s3://bucket/a", ""},
		{"/folder", ""},
		{"", ""},
		{"file:///%zz", ""},
	}
	for _, test := range tests {
		got, err := dirstore.Parse(test.url)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: got %q, error %v; want %q", test.url, got, err, test.want)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b")
	s := newStore(t, dir)
	got, err := dirstore.Parse(s.String())
	if got != dir || err != nil {
		t.Errorf("got %q, error %v; want %q", got, err, dir)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dirstore.New(file); err == nil {
		t.Error("a file was taken for a folder")
	}
}

const (
	workerDir    = "DIRSTORE_TEST_WORKER"
	workers      = 4
	perWorker    = 25
	counter      = "runs/counter"
	workerTestID = "TestConditionsHoldAmongProcesses"
)

// The test starts itself several times, and each process counts up.
func TestConditionsHoldAmongProcesses(t *testing.T) {
	if dir := os.Getenv(workerDir); dir != "" {
		countUp(t, newStore(t, dir))
		return
	}
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir)
	if _, err := s.Put(t.Context(), counter, []byte("0"), staging.IfAbsent); err != nil {
		t.Fatal(err)
	}
	var processes [workers]*exec.Cmd
	for i := range processes {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+workerTestID+"$")
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
	object, err := s.Get(t.Context(), counter)
	if want := strconv.Itoa(workers * perWorker); err != nil || string(object.Data) != want {
		t.Errorf("got a count of %s, error %v; want %s", object.Data, err, want)
	}
}

func countUp(t *testing.T, s staging.Store) {
	for done := 0; done < perWorker; {
		object, err := s.Get(t.Context(), counter)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(string(object.Data))
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Put(t.Context(), counter, []byte(strconv.Itoa(n+1)), staging.IfVersion(object.Version))
		switch {
		case err == nil:
			done++
		case !errors.Is(err, staging.ErrConflict):
			t.Fatal(err)
		}
	}
}

func TestOccupy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release, err := dirstore.Occupy("file://" + dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dirstore.Occupy("file://" + dir); !errors.Is(err, dirstore.ErrOccupied) {
		t.Errorf("got %v, want ErrOccupied", err)
	}
	if keys, err := newStore(t, dir).List(t.Context(), ""); err != nil || len(keys) != 0 {
		t.Errorf("listed %v, %v", keys, err)
	}
	release()
	release, err = dirstore.Occupy("file://" + dir)
	if err != nil {
		t.Fatalf("again: %v", err)
	}
	release()
}
