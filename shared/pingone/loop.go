package pingone

import (
	"hash/maphash"
	"slices"
)

const (
	// maxRepeats is how many pages running may show items that one of the pages
	// before them showed. PingOne may show a page twice while its data moves; a
	// list that does nothing else has no end, however new its cursors are.
	maxRepeats = 3
	// recent is how many pages back that is looked for.
	recent = 8
	// maxEmpty is how many pages running may show nothing: a filter, or a role
	// that sees a part, leaves some empty, and not a million users in a row.
	maxEmpty = 1000
)

// A loop finds out that the pages of a list go round.
type loop struct {
	seen    map[string]bool // links that were followed
	seed    maphash.Seed
	shown   []uint64 // hashes of the items of the latest pages that had any
	repeats int      // pages running whose items were among these
	empty   int      // pages running that had none
}

func newLoop() *loop { return &loop{seen: map[string]bool{}, seed: maphash.MakeSeed()} }

// closes tells whether a page, read at a link, ends the list as a loop: it names
// a link that was followed already, or its items were shown too often, or too
// many showed none.
func (l *loop) closes(link string, page Page) bool {
	l.seen[link] = true
	if page.Next == "" {
		return false
	}
	l.look(page)
	return l.seen[page.Next] || l.repeats >= maxRepeats || l.empty >= maxEmpty
}

func (l *loop) look(page Page) {
	if page.Records == 0 {
		l.empty++
		return
	}
	l.empty = 0
	sum := maphash.Bytes(l.seed, page.items)
	if slices.Contains(l.shown, sum) {
		l.repeats++
		return
	}
	l.repeats = 0
	l.shown = append(l.shown[max(0, len(l.shown)-recent+1):], sum)
}
