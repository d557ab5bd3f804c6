package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackAll(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "dist")
	want := map[string]string{"users": "binary of users", "roles": "binary of roles"}
	for name, content := range want {
		write(t, filepath.Join(from, name, "bootstrap"), content)
	}
	var out bytes.Buffer
	if err := packAll(&out, from, to, limits{binary: 100, archive: 1000}); err != nil {
		t.Fatal(err)
	}
	for name, content := range want {
		mode, got := unpack(t, filepath.Join(to, name+".zip"))
		if got != content || mode != 0o755 {
			t.Errorf("%s: got %q with mode %v, want %q with 0755", name, got, mode, content)
		}
		if !strings.Contains(out.String(), name+".zip") {
			t.Errorf("%s is not listed in:\n%s", name, &out)
		}
	}
}

func TestPackIsReproducible(t *testing.T) {
	t.Parallel()
	one, err := pack([]byte("binary"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := pack([]byte("binary"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("two archives of one binary differ")
	}
}

func TestPackAllNamesEveryFault(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		most limits
		want []string // parts of the message
	}{
		{"binary too big", limits{binary: 9, archive: 1000}, []string{"users.zip", "binary has 10 bytes, 1 more than the 9", "roles.zip"}},
		{"archive too big", limits{binary: 10, archive: 20}, []string{"users.zip", "archive has", "roles.zip"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from, to := t.TempDir(), t.TempDir()
			write(t, filepath.Join(from, "users", "bootstrap"), "0123456789")
			write(t, filepath.Join(from, "roles", "bootstrap"), "0123456789")
			err := packAll(io.Discard, from, to, tt.most)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want a fault with %q", err, want)
				}
			}
			if _, err := os.Stat(filepath.Join(to, "users.zip")); err != nil {
				t.Error("an archive that is too big is written all the same:", err)
			}
		})
	}
}

func TestPackAllRefusesAnEmptyFolder(t *testing.T) {
	t.Parallel()
	err := packAll(io.Discard, t.TempDir(), t.TempDir(), limits{})
	if err == nil || !strings.Contains(err.Error(), "build it first") {
		t.Errorf("got %v, want to be told to build", err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, path string) (os.FileMode, string) {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if len(r.File) != 1 || r.File[0].Name != "bootstrap" {
		t.Fatalf("%s holds %d files, want bootstrap alone", path, len(r.File))
	}
	f, err := r.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return r.File[0].Mode(), string(content)
}
