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

// linesEvery is how often a run says where it is.
const linesEvery = 5 * time.Second

// lines shows how far a run is: a line when something has ended, and now and
// then one about what goes on. All methods are safe for concurrent use.
type lines struct {
	w      world
	verb   string // what is done with records: post, or map in a dry run
	stop   chan struct{}
	ticker sync.WaitGroup

	mu   sync.Mutex
	open map[staging.Collection]fetch.Progress
	kind transform.Progress
}

func newLines(w world, dryRun bool) *lines {
	l := &lines{w: w, verb: "post", stop: make(chan struct{}), open: map[staging.Collection]fetch.Progress{}}
	if dryRun {
		l.verb = "map"
	}
	l.ticker.Go(func() {
		ticker := time.NewTicker(linesEvery)
		defer ticker.Stop()
		for {
			select {
			case <-l.stop:
				return
			case <-ticker.C:
				l.now()
			}
		}
	})
	return l
}

// close ends all showing.
func (l *lines) close() {
	close(l.stop)
	l.ticker.Wait()
}

// now says what goes on.
func (l *lines) now() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var parts []string
	for _, c := range staging.Collections {
		p, isOpen := l.open[c]
		if !isOpen {
			continue
		}
		part := fmt.Sprintf("%s %s records", c, report.Number(p.Records))
		if p.Total > 0 {
			part += fmt.Sprintf(", %s of %s lists", report.Number(p.Lists), report.Number(p.Total))
		}
		parts = append(parts, part)
	}
	switch k := l.kind; {
	case k.ReadingBack:
		parts = append(parts, "waiting until Authomize shows what was posted")
	case k.Kind != "" && !k.Done:
		parts = append(parts, report.KindName(string(k.Kind))+" "+report.Number(k.Posted))
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

// read ends the reading of a collection.
func (l *lines) read(c staging.Collection, r fetch.Result, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	ending := ""
	switch {
	case err != nil:
		ending = ", stopped"
	case r.Carried > 0:
		ending = ", " + report.Number(r.Carried) + " carried forward"
	}
	l.w.say("  read %-22s %10s records%s", c, report.Number(r.Records), ending)
}

func (l *lines) posting(p transform.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kind = p
	if p.Done && !p.ReadingBack {
		l.w.say("  %-4s %-22s %10s records", l.verb, report.KindName(string(p.Kind)), report.Number(p.Posted))
	}
}
