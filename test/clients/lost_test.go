package clients_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// known are the members that the clients don't have, and why PingOne may send
// them nevertheless.
var known = map[string]string{
	"groups.checkSum":                  "recorded",
	"groups.createdAt":                 "recorded",
	"groups.updatedAt":                 "recorded",
	"groups.directMemberCounts.groups": "recorded",
	"roles.canAssign":                  "recorded",
	"roles.type":                       "the filter that the documentation has for it tells it of built-in roles too",
	"users.address2":                   "an attribute of the organization's own",
	"users.badges":                     "an attribute of the organization's own",
	"users.costCenter":                 "an attribute of the organization's own",
	"users.onCall":                     "an attribute of the organization's own",
	// The client's model of PING_ONE_ADMIN_CONSOLE holds two fields.
	"applications.accessControl": "recorded",
	"applications.createdAt":     "recorded",
	"applications.enabled":       "recorded",
	"applications.environment":   "recorded",
	"applications.id":            "recorded",
	"applications.name":          "recorded",
	"applications.protocol":      "recorded",
	"applications.type":          "recorded",
	"applications.updatedAt":     "recorded",
}

// lost are the members of a reply that its decoded form doesn't have any more:
// no description has them.
func lost(t *testing.T, list string, body []byte, decoded any) []string {
	t.Helper()
	again, err := json.Marshal(decoded)
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	var before, after any
	if err := json.Unmarshal(body, &before); err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	if err := json.Unmarshal(again, &after); err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	found := map[string]bool{}
	compare(list, before, after, found)
	maps.DeleteFunc(found, func(member string, _ bool) bool {
		return known[strings.Replace(member, list+"._embedded.", "", 1)] != ""
	})
	return slices.Sorted(maps.Keys(found))
}

// compare finds what before has and after lacks. Links are not compared: each
// item has its own.
func compare(path string, before, after any, found map[string]bool) {
	switch b := before.(type) {
	case map[string]any:
		a, _ := after.(map[string]any)
		for k, v := range b {
			if k == "_links" {
				continue
			}
			if _, ok := a[k]; !ok {
				found[path+"."+k] = true
				continue
			}
			compare(path+"."+k, v, a[k], found)
		}
	case []any:
		a, _ := after.([]any)
		for i, v := range b {
			if i < len(a) {
				compare(path, v, a[i], found)
			}
		}
		if len(a) != len(b) {
			found[path+" of the same length"] = true
		}
	}
}
