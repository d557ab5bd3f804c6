package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

func TestLinesSayWhatGoesOn(t *testing.T) {
	t.Parallel()
	var out buffer
	l := newLines(world{Stderr: &out}, false)
	defer l.close()
	l.now() // nothing goes on yet
	l.reading(fetch.Progress{Collection: staging.RoleAssignments, Lists: 1200, Total: 5131, Records: 3})
	l.reading(fetch.Progress{Collection: staging.Users, Records: 2000})
	l.reading(fetch.Progress{Collection: staging.Roles, Lists: 1, Total: 3, Records: 20})
	l.now()
	l.read(staging.Users, fetch.Result{Records: 5000, Carried: 1200}, nil)
	l.read(staging.Roles, fetch.Result{Records: 20}, errors.New("broken"))
	l.read(staging.RoleAssignments, fetch.Result{Records: 62}, nil)
	l.posting(transform.Progress{Kind: "serviceAccounts", Posted: 1000})
	l.now()
	l.posting(transform.Progress{Kind: "serviceAccounts", Posted: 1234, Done: true})
	l.now()
	l.posting(transform.Progress{ReadingBack: true})
	l.now()
	want := `  … users 2,000 records, roles 20 records, 1 of 3 lists, roleassignments 3 records, 1,200 of 5,131 lists
  read users                       5,000 records, 1,200 carried forward
  read roles                          20 records, stopped
  read roleassignments                62 records
  … service accounts 1,000
  post service accounts            1,234 records
  … waiting until Authomize shows what was posted
`
	if diff := cmp.Diff(want, out.take()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
