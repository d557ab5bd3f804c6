package config_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/staging"
)

var update = flag.Bool("update", false, "write the golden files")

func root(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The template's tests compare the golden file with the variables of each
// function.
func TestTheTableOfSettings(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(config.Settings(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "settings.json")
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("run go test ./shared/config -update: %s", diff)
	}
}

// .env.example has a line for each setting, and shows its default.
func TestTheExampleHasEverySetting(t *testing.T) {
	t.Parallel()
	example := root(t, ".env.example")
	for _, s := range config.Settings() {
		line := regexp.MustCompile(`(?m)^#?` + s.Name + `=(.*)$`).FindStringSubmatch(example)
		if line == nil || s.Default != "" && line[1] != s.Default {
			t.Errorf("%s: .env.example says %q, and the default is %q", s.Name, line, s.Default)
		}
	}
}

// The variables for sam local are whole, and a function takes them.
func TestVariablesForSAMLocal(t *testing.T) {
	t.Parallel()
	var given map[string]map[string]string
	if err := json.Unmarshal([]byte(root(t, "events/env.json")), &given); err != nil {
		t.Fatal(err)
	}
	for name, variables := range given {
		getenv := func(variable string) string { return variables[variable] }
		if name == "TransformFunction" {
			settings, err := config.LoadTransform(getenv)
			if err != nil || !settings.DryRun || settings.Sweep != config.SweepNever {
				t.Errorf("transform: dry run %t, sweep %s, %v", settings.DryRun, settings.Sweep, err)
			}
			continue
		}
		collection := staging.Collection(strings.ToLower(strings.TrimSuffix(name, "Function")))
		if _, err := config.LoadFetch(getenv, collection); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(given) != len(staging.Collections)+1 {
		t.Errorf("there are variables for %d functions", len(given))
	}
}
