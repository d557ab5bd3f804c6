package sweep

import (
	"fmt"
	"strings"
)

// RulesTable is the table of Rules in Markdown, for docs/operations.md.
func RulesTable() string {
	var b strings.Builder
	b.WriteString("| code | when | what to do first | a person may approve |\n|---|---|---|---|\n")
	for _, r := range Rules {
		approvable := yesNo(r.Approvable)
		if r.afterReading {
			approvable = "once every list was read, or why it was not is approved too"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Code, r.When, r.Do, approvable)
	}
	return b.String()
}

// WaysTable is the table of Ways in Markdown, for docs/operations.md.
func WaysTable() string {
	var b strings.Builder
	b.WriteString("| carried | when | what to do first | a person may approve |\n|---|---|---|---|\n")
	for _, w := range Ways {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", w.Carried, w.When, w.Do, yesNo(w.Approvable))
	}
	return b.String()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
