package pingone

import "hash/maphash"

// maxRepeats is how many pages running may show the same items as the page
// before them. PingOne may show a page twice while its data moves; a list that
// does nothing else has no end, however new its cursors are.
const maxRepeats = 3

// A loop finds out that the pages of a list go round.
type loop struct {
	seen    map[string]bool // links that were followed
	seed    maphash.Seed
	last    uint64 // hash of the items of the page before
	repeats int    // pages running that showed them again
}

func newLoop() *loop { return &loop{seen: map[string]bool{}, seed: maphash.MakeSeed()} }

// closes tells whether a page, read at a link, ends the list as a loop: it names
// a link that was followed already, or its items were shown too often.
func (l *loop) closes(link string, page Page) bool {
	l.seen[link] = true
	if page.Next == "" {
		return false
	}
	sum := maphash.Bytes(l.seed, page.items)
	if len(page.items) > 0 && sum == l.last {
		l.repeats++
	} else {
		l.last, l.repeats = sum, 0
	}
	return l.seen[page.Next] || l.repeats >= maxRepeats
}
