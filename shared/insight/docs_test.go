package insight_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"pingone-authomize/shared/insight"
)

// rulesTable are the rules, as docs/mapping.md has them.
func rulesTable() string {
	var b strings.Builder
	b.WriteString("| rule | makes paths | confidence | what it says | source |\n|---|---|---|---|---|\n")
	uses := map[insight.Use]string{insight.Basic: "yes", insight.Never: "never", insight.Off: "with `untested`", insight.Blind: "no: nothing that is read shows it"}
	for i := range insight.Rules {
		r := &insight.Rules[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.ID, uses[r.Use], r.Confidence, r.Sentence, r.Source)
	}
	return b.String()
}

// checksTable are the checks, as docs/findings.md has them.
func checksTable() string {
	var b strings.Builder
	b.WriteString("| check | what is found | what to do in PingOne |\n|---|---|---|\n")
	for _, c := range insight.Checks {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.ID, c.Title, c.Do)
	}
	return b.String()
}

func TestDocsHaveTheChecks(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	if table := checksTable(); !strings.Contains(string(docs), table) {
		t.Errorf("docs/findings.md has another table than:\n%s", table)
	}
}

func TestDocsHaveTheRules(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	if table := rulesTable(); !strings.Contains(string(docs), table) {
		t.Errorf("docs/mapping.md has another table than:\n%s", table)
	}
}
