package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/staging"
)

// The variables for sam local are whole, and a function takes them.
func TestVariablesForSAMLocal(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "events", "env.json"))
	if err != nil {
		t.Fatal(err)
	}
	var given map[string]map[string]string
	if err := json.Unmarshal(data, &given); err != nil {
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
