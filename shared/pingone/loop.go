package pingone

import (
	"hash/maphash"
	"slices"
)

const (
	// maxRepeats is how many pages in a row may show what one of the pages before
	// showed. PingOne may show a page twice while its data moves; a list that does
	// nothing else has no end, however new its cursors are.
	maxRepeats = 3
	// recent is how many pages back that is looked for.
	recent = 8
	// maxEmpty is how many pages in a row may show nothing: a filter, or a role
	// that sees a part, leaves some empty, and not a million users.
	maxEmpty = 1000
)

// A loop finds out that the pages of a list go round.
type loop struct {
	seen    map[string]bool // links that were followed
	seed    maphash.Seed
	shown   []uint64 // hashes of the latest pages that had items
	repeats int
	empty   int
}

func newLoop() *loop { return &loop{seen: map[string]bool{}, seed: maphash.MakeSeed()} }

// closes tells whether a page, read at a link, ends the list as a loop.
func (l *loop) closes(link string, page Page) bool {
	l.seen[link] = true
	if page.Next == "" {
		return false
	}
	sum := maphash.Bytes(l.seed, page.items)
	switch {
	case page.Records == 0:
		l.empty++
	case slices.Contains(l.shown, sum):
		l.empty = 0
		l.repeats++
	default:
		l.empty, l.repeats = 0, 0
		l.shown = append(l.shown[max(0, len(l.shown)-recent+1):], sum)
	}
	return l.seen[page.Next] || l.repeats >= maxRepeats || l.empty >= maxEmpty
}
