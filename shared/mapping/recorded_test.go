package mapping_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
)

// recorded reads bodies of real replies. They are not part of the repository;
// CI has them, and says so by REQUIRE_SHARED.
func recorded(t *testing.T, file string) []byte {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", "recorded")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("REQUIRE_SHARED") != "" {
			t.Fatalf("no recorded replies, and REQUIRE_SHARED is set: %v", err)
		}
		t.Skipf("no recorded replies: %v", err)
	}
	return read(t, filepath.Join(dir, file))
}

func TestRecordedEnvironment(t *testing.T) {
	t.Parallel()
	e := decode[pingone.Environment](t, recorded(t, "environment.json"))
	var out output
	r, ws := mapping.Environment(&e)
	out.add(r)
	out.warn(ws)
	compare(t, "recorded-environment", []output{out})
}

func TestRecordedUsers(t *testing.T) {
	t.Parallel()
	embeddedCases(t, "users", user)
}

func TestRecordedGroups(t *testing.T) {
	t.Parallel()
	embeddedCases(t, "groups", rows["group"])
}

func TestRecordedRoles(t *testing.T) {
	t.Parallel()
	embeddedCases(t, "roles", role)
}

// TestRecordedRolePermissions puts the permissions of real roles on a role of
// our own, so that they and not the id decide.
func TestRecordedRolePermissions(t *testing.T) {
	t.Parallel()
	embeddedCases(t, "roles", func(t *testing.T, in input) (out output) {
		r := decode[pingone.Role](t, in.Resource)
		r.ID = pingone.ID{15: 1}
		r.Type = "CUSTOM"
		p, ws := mapping.PrivilegeOf(&r)
		out.add(p)
		out.warn(ws)
		return out
	}, "permissions")
}

func TestRecordedApplications(t *testing.T) {
	t.Parallel()
	embeddedCases(t, "applications", func(t *testing.T, in input) output {
		in.ScopeName = "Recorded"
		out := rows["application"](t, in)
		who := applicationAccess(t, in)
		out.Access = who.Access
		out.Records = append(out.Records, who.Records...)
		out.Warnings = append(out.Warnings, who.Warnings...)
		if account := rows["service-account"](t, in); *account.Acts {
			out.Records = append(out.Records, account.Records...)
		}
		return out
	})
}

// embeddedCases maps every resource of a recorded page.
func embeddedCases(t *testing.T, collection string, row func(*testing.T, input) output, suffix ...string) {
	t.Helper()
	page := decode[struct {
		Embedded map[string][]jsontext.Value `json:"_embedded"`
	}](t, recorded(t, collection+".json"))
	var got []output
	for _, resource := range page.Embedded[collection] {
		got = append(got, row(t, input{Resource: resource}))
	}
	compare(t, strings.Join(append([]string{"recorded", collection}, suffix...), "-"), got)
}
