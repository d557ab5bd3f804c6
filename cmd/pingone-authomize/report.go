package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

type reportCommand struct {
	where
	Run  string `help:"The run, such as 20261123T090000Z, or latest." default:"latest" placeholder:"ID"`
	JSON bool   `help:"Write report.json as it is."`
}

func (c *reportCommand) run(ctx context.Context, w world) (int, error) {
	s, run, err := c.find(ctx, w)
	switch {
	case err != nil:
	case c.JSON:
		var object staging.Object
		if object, err = s.store.Get(ctx, staging.ReportKey(run)); err == nil {
			_, err = fmt.Fprintf(w.Stdout, "%s\n", object.Data)
		}
	default:
		var r *report.Report
		if r, err = report.Load(ctx, s.store, run); err == nil {
			err = s.show(w, r)
		}
	}
	if err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}

// find looks for the run where it is said to be, then among the demonstrations
// there.
func (c *reportCommand) find(ctx context.Context, w world) (site, staging.RunID, error) {
	s, err := c.open(ctx, w)
	var run staging.RunID
	if err == nil {
		run, err = s.reported(ctx, c.Run)
	}
	if c.Stack == "" && errors.Is(err, staging.ErrNotFound) {
		url, _ := stagingURL(w, c.Staging) // as open found it
		if demo, demoErr := c.openURL(ctx, w, strings.TrimSuffix(url, "/")+demoFolder); demoErr == nil {
			if run, demoErr := demo.reported(ctx, c.Run); demoErr == nil {
				return demo, run, nil
			}
		}
	}
	return s, run, err
}
