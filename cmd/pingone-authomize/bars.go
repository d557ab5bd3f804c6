package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// barWidth leaves room for name and numbers in 80 columns.
const barWidth = 26

// bars draws one bar a collection, and then one a kind of record.
type bars struct {
	container *mpb.Progress
	verb      string // what is done with records: post, or map in a dry run

	mu          sync.Mutex
	collections map[staging.Collection]*bar
	kinds       map[authomize.Kind]*bar
}

// bar is one line; note is what stands at its end.
type bar struct {
	*mpb.Bar
	mu   sync.Mutex
	note string
}

func newBars(w io.Writer, verb string) *bars {
	b := &bars{
		verb:        verb,
		container:   mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh()),
		collections: map[staging.Collection]*bar{}, kinds: map[authomize.Kind]*bar{},
	}
	for _, c := range staging.Collections {
		b.collections[c] = b.add("read", string(c))
	}
	return b
}

func (b *bars) add(verb, name string) *bar {
	line := &bar{}
	style := mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─")
	line.Bar = b.container.New(0, style, mpb.BarWidth(barWidth),
		mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-4s %s", verb, name), decor.WC{W: 27, C: decor.DindentRight})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return line.noted() }, decor.WC{W: 24})),
	)
	return line
}

func (l *bar) noted() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.note
}

func (l *bar) setNote(note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note = note
}

// finish fills the bar.
func (l *bar) finish(note string) {
	l.setNote(note)
	l.SetTotal(1, false)
	l.SetCurrent(1)
	l.SetTotal(1, true)
}

func (b *bars) reading(p fetch.Progress) {
	line := b.collections[p.Collection]
	line.setNote(howFar(p))
	current, total := share(p)
	line.SetTotal(total+1, false) // only finish fills it
	line.SetCurrent(current)
}

func (b *bars) read(c staging.Collection, r fetch.Result, err error) {
	line := b.collections[c]
	note := report.Number(r.Records) + " " + ending(r, err)
	if err != nil {
		line.setNote(note)
		line.Abort(false)
		return
	}
	line.finish(note)
}

func (b *bars) posting(p transform.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := b.kinds[p.Kind]
	if line == nil {
		line = b.add(b.verb, report.KindName(string(p.Kind)))
		b.kinds[p.Kind] = line
	}
	note := report.Number(p.Posted) + " records"
	if p.Done {
		line.finish(note)
		return
	}
	line.setNote(note)
	// How many there will be is not known before the last.
	line.SetTotal(p.Posted*2, false)
	line.SetCurrent(p.Posted)
}

func (b *bars) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.collections {
		line.Abort(false) // no effect on those that are finished
	}
	for _, line := range b.kinds {
		line.Abort(false)
	}
	b.container.Wait()
}
