package fetch

import (
	"errors"
	"net/http"
	"path"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// refusal returns PingOne's answer if it is one for good: 403, 404 and the
// other 4xx that are neither about the token nor about the pace, or a page that
// contradicts itself. nil means that err is something else, or nothing.
func refusal(err error) *pingone.Error {
	if errors.Is(err, pingone.ErrContradiction) {
		return &pingone.Error{Method: http.MethodGet, Status: http.StatusOK, Code: contradiction, Message: err.Error()}
	}
	var e *pingone.Error
	if errors.As(err, &e) && e.Status/100 == 4 &&
		!errors.Is(err, pingone.ErrUnauthorized) && !errors.Is(err, pingone.ErrThrottled) && e.Status != http.StatusRequestTimeout {
		return e
	}
	return nil
}

// contradiction is the Code of a list whose page tells of more than it shows.
const contradiction = "CONTRADICTION"

// refusalOf is the refusal of a task. A run must not be kept from its end by an
// outage of PingOne's MFA, nor by what no list holds any more: of these it is
// whatever PingOne answers.
func refusalOf(t task, err error) *pingone.Error {
	if isDevices(t) || t.Missed {
		return anyRefusal(t.Path, err)
	}
	return refusal(err)
}

// anyRefusal is whatever PingOne answers in place of what was asked for, after
// all tries. A refused token and too many requests are not about that, nor is
// a connection that can't be made.
func anyRefusal(path string, err error) *pingone.Error {
	if r := refusal(err); r != nil {
		return r
	}
	var e *pingone.Error
	switch {
	case errors.Is(err, pingone.ErrUnauthorized), errors.Is(err, pingone.ErrThrottled):
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, pingone.ErrBadPage), errors.Is(err, pingone.ErrBadLink), errors.Is(err, pingone.ErrPageLoop):
		return &pingone.Error{Method: http.MethodGet, Path: path, Status: http.StatusOK, Code: "BAD_PAGE", Message: "the reply is not what was asked for"}
	}
	return nil
}

// unreadOf is the entry of a list that PingOne refused.
func unreadOf(env pingone.ID, path string, parent *staging.Parent, r *pingone.Error) staging.Unread {
	return staging.Unread{
		Environment: env, Path: path, Parent: parent,
		Status: r.Status, Code: r.Code, Message: r.Message, CorrelationID: r.CorrelationID,
	}
}

// brokenItem is the entry of a list with an item that nobody can ask about.
func brokenItem(env pingone.ID, path string) staging.Unread {
	return staging.Unread{Environment: env, Path: path, Status: http.StatusOK, Code: "BROKEN_ITEM", Message: "an item of the list has no id or another shape"}
}

// isCursorLost tells whether a refusal behind the first page means that
// PingOne no longer knows the place where we go on.
func isCursorLost(r *pingone.Error, pages int) bool {
	return r.Status == http.StatusBadRequest && pages > 0
}

// unreadList notes what could not be read, one entry for all of a slice that
// was refused with the same status: thousands of principals without
// permission are one fact.
type unreadList struct {
	entries []staging.Unread
	last    map[string]int // of each slice, its latest entry
}

func newUnreadList(entries []staging.Unread) *unreadList {
	l := &unreadList{entries: entries, last: map[string]int{}}
	for i, u := range entries {
		if u.Parent != nil {
			l.last[entryOf(u, sliceOf(u).String())] = i
		}
	}
	return l
}

// sliceOf is the slice of a child's entry; its list is the path's last element.
func sliceOf(u staging.Unread) sliceKey {
	return sliceKey{u.Environment, u.Parent.Kind, path.Base(u.Path)}
}

func (l *unreadList) len() int { return len(l.entries) }

// entryOf keeps what is missing apart from what a list holds: a person may
// overrule the former.
func entryOf(u staging.Unread, slice string) string {
	if u.Missing && slice != "" {
		return slice + "/missing"
	}
	return slice
}

// add notes u. With a slice, a later one with the same status only counts as
// skipped in the one before.
func (l *unreadList) add(u staging.Unread, slice string) {
	slice = entryOf(u, slice)
	if i, ok := l.last[slice]; ok && l.entries[i].Status == u.Status {
		l.entries[i].Skipped++
		return
	}
	if slice != "" {
		l.last[slice] = len(l.entries)
	}
	l.entries = append(l.entries, u)
}
