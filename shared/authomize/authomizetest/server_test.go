package authomizetest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
)

func TestViolations(t *testing.T) {
	t.Parallel()
	const app = "/v2/apps/fake-app"
	list := func(item string) string { return `{"data":[` + item + `]}` }
	user := func(more string) string { return list(`{"uniqueId":"user:1"` + more + `}`) }
	post := func(kind authomize.Kind, body string) [3]string { return [3]string{"POST", app + kind.Path(), body} }
	tests := []struct {
		name    string
		request [3]string
		header  []string
		status  int
		want    string // in the one violation
	}{
		{"unknown path", [3]string{"GET", "/v2/nothing", ""}, nil, 404, "no such route"},
		{"other app", [3]string{"POST", "/v2/apps/other/privileges", user("")}, nil, 404, "no such route"},
		{"app that begins alike", [3]string{"DELETE", "/v2/apps/fake-app2/data", ""}, nil, 404, "no such route"},
		{"method", [3]string{"PUT", app + "/accounts/users", user("")}, nil, 404, "no such route"},
		{"Bearer", post(authomize.Users, user("")), []string{"Authorization", "Bearer " + DefaultToken}, 401, "bare token"},
		{"no token", [3]string{"GET", "/me", ""}, []string{"Authorization", ""}, 401, "bare token"},
		{"content type", post(authomize.Users, user("")), []string{"Content-Type", "text/plain"}, 200, "content type"},
		{"query on a post", [3]string{"POST", app + "/accounts/users?a=b", user("")}, nil, 200, "a query"},
		{"no JSON", post(authomize.Users, "oops"), nil, 422, "the body is not"},
		{"more than data", post(authomize.Users, `{"data":[{"uniqueId":"u"}],"validateOnly":false}`), nil, 422, "the body is not"},
		{"empty list", post(authomize.Users, list("")), nil, 422, "0 items"},
		{"too many items", post(authomize.Users, list(strings.Repeat("{},", authomize.MaxItems)+"{}")), nil, 422, "10001 items"},
		{"one megabyte", post(authomize.Users, user(`,"title":"`+strings.Repeat("x", 1_000_000)+`"`)), nil, 413, "a body of"},
		{"item is no object", post(authomize.Users, list("7")), nil, 422, "type_error.dict"},
		{"unknown property", post(authomize.Users, user(`,"displayName":"x"`)), nil, 422, "field displayName: value_error.extra"},
		{"missing id", post(authomize.Users, list("{}")), nil, 422, "field uniqueId: value_error.missing"},
		{"null", post(authomize.Users, user(`,"email":null`)), nil, 422, "field email"},
		{"enum", post(authomize.Users, user(`,"status":"Locked"`)), nil, 422, "field status"},
		{"date without zone", post(authomize.Users, user(`,"lastLoginAt":"2026-11-23T09:00:00"`)), nil, 422, "field lastLoginAt"},
		{"flag as text", post(authomize.Users, user(`,"hasMFA":"yes"`)), nil, 422, "field hasMFA"},
		{"empty tag", post(authomize.Users, user(`,"tags":["a",""]`)), nil, 422, "field tags"},
		{"property too long", post(authomize.Users, user(`,"customProperties":[{"key":"k","value":"`+strings.Repeat("é", 65)+`"}]`)), nil, 422, "field customProperties"},
		{"alternative name too long", post(authomize.Groupings, list(`{"uniqueId":"g","name":"n","alternativeName":"`+strings.Repeat("x", 257)+`"}`)), nil, 422, "field alternativeName"},
		{"description too long", post(authomize.Assets, list(`{"uniqueId":"g","name":"n","description":"`+strings.Repeat("x", 513)+`"}`)), nil, 422, "field description"},
		{"privilege type", post(authomize.Privileges, list(`{"uniqueId":"p","originName":"n","privilegeType":"Use"}`)), nil, 422, "field privilegeType"},
		{"source type", post(authomize.Permissions, list(`{"sourceUniqueId":"p","sourceType":"Account","privilegeId":"p"}`)), nil, 422, "field sourceType"},
		{"pair with more", post(authomize.PrivilegeGrants, list(`{"sourceId":"p","targetId":"q","id":"x"}`)), nil, 422, "field id"},
		{"sweep without time", [3]string{"DELETE", app + "/data", ""}, nil, 422, "without modifiedBefore"},
		{"sweep without zone", [3]string{"DELETE", app + "/data?modifiedBefore=2026-11-23T09:00:00", ""}, nil, 422, "without modifiedBefore"},
		{"plus not encoded", [3]string{"DELETE", app + "/data?modifiedBefore=2026-11-23T09:00:00+00:00", ""}, nil, 422, "without modifiedBefore"},
		{"sweep with a body", [3]string{"DELETE", app + "/data?modifiedBefore=2026-11-23T09:00:00Z", "{}"}, nil, 200, "a body where none belongs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := New(t, WithoutNetwork())
			s.ExpectViolation(tt.want)
			status, _ := ask(t, s, tt.request[0], tt.request[1], tt.request[2], tt.header...)
			got := s.Violations()
			if status != tt.status || len(got) != 1 || !strings.Contains(got[0], tt.want) || !s.isExpected(got[0]) {
				t.Errorf("got %d, violations %q; want %d, %q", status, got, tt.status, tt.want)
			}
		})
	}
}

