// Package sweep says whether a run may delete what it did not refresh, and
// what a person may overrule. It is pure: evidence in, reasons out.
package sweep

// maxIDs is how many ids a reason lists.
const maxIDs = 100

// Judge says why nothing may be deleted; no reason means that all of it may
// go that was not refreshed.
func Judge(e Evidence) []Reason {
	var all []Reason
	for _, rule := range Rules {
		r, holds := rule.judge(&e)
		if !holds {
			continue
		}
		r.Code, r.Do = rule.Code, rule.Do
		r.Approvable = rule.Approvable && (!rule.afterReading || len(e.Lists.Waiting) == 0)
		if rule.afterReading && r.Approvable {
			r.Needs = e.Lists.Carried
		}
		r.Count = max(r.Count, int64(len(r.IDs)))
		r.IDs = r.IDs[:min(len(r.IDs), maxIDs)]
		all = append(all, r)
	}
	return all
}
