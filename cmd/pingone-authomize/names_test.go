package main

import "testing"

func TestMisspelt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"DRY_RUN": "", "AWS_PROFILE": "", "HTTPS_PROXY": "", "EDITOR": "", "ENVIRONMENT": "",
		"DRYRUN":                  "DRYRUN is no setting: .env.example lists those that begin with DRY",
		"dry_run":                 "dry_run is no setting: .env.example lists those that begin with DRY",
		"PINGONE_ENVIRONMENT":     "PINGONE_ENVIRONMENT is no setting: .env.example lists those that begin with PINGONE",
		"ROLE_ASSIGNMENT_MAX_AGE": "ROLE_ASSIGNMENT_MAX_AGE is no setting: .env.example lists those that begin with ROLE",
	} {
		got := ""
		if err := misspelt(map[string]string{name: "x"}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestMisspeltInTheEnvironment(t *testing.T) {
	t.Parallel()
	m := newMachine(t, map[string]string{"DRYRUN": "true", "max_shrink_percent": "5", "SWEEP": "report"})
	_, stderr := m.run(t.Context(), exitFailed, "run")
	mustContain(t, "stderr", stderr, "  - DRYRUN is no setting: ", "  - max_shrink_percent is no setting: ")
}