// What the fake accepts by its own rules and by the API description must be
// the same, or one of them is wrong.
func TestOpenAPIAgrees(t *testing.T) {
	t.Parallel()
	path, ok := OpenAPIPath()
	if !ok {
		if os.Getenv("REQUIRE_SHARED") != "" {
			t.Fatal("the API description is missing, and REQUIRE_SHARED is set")
		}
		t.Skip("the API description is not beside this checkout")
	}
	s := New(t, WithoutNetwork(), WithOpenAPI(path))
	for _, kind := range authomize.Kinds {
		var fields []string
		for name, r := range schemas[kind] {
			for _, v := range []string{`"2026-11-23T09:00:00Z"`, `true`, `["a"]`, `[{"key":"k","value":"v"}]`, `"Enabled"`, `"Group"`, `"CloudWorkload"`, `"Administrative"`, `"Other"`, `"Grouping"`} {
				if r.ok([]byte(v)) {
					fields = append(fields, fmt.Sprintf("%q:%s", name, v))
					break
				}
			}
		}
		if len(fields) != len(schemas[kind]) {
			t.Fatalf("%s: found values for %d of %d fields", kind, len(fields), len(schemas[kind]))
		}
		body := `{"data":[{` + strings.Join(fields, ",") + `}]}`
		if kind == authomize.Users {
			body = strings.Replace(body, `"email":"2026-11-23T09:00:00Z"`, `"email":"a@example.com"`, 1)
		}
		if status, reply := ask(t, s, "POST", "/v2/apps/fake-app"+kind.Path(), body); status != 200 {
			t.Errorf("%s: got %d %s", kind, status, reply)
		}
	}
	ask(t, s, "POST", "/v2/apps/fake-app/accounts/users", `{"data":[{"uniqueId":"u","email":"nobody"}]}`)
	ask(t, s, "DELETE", "/v2/apps/fake-app/data?modifiedBefore=2026-11-23T09%3A00%3A00.000Z", "")
	ask(t, s, "GET", "/me", "")
	if got := s.Violations(); got != nil {
		t.Errorf("violations %q; want none", got)
	}
	s.ExpectViolation("email")
	ask(t, s, "POST", "/v2/apps/fake-app/accounts/users", `{"data":[{"uniqueId":"u","email":7}]}`)
	got := s.Violations()
	if len(got) != 2 || !strings.Contains(got[0], "API description: at [data 0 email]: type") {
		t.Errorf("violations %q; want one of the API description and one of the fake's own", got)
	}
}

func TestOpenAPIUnreadable(t *testing.T) {
	t.Parallel()
	if _, err := Start(WithOpenAPI(t.TempDir() + "/none.json")); err == nil {
		t.Error("started without the file it was given")
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 5000, time.FixedZone("", 3600))
	s := New(t, WithClock(func() time.Time { return at }), WithToken("atm-other"))
	status, body := ask(t, s, "POST", "/v2/apps/fake-app/access/grouping", `{"data":[{"uniqueId":"g1","name":"n","owner":"user:1"},{"uniqueId":"g2","name":"n"}]}`)
	want := `{"acceptedTimestamp":"2026-11-23T09:00:00.000005+00:00","data":{},"invalidOwnerIds":["user:1"],"numberOfAcceptedEntities":1,"requestId":"request-1","validOwnerIds":[]}`
	if status != 200 || body != want {
		t.Errorf("got %d, %s; want %s", status, body, want)
	}
	if diff := cmp.Diff([]authomize.Grouping{{UniqueID: "g2", Name: "n"}}, Get[authomize.Grouping](s)); diff != "" {
		t.Error(diff)
	}
}

func TestFaultSchedule(t *testing.T) {
	t.Parallel()
	s := New(t, WithFaults(
		Fault{Kind: authomize.Users, From: 2, Times: 2, Do: Throttle("7")},
		Fault{Path: "/data", Do: Status(503)},
		Fault{Kind: authomize.Groupings, Times: 1, Do: CutBefore()},
	))
	post := func(kind authomize.Kind, item string) int {
		status, _ := ask(t, s, "POST", "/v2/apps/fake-app"+kind.Path(), `{"data":[`+item+`]}`)
		return status
	}
	var got []int
	for range 4 {
		got = append(got, post(authomize.Users, `{"uniqueId":"u"}`), post(authomize.Privileges, `{"uniqueId":"p","originName":"n"}`))
	}
	if diff := cmp.Diff([]int{200, 200, 429, 200, 429, 200, 200, 200}, got); diff != "" {
		t.Error(diff)
	}
	if status, _ := ask(t, s, "DELETE", "/v2/apps/fake-app/data?modifiedBefore=2999-11-23T09:00:00Z", ""); status != 503 || s.Count(authomize.Users) != 1 || s.Sweeps() != nil {
		t.Errorf("got %d, %d users; want 503 and nothing swept", status, s.Count(authomize.Users))
	}
	if _, _, err := send(t, s, "POST", "/v2/apps/fake-app/access/grouping", `{"data":[{"uniqueId":"g","name":"n"}]}`); err == nil {
		t.Error("want a cut connection")
	}
	if log := s.Posts(); s.Count(authomize.Groupings) != 0 || log[len(log)-1].Status != 0 {
		t.Errorf("got %+v; want a cut post that was not applied", log)
	}
}

func TestCountItems(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"data":[]}`:                0,
		`{"data":[{"a":"}]{[\"{"}]}`: 1,
		`{"data":[{"a":[{"b":1},{"c":2}]},{"d":"\\"},{}]}`: 3,
	} {
		if got := len(countItems([]byte(body))); got != want {
			t.Errorf("%s: got %d; want %d", body, got, want)
		}
	}
}
