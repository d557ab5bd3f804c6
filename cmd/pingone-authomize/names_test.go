package main

import "testing"

func TestMisspelt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"DRY_RUN":                    "",
		"AWS_PROFILE":                "",
		"HTTPS_PROXY":                "",
		"EDITOR":                     "",
		"DRYRUN":                     "DRYRUN is no setting: is DRY_RUN meant?",
		"dry_run":                    "dry_run is no setting: is DRY_RUN meant?",
		"PINGONE_ENVIRONMENT":        "PINGONE_ENVIRONMENT is no setting: is PINGONE_ENVIRONMENTS meant?",
		"MAX_SHRINK":                 "MAX_SHRINK is no setting: is MAX_SHRINK_PERCENT meant?",
		"ENVIRONMENT":                "",
		"REQUESTS_PER_SECOND":        "REQUESTS_PER_SECOND is no setting: is PINGONE_REQUESTS_PER_SECOND meant?",
		"URL":                        "",
		"PINGONE_REGION":             "PINGONE_REGION is no setting: is one of PINGONE_… meant?",
		"ROLE_ASSIGNMENT_EVERYTHING": "ROLE_ASSIGNMENT_EVERYTHING is no setting: is one of ROLE_ASSIGNMENT_… meant?",
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
	mustContain(t, "stderr", stderr, "  - DRYRUN is no setting: is DRY_RUN meant?\n", "  - max_shrink_percent is no setting: is MAX_SHRINK_PERCENT meant?\n")
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"SWEEP", "SWEEP", 0}, {"SWEP", "SWEEP", 1}, {"SWEPE", "SWEEP", 2}, {"kitten", "sitting", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
