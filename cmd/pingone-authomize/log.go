package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

// openLog opens the log file of a run, in the staging folder, or in ./staging
// where staging is not on this machine. A terminal is for bars.
func openLog(w world, url string, run staging.RunID, level slog.Level) (*slog.Logger, func(), error) {
	dir, err := dirstore.Parse(url)
	if err != nil {
		wd, err := w.Getwd()
		if err != nil {
			return nil, nil, fmt.Errorf("find a folder for the log: %w", err)
		}
		dir = filepath.Join(wd, "staging")
	}
	dir = filepath.Join(dir, "logs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make a folder for the log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, string(run)+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open the log: %w", err)
	}
	return slog.New(slog.NewJSONHandler(f, &slog.HandlerOptions{Level: level})), func() { _ = f.Close() }, nil
}
