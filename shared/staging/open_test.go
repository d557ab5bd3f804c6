package staging

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	const (
		yesterday RunID = "20261122T090000Z"
		today     RunID = "20261123T090000Z"
		after     RunID = "20261123T090001Z"
		soon      RunID = "20261123T091000Z"
		far       RunID = "20261123T091001Z"
		none      RunID = ""
	)
	now := today.Time()
	ids := []pingone.ID{{1}, {2}}
	asked := Run{Environments: ids}
	narrowed := Run{Environments: ids, Only: ids[:1]}
	dry := Run{Environments: ids, DryRun: true}
	// is makes run the open one, written so long ago.
	is := func(run Run, id RunID, ago time.Duration) found {
		run.Run = id
		return found{named: id, open: run, lastWrite: now.Add(-ago), newest: id}
	}
	ended := func(id RunID) found {
		f := is(asked, id, 0)
		f.state, f.ended = "held", true
		return f
	}
	with := func(f found, newest RunID) found {
		f.newest = newest
		return f
	}
	tests := []struct {
		name  string
		asked OpenRequest
		found found
		want  RunID
		err   error
		says  string
	}{
		{"nothing is there", OpenRequest{}, found{}, today, nil, ""},
		{"nothing is there, an old run is asked for", OpenRequest{At: yesterday}, found{}, yesterday, nil, ""},
		{"nothing may be opened", OpenRequest{GoOn: true}, found{}, none, ErrNoRun, ""},
		{"nothing may be opened, and the open run is lost", OpenRequest{GoOn: true}, found{named: today, newest: today}, none, ErrNoRun, ""},
		{"nothing may be opened, one is open", OpenRequest{GoOn: true, At: today}, is(asked, yesterday, 9*time.Hour), yesterday, nil, ""},

		{"one is open", OpenRequest{At: today}, is(asked, yesterday, 6*time.Hour-1), yesterday, nil, ""},
		{"one is open that is later", OpenRequest{At: yesterday}, is(asked, today, 0), today, nil, ""},
		{"a person names another", OpenRequest{At: today, Named: true}, is(asked, yesterday, 0), none, ErrClosed, "run " + string(yesterday) + " is being read"},
		{"a person names it", OpenRequest{At: today, Named: true}, is(asked, today, 9*time.Hour), today, nil, ""},
		{"it has ended", OpenRequest{At: today}, ended(yesterday), today, nil, ""},
		{"it has ended and is asked for", OpenRequest{At: today}, ended(today), none, ErrClosed, "ended (held)"},
		{"it was ended by now", OpenRequest{}, ended(today), after, nil, ""},
		{"it has ended and is later", OpenRequest{At: yesterday}, ended(today), none, ErrClosed, "later than all before"},
		{"it is idle", OpenRequest{At: today}, is(asked, yesterday, 6*time.Hour), today, nil, ""},
		{"it is lost", OpenRequest{At: today}, found{named: yesterday, newest: yesterday}, today, nil, ""},
		{"it is lost and is asked for", OpenRequest{At: today}, found{named: today, newest: today}, none, ErrClosed, "exists"},

		{"it is narrowed and all is asked for", OpenRequest{Run: asked}, is(narrowed, yesterday, 0), today, nil, ""},
		{"it is narrowed and the same is asked for", OpenRequest{Run: narrowed}, is(narrowed, yesterday, 0), yesterday, nil, ""},
		{"it is narrowed to another", OpenRequest{Run: Run{Environments: ids, Only: ids[1:]}}, is(narrowed, yesterday, 0), today, nil, ""},
		{"it is dry", OpenRequest{Run: asked, At: today, Named: true}, is(dry, yesterday, 0), today, nil, ""},
		{"it is dry and so is what is asked for", OpenRequest{Run: dry}, is(dry, yesterday, 0), yesterday, nil, ""},
		{"it is dry and of other settings", OpenRequest{Run: Run{All: true, DryRun: true}}, is(dry, yesterday, 0), today, nil, ""},
		{"a dry run is asked for", OpenRequest{Run: dry}, is(asked, yesterday, 0), yesterday, nil, ""},
		{"the order of environments is nothing", OpenRequest{Run: Run{Environments: []pingone.ID{{2}, {1}, {2}}, DryRun: true}}, is(dry, yesterday, 0), yesterday, nil, ""},

		{"ten minutes ahead", OpenRequest{At: soon}, found{}, soon, nil, ""},
		{"more than ten minutes ahead", OpenRequest{At: far}, found{}, none, ErrClosed, "ahead of the clock, which says " + string(today)},
		{"now, after one that lies far ahead", OpenRequest{}, with(ended(yesterday), far), none, ErrClosed, "ahead"},
		{"a second later than all before", OpenRequest{}, with(ended(yesterday), today), after, nil, ""},
		{"one that a root left as it died", OpenRequest{At: today}, with(ended(yesterday), today), today, nil, ""},
		{"one before what a root left", OpenRequest{At: today}, with(ended(yesterday), after), none, ErrClosed, string(after)},
		{"one that another root left, and one is open", OpenRequest{At: after}, with(is(asked, today, 0), after), today, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := decide(test.asked, test.found, now)
			if got != test.want || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("got %q, error %v; want %q, %v", got, err, test.want, test.err)
			}
			if err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("error does not say %q: %v", test.says, err)
			}
		})
	}
}
