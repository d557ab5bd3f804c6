package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		a, b, c string
		faults  int
	}{
		"in layers":                {"func A() { B(); C() }", "func B() { C() }", "func C() {}", 0},
		"each other":               {"func A() { B() }", "func B() { A() }", "func C() {}", 2},
		"through others":           {"func A() { B() }", "func B() { C() }", "func C() { A() }", 3},
		"a method of a type below": {"type A struct{ b B }", "type B struct{}", "func (a A) C() { a.b = B{} }", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range map[string]string{"go.mod": "module m\n\ngo 1.26\n", "a.go": "package m\n\n" + tt.a, "b.go": "package m\n\n" + tt.b, "c.go": "package m\n\n" + tt.c} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			faults, n, err := check(dir, ".")
			if err != nil || n != 1 || len(faults) != tt.faults {
				t.Errorf("got %q of %d packages, error %v; want %d faults", faults, n, err, tt.faults)
			}
		})
	}
}
