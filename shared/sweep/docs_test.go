package sweep_test

import (
	"os"
	"strings"
	"testing"

	"pingone-authomize/shared/sweep"
)

// docs/operations.md has both tables, row by row.
func TestDocsHaveTheTables(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, table string
		rows        int
	}{
		{"RulesTable", sweep.RulesTable(), len(sweep.Rules)},
		{"WaysTable", sweep.WaysTable(), len(sweep.Ways)},
	} {
		if got := strings.Count(c.table, "\n"); got != c.rows+2 {
			t.Errorf("%s has %d lines for %d rows", c.name, got, c.rows)
		}
		if !strings.Contains(string(guide), "\n\n"+c.table+"\n") {
			t.Errorf("docs/operations.md has another table than %s returns:\n%s", c.name, c.table)
		}
	}
}
