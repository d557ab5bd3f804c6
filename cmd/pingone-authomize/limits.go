package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// limits tells the rate limits of each environment's licence, and which pace
// fits them.
func (p pingOneCheck) limits(ctx context.Context, environments []pingone.ID, asked map[pingone.RateGroup]float64) {
	for _, env := range environments {
		f := finding{State: ok, Detail: "PingOne does not tell them"}
		page, err := p.client.Get(ctx, pingone.Capabilities(env))
		if err != nil {
			f.Detail += ": " + err.Error()
		} else if told := pingone.LimitsOf(page.Body); len(told) > 0 {
			f = compareLimits(told, asked)
		}
		f.Check, f.Environment = "rate limits", env.String()
		p.found.all = append(p.found.all, f)
	}
}

// asked is how often a function asks for what draws on each limit.
func asked(fetch map[staging.Collection]config.Fetch) map[pingone.RateGroup]float64 {
	paces := map[pingone.RateGroup]float64{}
	for _, c := range collection.All {
		if c.Name != staging.Devices || fetch[c.Name].Devices {
			paces[c.Limit] = max(paces[c.Limit], fetch[c.Name].PerSecond)
		}
	}
	return paces
}

// compareLimits sets the pace beside what PingOne tells of a licence.
func compareLimits(told, asked map[pingone.RateGroup]float64) finding {
	var limits, over []string
	fits := 0.0
	for _, group := range slices.Sorted(maps.Keys(told)) {
		share := told[group] * pingone.AddressShare
		limits = append(limits, fmt.Sprintf("%s %s (%s)", group, tenths(told[group]), tenths(share)))
		if asked[group] > share {
			over = append(over, tenths(asked[group])+" of "+string(group))
			if fits == 0 || share < fits {
				fits = share
			}
		}
	}
	f := finding{State: ok, Detail: "requests a second for the licence, and in brackets for one address: " + strings.Join(limits, ", ")}
	if len(over) > 0 {
		f.State = warning
		f.Detail += fmt.Sprintf("; a run asks for %s, so PingOne will answer 429: set PINGONE_REQUESTS_PER_SECOND to %s, or allow your address more (docs/operations.md, Rate limits)",
			strings.Join(over, " and "), tenths(fits))
	}
	return f
}

// tenths writes a number without what is less than a tenth.
func tenths(n float64) string { return strconv.FormatFloat(math.Floor(n*10)/10, 'f', -1, 64) }
