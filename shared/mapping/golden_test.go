package mapping_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// An input is one case of a testdata/<row>/in.json: a resource as PingOne
// sends it, and what a caller knows besides.
type input struct {
	Case        string         `json:"case"`
	Resource    jsontext.Value `json:"resource"`
	Population  string         `json:"population"`
	RoleName    string         `json:"roleName"`
	ScopeName   string         `json:"scopeName"`
	Environment pingone.ID     `json:"environment"`
	Child       pingone.ID     `json:"child"`
	Parent      pingone.ID     `json:"parent"`
	User        pingone.ID     `json:"user"`
	Group       pingone.ID     `json:"group"`
	// Pages are the replies about a user's devices that could be read.
	Pages []jsontext.Value `json:"pages"`
}

// An output is one case of a want.json.
type output struct {
	Case     string            `json:"case,omitzero"`
	Records  []record          `json:"records,omitempty"`
	Access   *access           `json:"access,omitzero"`
	Acts     *bool             `json:"isServiceAccount,omitzero"`
	Known    *bool             `json:"scopeDocumented,omitzero"`
	Warnings []mapping.Warning `json:"warnings,omitempty"`
	// Malformed is how many records the caller puts into quarantine.
	Malformed int `json:"malformed,omitzero"`
}

type record struct {
	Kind   authomize.Kind   `json:"kind"`
	Record authomize.Record `json:"record"`
}

type access struct {
	Kind   mapping.AccessKind `json:"kind"`
	Groups []pingone.ID       `json:"groups,omitempty"`
}

func (o *output) add(records ...authomize.Record) {
	for _, r := range records {
		o.Records = append(o.Records, record{r.Kind(), r})
	}
}

// A row maps a case.
type row = func(t *testing.T, in input) output

// of is the row of a resource that becomes one record.
func of[T any, R authomize.Record](mapped func(*T) (R, []mapping.Warning)) row {
	return func(t *testing.T, in input) (out output) {
		resource := decode[T](t, in.Resource)
		r, ws := mapped(&resource)
		out.add(r)
		out.Warnings = ws
		return out
	}
}

// rows maps the cases of each folder of testdata.
var rows = map[string]row{
	"environment": of(mapping.Environment),
	"environment-referred": func(_ *testing.T, in input) (out output) {
		r, _ := mapping.Environment(&pingone.Environment{ID: in.Environment})
		out.add(r)
		return out
	},
	"population": func(t *testing.T, in input) (out output) {
		p := decode[pingone.Population](t, in.Resource)
		out.add(mapping.Population(&p), mapping.PopulationInheritance(p.Environment.ID, p.ID))
		return out
	},
	"user":       user,
	"user-email": user,
	"user-mfa":   user,
	"user-devices": func(t *testing.T, in input) output {
		u := decode[pingone.User](t, in.Resource)
		var of mapping.Devices
		var d pingone.Decoder[pingone.Device]
		for _, page := range in.Pages {
			devices, broken, err := d.Items(page, pingone.DevicesKey)
			if err != nil {
				t.Fatal(err)
			}
			of = of.Join(mapping.DevicesOf(devices, broken, pingone.IsLast(page)).At(time.Unix(1, 0), true))
		}
		out := output{}
		r, ws := mapping.User(&u, in.Population)
		has, more := mapping.HasMFA(&u, of)
		r.HasMFA = has
		out.add(r)
		out.Warnings = append(ws, more...)
		return out
	},
	"user-name":       user,
	"user-population": user,
	"user-provider":   user,
	"user-sign-on":    user,
	"user-status":     user,
	"group":           of(func(g *pingone.Group) (authomize.Grouping, []mapping.Warning) { return mapping.Group(g), nil }),
	"membership": func(_ *testing.T, in input) (out output) {
		out.add(mapping.Membership(in.User, mapping.GroupID(in.Group)))
		return out
	},
	"nested-group": func(_ *testing.T, in input) (out output) {
		out.add(mapping.Nesting(in.Child, in.Parent))
		return out
	},
	"role-built-in": of(mapping.PrivilegeOf),
	"role-custom":   of(mapping.PrivilegeOf),
	"role-permission": func(t *testing.T, in input) (out output) {
		r := decode[pingone.Role](t, in.Resource)
		for i := range r.Permissions {
			p := &r.Permissions[i]
			if mapping.PermissionID(p) == "" {
				continue
			}
			privilege, ws := mapping.PrivilegeOfPermission(p)
			out.add(privilege, mapping.PermissionGrant(r.ID, p))
			out.Warnings = append(out.Warnings, ws...)
		}
		return out
	},
	"role-unknown":    of(func(r *pingone.Role) (authomize.Privilege, []mapping.Warning) { return mapping.UnknownRole(r.ID) }),
	"role-assignment": roleAssignment,
	"scope":           roleAssignment,
	"scope-referred": func(t *testing.T, in input) (out output) {
		a := decode[pingone.RoleAssignment](t, in.Resource)
		s, _ := mapping.ScopeOf(&a)
		out.add(mapping.ScopeAsset(s, in.ScopeName))
		known := s.Documented()
		out.Known = &known
		return out
	},
	"application":        of(mapping.Application),
	"application-access": applicationAccess,
	"service-account": func(t *testing.T, in input) (out output) {
		a := decode[pingone.Application](t, in.Resource)
		r, acts := mapping.ServiceAccountOfApplication(&a)
		out.add(r)
		out.Acts = &acts
		return out
	},
	"service-account-as-user": of(func(a *pingone.Application) (authomize.ServiceUser, []mapping.Warning) {
		r, _ := mapping.ServiceAccountOfApplication(a)
		return mapping.ServiceUser(r), nil
	}),
	"gateway": of(mapping.ServiceAccountOfGateway),
	"application-role": func(t *testing.T, in input) (out output) {
		r := decode[pingone.ApplicationRole](t, in.Resource)
		out.add(mapping.ApplicationRolePrivilege(&r))
		out.add(mapping.ApplicationRoleGrouping(&r))
		environment, _ := pingone.ParseID("10000000-0000-4000-8000-000000000001")
		out.add(mapping.ApplicationRolePermission(environment, r.ID))
		return out
	},
}

