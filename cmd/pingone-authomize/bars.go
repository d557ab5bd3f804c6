package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/collection"
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
	for _, c := range collection.All {
		line := b.add("read", string(c.Name))
		if len(c.Inputs) > 0 {
			line.setNote("waiting for its inputs")
		}
		b.collections[c.Name] = line
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
	line.SetTotal(int64(p.Total)*100+1, false) // only finish fills it
	line.SetCurrent(int64(p.Lists) * 100)
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
	verb, name, note := b.verb, report.KindName(string(p.Kind)), report.Number(p.Posted)+" records"
	if p.ReadingBack {
		p, verb, name, note = transform.Progress{}, "ask", "Authomize", readingBack
	}
	line := b.kinds[p.Kind]
	if line == nil {
		line = b.add(verb, name)
		b.kinds[p.Kind] = line
	}
	if p.Done {
		line.finish(note)
		return
	}
	line.setNote(note)
	// How many there will be shows only at the last.
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
