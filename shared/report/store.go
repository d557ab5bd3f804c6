package report

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/staging"
)

// Save writes report.json and report.html of a run, and findings.json where its
// access was explained, over earlier ones. What people approved stands in
// approval.json.
func Save(ctx context.Context, store staging.Store, run staging.RunID, r *Report) error {
	data, err := json.Marshal(r, json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	page, err := Page(r)
	if err != nil {
		return fmt.Errorf("make report page: %w", err)
	}
	if r.Findings != nil {
		all, err := json.Marshal(r.Findings, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return fmt.Errorf("encode findings: %w", err)
		}
		if _, err := store.Put(ctx, staging.FindingsKey(run), all, staging.Always); err != nil {
			return fmt.Errorf("write findings: %w", err)
		}
	}
	if _, err := store.Put(ctx, staging.ReportPageKey(run), page, staging.Always); err != nil {
		return fmt.Errorf("write report page: %w", err)
	}
	if _, err := store.Put(ctx, staging.ReportKey(run), data, staging.Always); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// LoadFindings reads the findings of a run; staging.ErrNotFound if there are none.
func LoadFindings(ctx context.Context, store staging.Store, run staging.RunID) (*Findings, error) {
	f, err := staging.ReadJSON[Findings](ctx, store, staging.FindingsKey(run))
	if err == nil && f.Version != FindingsVersion {
		err = fmt.Errorf("%s is of version %d, not %d: %w", staging.FindingsKey(run), f.Version, FindingsVersion, staging.ErrCorrupt)
	}
	return &f, err
}

// Load reads the report of a run; staging.ErrNotFound if there is none.
func Load(ctx context.Context, store staging.Store, run staging.RunID) (*Report, error) {
	object, err := store.Get(ctx, staging.ReportKey(run))
	if err != nil {
		return nil, fmt.Errorf("report of run %s: %w", run, err)
	}
	r := new(Report)
	if err := json.Unmarshal(object.Data, r); err != nil {
		return nil, fmt.Errorf("report of run %s: %w: %w", run, err, staging.ErrCorrupt)
	}
	return r, nil
}
