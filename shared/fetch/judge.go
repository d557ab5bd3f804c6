package fetch

import (
	"net/http"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A look is what one reading of a list came to.
type look struct {
	err      error
	second   bool // the list was looked at before in this run
	up       bool // PingOne answers others meanwhile
	leaving  bool // the list's environment is DELETE_PENDING
	optional bool // see collection.List
	cut      bool // a page announced more than it showed
	counted  int  // what PingOne counts, -1 if it doesn't
	shown    int  // different items
	pages    int
	before   *numbers
}

// judge decides how a list ended. Nothing is decided by one look: what is
// refused, fails or is short is looked at once more when all others are read, and
// so is what lost much: one more look may spare asking for each. What fails while
// nothing else is answered is no fault of the list: nothing is decided, "".
func judge(l look) staging.Ending {
	reason := staging.Carried("")
	switch refusal := pingone.Refusal(l.err); {
	case l.err == nil && isWhole(l) && (l.second || !lostMuch(l)):
		return staging.Whole
	case l.err == nil:
		reason = staging.Short
	case refusal != nil && isRefusal(refusal.Status) && l.optional && (l.before == nil || l.before.Shown == 0):
		return staging.Whole
	case refusal != nil && l.leaving:
		reason = staging.Unlisted
	case refusal != nil && isRefusal(refusal.Status):
		reason = staging.Refused
	case pingone.IsTransient(l.err) && l.second && !l.up:
		return ""
	default:
		reason = staging.Failed
	}
	if !l.second {
		return staging.Deferred
	}
	return staging.Ending(reason)
}

// lostMuch tells whether a list lost more than it has pages.
func lostMuch(l look) bool { return l.before != nil && l.before.Shown-l.shown > max(l.pages, 1) }

func isRefusal(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound
}

// isWhole tells whether a list that was read to its end shows all that there
// is: as many items as PingOne counts, or no fewer than before, or lacking no
// more than it lacked before.
func isWhole(l look) bool {
	switch {
	case l.cut:
		return false
	case l.counted == uncounted || l.shown >= l.counted:
		return true
	case l.before == nil:
		return false
	}
	lacked := max(l.before.Counted-l.before.Shown, 0)
	return l.shown >= l.before.Shown || l.counted-l.shown <= lacked
}

// numbers are how many items PingOne counts in a list, -1 if it doesn't, and
// how many it showed.
type numbers struct {
	Counted int `json:"counted"`
	Shown   int `json:"shown"`
}
