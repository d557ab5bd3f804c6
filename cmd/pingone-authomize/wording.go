package main

import (
	"fmt"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// ending says how the reading of a collection ended.
func ending(r fetch.Result, err error) string {
	switch {
	case err != nil:
		return "records, stopped"
	case r.Carried > 0:
		return fmt.Sprintf("records, %s carried forward", report.Number(r.Carried))
	}
	return "records"
}

func howFar(p fetch.Progress) string {
	text := report.Number(p.Records) + " records"
	if p.Total > 0 {
		text += fmt.Sprintf(", %s of %s lists", report.Number(p.Lists), report.Number(p.Total))
	}
	return text
}

// progressOf is how far a manifest says that a reading is.
func progressOf(m *staging.Manifest) fetch.Progress {
	p := fetch.Progress{Collection: m.Collection, Pages: m.Pages, Records: m.Records}
	for _, e := range m.Progress.Ended() {
		if e != staging.Deferred {
			p.Lists++
		}
	}
	if m.Plan != nil {
		p.Total = m.Plan.Lists
	}
	return p
}

// readingBack says what a transform does after its last post.
const readingBack = "waiting until Authomize shows what was posted"
