package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

func (versionCommand) run(_ context.Context, w world) (int, error) {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintln(w.Stdout, versionOf(info))
	return exitDone, err
}

// versionOf says what the program was built of. A build from changed files, or
// without git, says so.
func versionOf(info *debug.BuildInfo) string {
	if info == nil {
		return "pingone-authomize, built without its version"
	}
	commit, changed := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	return fmt.Sprintf("pingone-authomize %s, commit %s%s, %s", cmp.Or(info.Main.Version, "(devel)"), commit, changed, info.GoVersion)
}