func user(t *testing.T, in input) output {
	return of(func(u *pingone.User) (authomize.User, []mapping.Warning) { return mapping.User(u, in.Population) })(t, in)
}

func roleAssignment(t *testing.T, in input) (out output) {
	a := decode[pingone.RoleAssignment](t, in.Resource)
	s, ok := mapping.ScopeOf(&a)
	if !ok {
		out.Malformed = 1
		return out
	}
	out.add(mapping.RoleGrouping(in.RoleName, a.Role.ID, s, in.ScopeName), mapping.RolePermission(a.Role.ID, s))
	known := s.Documented()
	out.Known = &known
	return out
}

// applicationAccess makes the records that a caller makes of each kind of
// access, but for the members.
func applicationAccess(t *testing.T, in input) (out output) {
	a := decode[pingone.Application](t, in.Resource)
	who, ws := mapping.AccessOf(&a)
	out.Access, out.Malformed, out.Warnings = &access{who.Kind, who.Groups}, who.Malformed, ws

	var g authomize.Grouping
	switch who.Kind {
	case mapping.AccessNobody, mapping.AccessUnreadable:
		return out
	case mapping.AccessGroups:
		for _, id := range who.Groups {
			out.add(mapping.AccessPermission(mapping.GroupID(id), a.ID))
		}
		return out
	case mapping.AccessEveryone:
		g = mapping.AllUsersGrouping(a.Environment.ID, in.ScopeName)
	case mapping.AccessAdmins:
		g = mapping.AdminsGrouping(a.Environment.ID, in.ScopeName)
	case mapping.AccessAllGroups, mapping.AccessAdminsInAnyGroup, mapping.AccessAdminsInAllGroups:
		g = mapping.AppAccessGrouping(a.ID, a.Name)
	default:
		t.Fatalf("access of kind %q is not handled", who.Kind)
	}
	out.add(g, mapping.AccessPermission(g.UniqueID, a.ID))
	return out
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []output
			for _, in := range decode[[]input](t, read(t, filepath.Join("testdata", name, "in.json"))) {
				if in.Case == "" {
					t.Errorf("a case of %s has no name", name)
				}
				out := row(t, in)
				out.Case = in.Case
				got = append(got, out)
			}
			compare(t, name, got)
		})
	}
}

// TestEveryFolderIsTested keeps a golden from lying about unused.
func TestEveryFolderIsTested(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if rows[e.Name()] == nil && !strings.HasPrefix(e.Name(), "recorded-") && e.Name() != "fuzz" {
			t.Errorf("testdata/%s is used by no row", e.Name())
		}
	}
}

func compare(t *testing.T, name string, got []output) {
	t.Helper()
	text, err := json.Marshal(got, jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	path := filepath.Join("testdata", name, "want.json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(read(t, path)), string(text)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decode reads JSON as the replies of PingOne are read.
func decode[T any](t *testing.T, data []byte) (v T) {
	t.Helper()
	err := json.Unmarshal(data, &v, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
