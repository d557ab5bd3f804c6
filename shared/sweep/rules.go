package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/staging"
)

// A Rule is one reason to hold a run.
type Rule struct {
	Code Code
	When string
	Do   string
	// Approvable tells that a person may overrule it.
	Approvable bool

	// afterReading: only once every list was read, or why it was not is
	// approved too.
	afterReading bool
	judge        func(*Evidence) (Reason, bool)
}

// Rules are all of them, in the order in which a person should look at them.
var Rules = []Rule{
	{
		Code: AppNotEmpty, Approvable: true, afterReading: true, judge: judgeApp,
		When: "the first transform here that names this app id found records in it before it posted; it stands until it is approved",
		Do:   "look in Authomize whether the app is the one meant for PingOne; if not, set AUTHOMIZE_APP_ID to the right one; if all that it holds came from here, approve",
	},
	{
		Code: HistoryLost, Approvable: true, afterReading: true, judge: judgeHistory,
		When: "a collection that the last posted run held has no readable snapshot from that run or later, or a whole run since then is gone; it stands until it is approved",
		Do:   "restore the folder of that run in the bucket, if it can be, and start another run; else compare the counts with an earlier report, and approve if they are right",
	},
	{
		Code: Shrunk, Approvable: true, judge: judgeShrunk,
		When: "a kind of record, or a kind of one environment, lost more than MAX_SHRINK_PERCENT since the last sweep, and more than 25 records",
		Do:   "ask who deletes so much in PingOne; if it is right, approve",
	},
	{
		Code: Refused, Approvable: true, judge: judgeRefused,
		When: "Authomize refuses a record, also without the fields that it names, that it took in the run before",
		Do:   "correct in PingOne what the quarantine of the report names, and start another run; or approve, and the record goes",
	},
	{
		Code: Receipted, judge: judgeReceipts,
		When: "Authomize's receipts accept fewer records than were sent, or more, call ids unknown that it had accepted, or give no time",
		Do:   "start another run; where the ids are of service accounts (client:, gateway:), set SERVICE_ACCOUNTS=users; if it stays, ask Authomize's support",
	},
	{
		Code: NotRefreshed, judge: judgeRefreshed,
		When: "for an hour Authomize does not show all that was just posted as last modified since the cutoff: a sweep would delete it",
		Do:   "start another run; if it stays, ask Authomize's support whether posting a record once more dates it anew, and by which clock",
	},
}

// RuleOf finds a rule; nil if there is none.
func RuleOf(code Code) *Rule {
	for i := range Rules {
		if Rules[i].Code == code {
			return &Rules[i]
		}
	}
	return nil
}

func judgeApp(e *Evidence) (Reason, bool) {
	text := fmt.Sprintf("app %s held records before anything was posted to it from here, such as %s", e.AppID, strings.Join(e.Found, ", "))
	return Reason{Text: text + e.Lists.wait(), IDs: e.Found}, len(e.Found) > 0
}

func judgeHistory(e *Evidence) (Reason, bool) {
	var lost []string
	for _, c := range staging.Collections {
		if run, ok := e.Lost[c]; ok {
			lost = append(lost, fmt.Sprintf("%s of run %s", c, run))
		}
	}
	text := "what was posted can't be compared, since no snapshot is readable from that run or later: " + strings.Join(lost, ", ")
	return Reason{Text: text + e.Lists.wait(), IDs: lost}, len(lost) > 0
}

// wait says what has to be read first.
func (l *Lists) wait() string {
	if len(l.Waiting) == 0 {
		return ""
	}
	return "; it can be approved once every list was read: " + strings.Join(l.Waiting, ", ")
}

// floor is how many records may always be gone: of a small kind few are a
// large part.
const floor = 25

// Shrunken are the series that lost more than may be gone without a person's
// word, sorted.
func Shrunken(before, now Counts, maxShrink float64) []string {
	var all []string
	for _, series := range slices.Sorted(maps.Keys(before)) {
		lost := before[series] - now[series]
		if lost > floor && float64(lost)*100 > maxShrink*float64(before[series]) {
			all = append(all, series)
		}
	}
	return all
}

// maxNamed is how many things a text names one by one.
const maxNamed = 5

func judgeShrunk(e *Evidence) (Reason, bool) {
	all := Shrunken(e.Before, e.Now, e.MaxShrink)
	var texts []string
	for _, s := range all {
		texts = append(texts, fmt.Sprintf("%s from %d to %d", s, e.Before[s], e.Now[s]))
	}
	text := fmt.Sprintf("since run %s these shrank by more than %g %%: %s", e.Since, e.MaxShrink, few(texts))
	return Reason{Text: text, IDs: all}, len(all) > 0
}

func judgeRefused(e *Evidence) (Reason, bool) {
	n := int64(len(e.Refused)) + e.Cut
	text := fmt.Sprintf("Authomize refuses records that it took before, %d in all: %s", n, few(e.Refused))
	if e.Cut > 0 {
		text += fmt.Sprintf("; %d of them are too many to be listed, and stay held", e.Cut)
	}
	return Reason{Text: text, IDs: e.Refused, Count: n}, n > 0
}

func judgeReceipts(e *Evidence) (Reason, bool) {
	var texts, ids []string
	add := func(n int64, format string, kind string) {
		if n > 0 {
			texts = append(texts, fmt.Sprintf(format, n, kind))
		}
	}
	for i := range e.Receipts {
		r := &e.Receipts[i]
		add(r.Fewer, "%d %s were sent and not accepted, without a word which", r.Kind)
		add(r.More, "%d receipts for %s accept more records than were sent", r.Kind)
		add(r.Untimed, "%d receipts for %s give no time", r.Kind)
		add(r.Unmatched, "%d ids in the receipts for %s are called unknown, and no record refers to them", r.Kind)
		add(int64(len(r.Accepted)), "%d ids in the receipts for %s are called unknown, and were accepted before", r.Kind)
		ids = append(ids, r.Accepted...)
	}
	return Reason{Text: "Authomize's receipts can't be relied on: " + strings.Join(texts, "; "), IDs: ids}, len(texts) > 0
}

func judgeRefreshed(e *Evidence) (Reason, bool) {
	var texts, ids []string
	for _, s := range e.Shown {
		if len(s.Absent) == 0 {
			continue
		}
		text := fmt.Sprintf("%d of %d %s", len(s.Absent), s.Posted, s.Kind)
		if s.Error != "" {
			text += " (" + s.Error + ")"
		}
		texts, ids = append(texts, text), append(ids, s.Absent...)
	}
	return Reason{Text: "Authomize does not show as refreshed what was just posted: " + strings.Join(texts, ", "), IDs: ids}, len(texts) > 0
}

// few joins the first of many texts.
func few(texts []string) string {
	if n := len(texts) - maxNamed; n > 0 {
		return strings.Join(texts[:maxNamed], ", ") + fmt.Sprintf(", and %d more", n)
	}
	return strings.Join(texts, ", ")
}
