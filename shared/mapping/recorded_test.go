package mapping_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
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
	compare(t, "recorded-environment", []output{rows["environment"](t, input{Resource: recorded(t, "environment.json")})})
}

func TestRecordedLists(t *testing.T) {
	t.Parallel()
	embeddedCases(t, "users", user)
	embeddedCases(t, "groups", rows["group"])
	embeddedCases(t, "roles", rows["role-built-in"])
	// The permissions of real roles on a role of our own, so that they and not the
	// id decide.
	embeddedCases(t, "roles", of(func(r *pingone.Role) (authomize.Privilege, []mapping.Warning) {
		r.ID, r.Type = pingone.ID{15: 1}, "CUSTOM"
		return mapping.PrivilegeOf(r)
	}), "permissions")
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
func embeddedCases(t *testing.T, collection string, row row, suffix ...string) {
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
