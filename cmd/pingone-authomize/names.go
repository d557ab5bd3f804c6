package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
)

// settingNames are the settings that an env file may hold, beside those of
// the AWS SDK and the network.
var settingNames = func() []string {
	names := slices.Clone(assemble.EnvSecretNames)
	for _, s := range config.Settings() {
		names = append(names, s.Name)
	}
	return names
}()

// misspelt names what begins like a setting and is none: a DRY_RUN that is not
// heard means a real sweep. Nor are settings of older versions heard.
func misspelt(values map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, setting := range append([]string{"ROLE_ASSIGNMENT"}, settingNames...) {
			first, _, _ := strings.Cut(setting, "_")
			if !slices.Contains(settingNames, name) && strings.HasPrefix(strings.ToUpper(name), first) {
				errs = append(errs, fmt.Errorf("%s is no setting: .env.example lists those that begin with %s", name, first))
				break
			}
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
