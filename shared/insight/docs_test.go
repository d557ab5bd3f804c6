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
