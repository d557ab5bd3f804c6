package report

import (
	"strconv"
	"strings"
	"unicode"
)

// visible shows as escapes, such as \n and \x1b, what in text from outside
// would move the cursor, begin a line or turn the direction of reading: the
// name of a population could imitate the outcome of a run. The characters of
// layout stay as they are.
func visible(s, layout string) string {
	hidden := func(r rune) bool {
		return (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) && !strings.ContainsRune(layout, r)
	}
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !hidden(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
