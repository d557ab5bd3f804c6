package fetch

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

func TestJudgeGone(t *testing.T) {
	t.Parallel()
	by := func(edit func(*evidence)) evidence {
		e := evidence{answer: notThere, rights: true, sibling: true, counted: true}
		edit(&e)
		return e
	}
	for name, tt := range map[string]struct {
		e    evidence
		want staging.Witness
	}{
		"404 and our rights":                        {by(func(*evidence) {}), staging.WitnessRights},
		"404 and the feed":                          {evidence{answer: notThere, ended: true}, staging.WitnessFeed},
		"404 and nobody":                            {evidence{answer: notThere}, ""},
		"404, our rights are narrower":              {by(func(e *evidence) { e.rights = false }), ""},
		"404, nothing of its list answers":          {by(func(e *evidence) { e.sibling = false }), ""},
		"404, more are counted than shown":          {by(func(e *evidence) { e.counted = false }), ""},
		"404, our rights go with it":                {by(func(e *evidence) { e.byFeedOnly = true }), ""},
		"404, our rights go with it, and the feed":  {by(func(e *evidence) { e.byFeedOnly, e.ended = true, true }), staging.WitnessFeed},
		"403 and the feed":                          {by(func(e *evidence) { e.answer, e.ended = forbidden, true }), ""},
		"403, our rights go with it, and the feed":  {by(func(e *evidence) { e.answer, e.byFeedOnly, e.ended = forbidden, true, true }), staging.WitnessFeed},
		"403, our rights go with it":                {by(func(e *evidence) { e.answer, e.byFeedOnly = forbidden, true }), ""},
		"there, whatever the feed says":             {by(func(e *evidence) { e.answer, e.ended = there, true }), ""},
		"unclear, whatever the feed says":           {by(func(e *evidence) { e.answer, e.ended = unclear, true }), ""},
		"direct before, and INDIRECT by the answer": {evidence{answer: inherited}, staging.WitnessAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, gone := judgeGone(tt.e); got != tt.want || gone != (tt.want != "") {
				t.Errorf("got %q, %t, want %q", got, gone, tt.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	refuse := func(status int) error { return &pingone.Error{Status: status, Path: "/v1/x"} }
	for name, tt := range map[string]struct {
		l    look
		want staging.Ending
	}{
		"whole":                             {look{counted: 3, shown: 3}, staging.Whole},
		"more than counted":                 {look{counted: 3, shown: 4}, staging.Whole},
		"nobody counts":                     {look{counted: uncounted, shown: 0}, staging.Whole},
		"short once":                        {look{counted: 3, shown: 2}, staging.Deferred},
		"short twice":                       {look{counted: 3, shown: 2, second: true}, staging.Ending(staging.Short)},
		"short as before":                   {look{counted: 3, shown: 2, before: &numbers{4, 3}, second: true}, staging.Whole},
		"short by more than before":         {look{counted: 5, shown: 2, before: &numbers{4, 3}, second: true}, staging.Ending(staging.Short)},
		"short, and no fewer than before":   {look{counted: 5, shown: 3, before: &numbers{3, 3}}, staging.Whole},
		"lost more than it has pages":       {look{counted: uncounted, shown: 3, pages: 1, before: &numbers{uncounted, 5}}, staging.Deferred},
		"lost as many as it has pages":      {look{counted: uncounted, shown: 3, pages: 2, before: &numbers{uncounted, 5}}, staging.Whole},
		"lost more than it has pages twice": {look{counted: uncounted, shown: 3, pages: 1, before: &numbers{uncounted, 5}, second: true}, staging.Whole},
		"a page announced more":             {look{counted: uncounted, shown: 3, cut: true, second: true}, staging.Ending(staging.Short)},
		"refused once":                      {look{err: refuse(403)}, staging.Deferred},
		"refused twice":                     {look{err: refuse(403), second: true}, staging.Ending(staging.Refused)},
		"not found twice":                   {look{err: refuse(404), second: true}, staging.Ending(staging.Refused)},
		"refused in a leaving environment":  {look{err: refuse(403), second: true, leaving: true}, staging.Ending(staging.Unlisted)},
		"refused, and optional":             {look{err: refuse(403), optional: true}, staging.Whole},
		"not found, optional, empty before": {look{err: refuse(404), optional: true, before: &numbers{uncounted, 0}}, staging.Whole},
		"refused, optional, held something": {look{err: refuse(403), optional: true, before: &numbers{uncounted, 1}, second: true}, staging.Ending(staging.Refused)},
		"fails, and optional":               {look{err: refuse(500), optional: true}, staging.Deferred},
		"a bad request twice":               {look{err: refuse(400), second: true}, staging.Ending(staging.Failed)},
		"fails once":                        {look{err: refuse(500)}, staging.Deferred},
		"fails twice, others are answered":  {look{err: refuse(500), second: true, up: true}, staging.Ending(staging.Failed)},
		"fails twice, nothing is answered":  {look{err: refuse(500), second: true}, ""},
		"goes round twice":                  {look{err: pingone.ErrPageLoop, second: true}, staging.Ending(staging.Failed)},
		"too many requests, and nothing up": {look{err: refuse(429), second: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := judge(tt.l); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for err, want := range map[error]bool{
		pingone.ErrCredentials: true, errors.New("the disk is full"): true, refuse(403): false, refuse(500): false, pingone.ErrBadLink: false,
	} {
		if isFatal(err) != want {
			t.Errorf("%v: fatal is %t, want %t", err, !want, want)
		}
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	old, young := now.Add(-25*time.Hour), now.Add(-time.Hour)
	three, none := 3, 0
	read := func(at time.Time, shown int32, c staging.Carried) *before {
		return &before{at: at, counted: shown, shown: shown, carried: c}
	}
	for name, tt := range map[string]struct {
		due           collection.Due
		l             collection.List
		before        *before
		changed, deaf bool
		want          class
		skip          bool
	}{
		"each run":                           {due: collection.EachRun, before: read(young, 3, ""), want: isOld},
		"daily, young":                       {due: collection.Daily, before: read(young, 3, ""), want: notDue},
		"daily, old":                         {due: collection.Daily, before: read(old, 3, ""), want: isOld},
		"daily, never":                       {due: collection.Daily, want: isNever},
		"daily, the feed names it":           {due: collection.Daily, before: read(young, 3, ""), changed: true, want: isFirst},
		"daily, the feed can't be read":      {due: collection.Daily, before: read(young, 3, ""), deaf: true, want: isOld},
		"daily, the count differs":           {due: collection.Daily, l: collection.List{Counted: &none}, before: read(young, 3, ""), want: isFirst},
		"daily, the count is the same":       {due: collection.Daily, l: collection.List{Counted: &three}, before: read(young, 3, ""), want: notDue},
		"daily, dynamic":                     {due: collection.Daily, l: collection.List{Always: true}, before: read(young, 3, ""), want: isOld},
		"by age, the feed can't be read":     {due: collection.ByAge, before: read(young, 3, ""), deaf: true, want: notDue},
		"refused before":                     {due: collection.ByAge, before: read(young, 3, staging.Refused), want: isFirst},
		"short before":                       {due: collection.ByAge, before: read(young, 3, staging.Short), want: isFirst},
		"not asked before":                   {due: collection.ByAge, before: read(young, 3, staging.NotAsked), want: notDue},
		"unlikely, never read":               {due: collection.ByAge, l: collection.List{Unlikely: true}, skip: true},
		"unlikely, it held something":        {due: collection.ByAge, l: collection.List{Unlikely: true}, before: read(old, 3, ""), want: isOld},
		"unlikely, it held nothing":          {due: collection.ByAge, l: collection.List{Unlikely: true}, before: read(old, 0, ""), skip: true},
		"unlikely, the feed names it":        {due: collection.ByAge, l: collection.List{Unlikely: true}, changed: true, want: isFirst},
		"unlikely, it was refused":           {due: collection.ByAge, l: collection.List{Unlikely: true}, before: read(old, uncounted, staging.Refused), want: isFirst},
		"bulk is first, whatever else is so": {due: collection.ByAge, l: collection.List{Bulk: true, Always: true}, before: read(young, 3, ""), want: isFirst},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules{
				due: tt.due, now: now, maxAge: day,
				changed: func(*collection.List) bool { return tt.changed }, whole: func(*collection.List) bool { return !tt.deaf },
			}
			got, skip := r.of(&tt.l, tt.before)
			if got != tt.want || skip != tt.skip {
				t.Errorf("got %d, %t, want %d, %t", got, skip, tt.want, tt.skip)
			}
		})
	}
}

// What was asked for by itself is held by its list, and dates it only where no page
// of it is there.
func TestReadingsHoldWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	list := staging.ListKey{Path: "/v1/x"}
	single := entry{list: hashOf(list), at: 20, counted: uncounted, shown: uncounted, holds: true, single: true}
	page := entry{list: hashOf(list), at: 50, counted: 1, shown: 0, reason: reasonOf(staging.NotDue)}
	if got := (readings{single, page}).merged().of(list); got.at.UnixMilli() != 50 || got.shown != 0 || !got.holds || got.carried != staging.NotDue {
		t.Errorf("a page and a single tie: %+v", got)
	}
	if got := (readings{single}).merged().of(list); got.at.UnixMilli() != 20 || !got.holds {
		t.Errorf("a single tie: %+v", got)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	all := []candidate{
		{ordinal: 1, at: 30}, {ordinal: 2, at: 10}, {ordinal: 3, class: isNever}, {ordinal: 4, class: isOld, at: 5},
		{ordinal: 5, class: isFirst}, {ordinal: 6, at: 20}, {ordinal: 7, class: isNever}, {ordinal: 8, at: 40},
		{ordinal: 9, class: isOld, at: 5, pages: 7},
	}
	for name, tt := range map[string]struct {
		share float64
		most  int
		want  []int32
		never []int32
	}{
		"what is due, and no share":    {0, 100, []int32{5, 3, 7, 9, 4}, nil},
		"a quarter of the others":      {0.25, 100, []int32{5, 3, 7, 9, 4, 2}, nil},
		"half of them, oldest first":   {0.5, 100, []int32{5, 3, 7, 9, 4, 2, 6}, nil},
		"no more than all":             {3, 100, []int32{5, 3, 7, 9, 4, 2, 6, 1, 8}, nil},
		"as many as there is time for": {1, 2, []int32{5, 3}, []int32{7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chosen, never := choose(slices.Clone(all), tt.share, tt.most)
			var got []int32
			for _, c := range chosen {
				got = append(got, c.ordinal)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("chosen (-want +got):\n%s", diff)
			}
			var left []int32
			for _, c := range never {
				left = append(left, c.ordinal)
			}
			if diff := cmp.Diff(tt.never, left); diff != "" {
				t.Errorf("never read (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	env, other, role := pingone.ID{1}, pingone.ID{2}, pingone.ID{3}
	on := func(kind string, scope pingone.ID) staging.Right {
		return staging.Right{Role: role, ScopeType: kind, Scope: scope}
	}
	of := func(held ...staging.Right) staging.Rights { return staging.Rights{Read: true, Held: held} }
	for name, tt := range map[string]struct {
		now, then staging.Rights
		want      bool
	}{
		"the same":                  {of(on("ENVIRONMENT", env)), of(on("ENVIRONMENT", env)), true},
		"wider":                     {of(on("ENVIRONMENT", env), on("POPULATION", other)), of(on("ENVIRONMENT", env)), true},
		"narrower":                  {of(), of(on("ENVIRONMENT", env)), false},
		"narrower elsewhere":        {of(on("ENVIRONMENT", env)), of(on("ENVIRONMENT", env), on("ENVIRONMENT", other)), true},
		"a population in its place": {of(on("POPULATION", other)), of(on("ENVIRONMENT", env)), false},
		"a population less":         {of(on("ENVIRONMENT", env)), of(on("ENVIRONMENT", env), on("POPULATION", other)), true},
		"the organization before, and all of the environment":               {of(on("ENVIRONMENT", env)), of(on("ORGANIZATION", other)), true},
		"the organization in its place":                                     {of(on("ORGANIZATION", other)), of(on("ENVIRONMENT", env)), true},
		"on a population, then and now: what moved from it is out of sight": {of(on("POPULATION", other)), of(on("POPULATION", other)), false},
		"on a population, and on the environment": {
			of(on("POPULATION", other), on("ENVIRONMENT", env)), of(on("POPULATION", other), on("ENVIRONMENT", env)), true,
		},
		"not known now":  {staging.Rights{Held: of(on("ENVIRONMENT", env)).Held}, of(on("ENVIRONMENT", env)), false},
		"not known then": {of(on("ENVIRONMENT", env)), staging.Rights{Held: of(on("ENVIRONMENT", env)).Held}, false},
		"held nothing that explains what was shown": {of(on("ENVIRONMENT", other)), of(on("ENVIRONMENT", other)), false},
	} {
		if got := covers(tt.now, tt.then, env); got != tt.want {
			t.Errorf("%s: got %t, want %t", name, got, tt.want)
		}
	}
	at := func(h int) time.Time { return time.Date(2026, 11, 23, h, 0, 0, 0, time.UTC) }
	history := []staging.Rights{{At: at(1), Read: true}, {At: at(3), Read: true, Held: []staging.Right{on("ENVIRONMENT", env)}}}
	for hour, want := range map[int]staging.Rights{0: {}, 1: history[0], 2: history[0], 3: history[1], 9: history[1]} {
		if diff := cmp.Diff(want, rightsAt(history, at(hour))); diff != "" {
			t.Errorf("at %d (-want +got):\n%s", hour, diff)
		}
	}
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	hours := func(h int) time.Time { return time.Date(2026, 11, 23, h, 0, 0, 0, time.UTC) }
	c := candidates{most: 3, of: map[uint64]*absent{}}
	var waits []uint64
	for _, a := range []*absent{
		{key: 1, asked: hours(5)}, {key: 2}, {key: 3, asked: hours(1)}, {key: 4, asked: hours(9), ended: true},
		{key: 2, shown: hours(2)}, {key: 5, asked: hours(7)},
	} {
		if w := c.add(a); w != nil {
			waits = append(waits, w.key)
		}
	}
	slices.SortFunc(c.all, (*absent).before)
	var first []uint64
	for _, a := range c.all {
		first = append(first, a.key)
	}
	if diff := cmp.Diff([]uint64{4, 2, 3}, first); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint64{1, 5}, waits); diff != "" {
		t.Errorf("have to wait (-want +got):\n%s", diff)
	}
	if !c.of[2].shown.Equal(hours(2)) {
		t.Errorf("shown last at %s, want the later time", c.of[2].shown)
	}
}
