package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// progress shows how far a run is. All methods are safe for concurrent use.
type progress interface {
	reading(fetch.Progress)
	// read ends the reading of a collection.
	read(staging.Collection, fetch.Result, error)
	posting(transform.Progress)
	// close ends all showing.
	close()
}

func newProgress(w world, dryRun bool) progress {
	verb := "post"
	if dryRun {
		verb = "map"
	}
	if w.Terminal {
		return newBars(w.Stderr, verb)
	}
	return newLines(w, verb, linesEvery)
}

// linesEvery is how often a run says where it is.
const linesEvery = 5 * time.Second

// lines writes a line when something has ended, and now and then one about
// what goes on.
type lines struct {
	w    world
	verb string // what is done with records: post, or map in a dry run
	stop chan struct{}
	done chan struct{}

	mu   sync.Mutex
	open map[staging.Collection]fetch.Progress
	kind transform.Progress
}

func newLines(w world, verb string, every time.Duration) *lines {
	l := &lines{w: w, verb: verb, stop: make(chan struct{}), done: make(chan struct{}), open: map[staging.Collection]fetch.Progress{}}
	go l.tick(every)
	return l
}

func (l *lines) tick(every time.Duration) {
	defer close(l.done)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.now()
		}
	}
}

// now says what goes on.
func (l *lines) now() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var parts []string
	for _, c := range staging.Collections {
		if p, ok := l.open[c]; ok {
			parts = append(parts, fmt.Sprintf("%s %s", c, howFar(p)))
		}
	}
	switch k := l.kind; {
	case k.ReadingBack:
		parts = append(parts, readingBack)
	case k.Kind != "" && !k.Done:
		parts = append(parts, fmt.Sprintf("%s %s", report.KindName(string(k.Kind)), report.Number(k.Posted)))
	}
	if len(parts) > 0 {
		l.w.say("  … %s", strings.Join(parts, ", "))
	}
}

func (l *lines) reading(p fetch.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[p.Collection] = p
}

func (l *lines) read(c staging.Collection, r fetch.Result, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	l.w.say("  read %-22s %10s %s", c, report.Number(r.Records), ending(r, err))
}

func (l *lines) posting(p transform.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kind = p
	if p.Done && !p.ReadingBack {
		l.w.say("  %-4s %-22s %10s records", l.verb, report.KindName(string(p.Kind)), report.Number(p.Posted))
	}
}

func (l *lines) close() {
	close(l.stop)
	<-l.done
}
