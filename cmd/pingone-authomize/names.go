package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/assemble"
)

// settingNames are the settings that an env file may hold, beside those of
// the AWS SDK and the network.
var settingNames = append([]string{
	"SECRET_ID", "STAGING_URL", "AUTHOMIZE_APP_ID", "AUTHOMIZE_API_URL",
	"PINGONE_API_URL", "PINGONE_ENVIRONMENTS", "PINGONE_REQUESTS_PER_SECOND",
	"ROLE_ASSIGNMENT_MAX_AGE", "ROLE_ASSIGNMENT_REFRESH_CALLS",
	"MFA_DEVICES",
	"SWEEP", "MAX_SHRINK_PERCENT", "DRY_RUN", "SERVICE_ACCOUNTS", "ROLE_PERMISSIONS",
}, assemble.EnvSecretNames...)

// misspelt names what looks like a setting and is none: a DRY_RUN that is not
// heard means a real sweep.
func misspelt(values map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(settingNames, name) {
			continue
		}
		if near := nearest(name); near != "" {
			errs = append(errs, fmt.Errorf("%s is no setting: is %s meant?", name, near))
		}
	}
	return errors.Join(errs...)
}

// misspeltIn names the variables of an environment, whose names can't be listed,
// that are settings written together or in small letters.
func misspeltIn(getenv func(string) string) error {
	values := map[string]string{}
	for _, s := range settingNames {
		for _, name := range []string{strings.ReplaceAll(s, "_", ""), strings.ToLower(s)} {
			if name != s && strings.TrimSpace(getenv(name)) != "" {
				values[name] = ""
			}
		}
	}
	return misspelt(values)
}

// nearest is the setting that a name is nearly, "" if it is none: the same
// letters, one or two letters off, some of its words, two or more, or the same
// first word.
func nearest(name string) string {
	plain := func(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "_", "")) }
	for _, s := range settingNames {
		if distance(plain(name), plain(s)) <= 2 {
			return s
		}
	}
	for _, s := range settingNames {
		if strings.Contains(name, "_") && strings.Contains("_"+s+"_", "_"+strings.ToUpper(name)+"_") {
			return s
		}
	}
	for _, first := range []string{"PINGONE_", "AUTHOMIZE_", "ROLE_ASSIGNMENT_"} {
		if strings.HasPrefix(strings.ToUpper(name), first) {
			return "one of " + first + "…"
		}
	}
	return ""
}

// distance counts the letters to insert, drop or change (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
