package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	src := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(src, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		arch  string
		extra []string
		want  string // part of the message; empty: no fault
	}{
		{name: "static arm64 is right", arch: "arm64"},
		{name: "another architecture is refused", arch: "amd64", want: "EM_X86_64"},
		{name: "a position-independent one needs a loader", arch: "arm64", extra: []string{"-buildmode=pie"}, want: "ET_DYN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "bootstrap")
			cmd := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-o", out}, tt.extra...), src)...)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+tt.arch)
			if msg, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("go build: %v\n%s", err, msg)
			}
			expect(t, check(out), tt.want)
		})
	}
}

func TestCheckRefusesWhatIsNoBinary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	expect(t, check(filepath.Join(dir, "bootstrap")), "no such file")

	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	expect(t, check(script), "Lambda can't execute it")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	expect(t, check(script), "no ELF binary")
}

func TestCheckAllNamesEveryFault(t *testing.T) {
	t.Parallel()
	err := checkAll(t.TempDir())
	for _, id := range functions {
		expect(t, err, id)
	}
}

func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v, want no fault", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want a fault with %q", err, want)
	}
}
