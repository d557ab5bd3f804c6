package mapping

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
)

// clean trims white space, so that a value of nothing else counts as absent.
func clean(s string) string { return strings.TrimSpace(s) }

// nameOr is the name, or the id where there is none.
func nameOr(name string, id pingone.ID) string {
	if name = clean(name); name != "" {
		return name
	}
	return id.String()
}

// cut returns the first most runes of a text without white space around it.
func cut(s string, most int) string {
	s = clean(s)
	for i := range s {
		if most--; most < 0 {
			return s[:i]
		}
	}
	return s
}

// addTag appends a tag unless it is empty or there already.
func addTag(tags []string, tag string) []string {
	if tag = clean(tag); tag == "" || slices.Contains(tags, tag) {
		return tags
	}
	if tags == nil {
		tags = make([]string, 0, 3) // as many as a user has at most
	}
	return append(tags, tag)
}

// stamp returns a date as RFC 3339 in UTC. "" stays "" without a warning;
// what is no date, or no date of the years 1 to 9999, becomes "" with one.
func stamp(s string) (string, []Warning) {
	if s = clean(s); s == "" {
		return "", nil
	}
	t, ok := pingone.ParseTime(s)
	// time.Parse lets through an hour of one digit and a comma before the
	// fraction, which RFC 3339 doesn't.
	isText := strings.Contains(s, "T")
	if !ok || isText && (s[13] != ':' || strings.Contains(s, ",")) {
		return "", []Warning{WarnBadTime}
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return "", []Warning{WarnBadTime}
	}
	if strings.HasSuffix(s, "Z") {
		return s, nil
	}
	return t.Format(time.RFC3339Nano), nil
}

// Limits of an e-mail address, in bytes (RFC 5321).
const (
	maxEmailBytes = 254
	maxLocalBytes = 64
	maxLabelBytes = 63
)

// emailForm is a dot-atom of ASCII (no dot at either end, nor two in a row), one
// @, and at least two labels of letters, digits and inner hyphens.
var emailForm = func() *regexp.Regexp {
	const atom, label = `[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~-]+`, `[A-Za-z0-9](?:-*[A-Za-z0-9])*`
	return regexp.MustCompile(`^` + atom + `(?:\.` + atom + `)*@` + label + `(?:\.` + label + `)+$`)
}()

// validEmail tells whether an address is safe to send: it has emailForm, and its
// last label is no number.
//
// It is stricter than the standard on purpose. Authomize is known to refuse
// malformed addresses, and with them the user, and does not say what it takes
// for malformed; a user without e-mail is worth more than none. Quoted local
// parts, address literals and non-ASCII addresses are therefore left out.
// net/mail would accept display names, comments and domains without a dot.
func validEmail(s string) bool {
	local, domain, _ := strings.Cut(s, "@")
	last := ""
	for last = range strings.SplitSeq(domain, ".") {
		if len(last) > maxLabelBytes {
			return false
		}
	}
	return len(s) <= maxEmailBytes && len(local) <= maxLocalBytes && strings.Trim(last, "0123456789") != "" && emailForm.MatchString(s)
}
