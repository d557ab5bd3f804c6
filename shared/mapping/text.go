package mapping

import (
	"strings"
	"time"
	"unicode/utf8"

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

// cut returns the first most runes of s.
func cut(s string, most int) string {
	if len(s) <= most { // no more bytes, so no more runes
		return s
	}
	for i := range s {
		if most == 0 {
			return s[:i]
		}
		most--
	}
	return s
}

// addTag appends a tag unless it is empty or there already. Lists are a
// handful long, so that looking through them is the cheapest way.
func addTag(tags []string, tag string) []string {
	if tag = clean(tag); tag == "" {
		return tags
	}
	for _, t := range tags {
		if t == tag {
			return tags
		}
	}
	return append(tags, tag)
}

// stamp returns a date as RFC 3339 in UTC. "" stays "" without a warning;
// what is no date, or no date of the years 1 to 9999, becomes "" with one.
func stamp(s string) (string, Warnings) {
	if s = clean(s); s == "" {
		return "", 0
	}
	t, err := time.Parse(time.RFC3339, s)
	// time.Parse lets through an hour of one digit and a comma before the
	// fraction, which RFC 3339 doesn't.
	if err != nil || s[13] != ':' || strings.Contains(s, ",") {
		return "", badTime
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return "", badTime
	}
	if strings.HasSuffix(s, "Z") {
		return s, 0
	}
	return t.Format(time.RFC3339Nano), 0
}

// Limits of an e-mail address, in bytes (RFC 5321).
const (
	maxEmailBytes = 254
	maxLocalBytes = 64
	maxLabelBytes = 63
)

// validEmail tells whether an address is safe to send. It asks for one @, a
// local part of unquoted ASCII, and a domain of at least two labels of
// letters, digits and inner hyphens, the last of which is no number.
//
// It is stricter than the standard on purpose. Authomize is known to refuse
// malformed addresses, and with them the user, and does not say what it takes
// for malformed; a user without e-mail is worth more than none. Quoted local
// parts, address literals and non-ASCII addresses are therefore left out.
// net/mail would accept display names, comments and domains without a dot, at
// about five times the cost.
func validEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	return len(s) <= maxEmailBytes && at > 0 && at <= maxLocalBytes &&
		validLocal(s[:at]) && validDomain(s[at+1:])
}

// validLocal wants a dot-atom: no dot at either end, nor two in a row.
func validLocal(s string) bool {
	last := byte('.')
	for i := range len(s) {
		c := s[i]
		if c == '.' && last == '.' || c != '.' && !isAtomByte(c) {
			return false
		}
		last = c
	}
	return last != '.'
}

func validDomain(s string) bool {
	labels, letters, start := 0, false, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			c := s[i]
			if !isAlphanumeric(c) && c != '-' {
				return false
			}
			letters = letters || !isDigit(c)
			continue
		}
		if i == start || i-start > maxLabelBytes || s[start] == '-' || s[i-1] == '-' {
			return false
		}
		labels++
		start = i + 1
		if i < len(s) {
			letters = false
		}
	}
	return labels >= 2 && letters
}

func isAtomByte(c byte) bool {
	return isAlphanumeric(c) || c < utf8.RuneSelf && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
