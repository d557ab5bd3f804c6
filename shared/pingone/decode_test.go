package pingone_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/transport"
)

func TestDecoderShowsTheGoodItems(t *testing.T) {
	t.Parallel()
	user := func(name string) pingone.User { return pingone.User{ID: env, Username: name} }
	item := func(rest string) string { return `{"id":"` + envText + `"` + rest + `}` }
	tests := []struct {
		name, body string
		want       []pingone.User
		broken     int
	}{
		{"all good", `{"_embedded":{"users":[` + item(`,"username":"a"`) + `,` + item(`,"username":"b","new":{"x":[1]}`) + `]}}`, []pingone.User{user("a"), user("b")}, 0},
		{"other keys of any type", `{"_embedded":{"x":7,"users":[` + item("") + `],"y":{"users":[1]}},"count":"z"}`, []pingone.User{user("")}, 0},
		{"broken ones among good", `{"_embedded":{"users":[7,` + item(`,"username":"a"`) + `,"s",` + item(`,"username":{}`) + `,` + item(`,"username":"b"`) + `]}}`, []pingone.User{user("a"), user("b")}, 3},
		{"ids that are none", `{"_embedded":{"users":[{"id":"x","username":"a"},{"username":"b"}]}}`, []pingone.User{{Username: "a"}, {Username: "b"}}, 0},
		{"a name twice, bad text", `{"_embedded":{"users":[{"username":"a","username":"b` + "\xff" + `"}]}}`, []pingone.User{{Username: "b\ufffd"}}, 0},
		{"null members", `{"_embedded":{"users":[{"username":null,"name":null,"account":null}]}}`, []pingone.User{{}}, 0},
		{"no list", `{"_embedded":{"groups":[{}]}}`, []pingone.User{}, 0},
		{"no _embedded", `{}`, []pingone.User{}, 0},
		{"_embedded null", `{"_embedded":null}`, []pingone.User{}, 0},
		{"_embedded twice", `{"_embedded":null,"_embedded":{"users":[{"username":"a"}]}}`, []pingone.User{{Username: "a"}}, 0},
		{"list twice", `{"_embedded":{"users":[{},{}],"users":[{"username":"a"}]}}`, []pingone.User{{Username: "a"}}, 0},
		{"list, then another type", `{"_embedded":{"users":[{}],"users":3}}`, []pingone.User{}, 0},
		{"_embedded, then null", `{"_embedded":{"users":[{}]},"_embedded":null}`, []pingone.User{}, 0},
		{"list of another type", `{"_embedded":{"users":"x"}}`, []pingone.User{}, 0},
		{"_embedded of another type", `{"_embedded":[1]}`, []pingone.User{}, 0},
	}
	var reused pingone.Decoder[pingone.User]
	for _, tt := range tests {
		for name, d := range map[string]*pingone.Decoder[pingone.User]{"fresh": {}, "reused": &reused} {
			got, broken, err := d.Items([]byte(tt.body), "users")
			if err != nil || broken != tt.broken || len(got) != len(tt.want) {
				t.Errorf("%s, %s: %d items, %d broken, %v; want %d, %d", tt.name, name, len(got), broken, err, len(tt.want), tt.broken)
				continue
			}
			if diff := cmp.Diff(tt.want, append([]pingone.User{}, got...)); diff != "" {
				t.Errorf("%s, %s: %s", tt.name, name, diff)
			}
		}
	}
	for _, body := range []string{"", "<html>", `{"_embedded":{"users":[{}`, `{"_embedded":{"users":[{}]}} x`, "[]"} {
		if got, _, err := reused.Items([]byte(body), "users"); !errors.Is(err, pingone.ErrBadPage) || len(got) != 0 {
			t.Errorf("%q: %v, %v; want ErrBadPage", body, got, err)
		}
	}
}

// What can be decoded of an item is shown, and each member that can't is named.
func TestDecoderShowsTheGoodMembers(t *testing.T) {
	t.Parallel()
	id := func(n string) pingone.ID { return mustID("0a1b2c3d-0000-4000-8000-00000000000" + n) }
	body := `{"_embedded":{"users":[
		{"id":"0a1b2c3d-0000-4000-8000-000000000001","username":"a","enabled":"maybe","title":{}},
		{"id":"0a1b2c3d-0000-4000-8000-000000000002","lastSignOn":{"at":[]},"username":"b","new":[1],"username":"c\u00e9"},
		{"id":7,"username":"d"}, {"username":"e","title":{}}, 7, null,
		{"id":"0a1b2c3d-0000-4000-8000-000000000003","username":"f"}]}}`
	var left []string
	d := pingone.Decoder[pingone.User]{LeftOut: func(id pingone.ID, member string) { left = append(left, id.String()[35:]+" "+member) }}
	got, broken, err := d.Items([]byte(body), "users")
	want := []pingone.User{{ID: id("1"), Username: "a"}, {ID: id("2"), Username: "cé"}, {}, {ID: id("3"), Username: "f"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || broken != 3 {
		t.Errorf("%d broken, want 3, %v, items (-want +got):\n%s", broken, err, diff)
	}
	if diff := cmp.Diff([]string{"1 enabled", "1 title", "2 lastSignOn"}, left); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

// A value of another type that says plainly what it is is read.
func TestPlainValues(t *testing.T) {
	t.Parallel()
	const id = `{"id":"` + envText + `",`
	n := func(i int) *int { return &i }
	yes, no := true, false
	d := pingone.Decoder[pingone.User]{}
	for text, want := range map[string]pingone.User{
		`"enabled":"True"`:                    {Enabled: &yes},
		`"mfaEnabled":" FALSE "`:              {MFAEnabled: &no},
		`"enabled":"false","title":42`:        {Enabled: &no, Title: "42"},
		`"lastSignOn":{"at":1760000000000}`:   {LastSignOn: pingone.SignOn{At: "1760000000000"}},
		`"username":"a","title":null`:         {Username: "a"},
		`"username":7,"name":{"given":12.50}`: {Username: "7", Name: pingone.UserName{Given: "12.50"}},
	} {
		want.ID = env
		all, broken, err := d.Items([]byte(`{"_embedded":{"users":[`+id+text+`}]}}`), "users")
		if diff := cmp.Diff([]pingone.User{want}, all); diff != "" || broken != 0 || err != nil {
			t.Errorf("%s: %d broken, %v (-want +got):\n%s", text, broken, err, diff)
		}
	}
	for text, want := range map[string]*int{`5.0`: n(5), `"20"`: n(20), `" 7.0"`: n(7), `1e2`: n(100), `null`: nil} {
		got, err := pingone.One[pingone.Population]([]byte(id + `"userCount":` + text + `}`))
		if diff := cmp.Diff(want, got.UserCount); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for _, text := range []string{`5.5`, `"many"`, `""`, `true`, `{}`, `1e30`, `-1.5`} {
		if got, err := pingone.One[pingone.Population]([]byte(id + `"userCount":` + text + `}`)); err == nil {
			t.Errorf("%s is read as %d", text, *got.UserCount)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-29T08:15:30.5Z": "2026-11-29T08:15:30.5Z", "2026-11-29T09:15:30+01:00": "2026-11-29T08:15:30Z",
		"1760000000000": "2025-10-09T08:53:20Z", "1760000000": "", "17600000000000000": "", "-1760000000000": "", "1760000000000.5": "", "": "", "soon": "",
	} {
		at, ok := pingone.ParseTime(text)
		if ok != (want != "") || ok && at.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %s, %t; want %q", text, at, ok, want)
		}
	}
}

func TestAReusedDecoderForgetsTheFormerPage(t *testing.T) {
	t.Parallel()
	var d pingone.Decoder[pingone.Group]
	full := `{"id":"` + envText + `","name":"n","description":"d","userFilter":"f","sourceType":"IDP","directMemberCounts":{"users":1,"groups":2}}`
	for _, body := range []string{
		`{"_embedded":{"groups":[` + full + `,` + full + `,` + full + `]}}`,
		`{"_embedded":{"groups":[` + full + `,7,` + full + `]}}`,
	} {
		for _, next := range []string{`{"_embedded":{"groups":[{},{}]}}`, `{"_embedded":{"groups":[{},7,{}]}}`} {
			if _, _, err := d.Items([]byte(body), "groups"); err != nil {
				t.Fatal(err)
			}
			got, _, err := d.Items([]byte(next), "groups")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]pingone.Group{{}, {}}, got); diff != "" {
				t.Errorf("after %s: %s", body, diff)
			}
		}
	}
}

func FuzzPage(f *testing.F) {
	for _, s := range []string{
		`{"_embedded":{"users":[{"id":"` + envText + `"},7]},"_links":{"next":{"href":"/v1/x?cursor=1"}},"count":2,"size":2}`,
		`{"_embedded":{"users":3,"users":[1,2]},"count":-1}`, `{"count":0}`, `[]`, `null`, `{"_embedded":{"users":[`, "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "auth.pingone.eu" {
				return reply(r, 200, `{"access_token":"token-1"}`), nil
			}
			return reply(r, 200, string(body)), nil
		})
		tokens := pingone.NewTokens(newSource("https://auth.pingone.eu/"+envText+"/as/token"), transport.Options{Base: base})
		policy := quick
		policy.Attempts = 1
		c := pingone.New(mustURL(t, "https://api.pingone.eu"), pingone.NewHTTP(tokens, transport.Options{Base: base, Retry: policy}))
		var d pingone.Decoder[pingone.User]
		for p, err := range c.Pages(t.Context(), pingone.UsersOf(env), "") {
			if err != nil {
				return
			}
			items, broken, err := d.Items(p.Body, "users")
			if p.Records < 0 || p.Count < -1 || err != nil || len(items)+broken != p.Records {
				t.Fatalf("%d records, count %d; decoded %d and %d broken, %v", p.Records, p.Count, len(items), broken, err)
			}
			if p.Next != "" && !strings.HasPrefix(p.Next, "/v1/") {
				t.Fatalf("next is %q", p.Next)
			}
		}
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		envText:                                envText,
		strings.ToUpper(envText):               envText,
		"":                                     "",
		"x":                                    "",
		envText + " ":                          "",
		strings.ReplaceAll(envText, "-", ""):   "",
		"{" + envText + "}":                    "",
		"urn:uuid:" + envText:                  "",
		strings.Replace(envText, "a", "g", 1):  "",
		strings.Replace(envText, "-", "0", 1):  "",
		"00010000-0000-0X00-0000-000000000000": "", // only the end is malformed
		"00000000-0000-0000-0000-000000000000": "",
	} {
		id, ok := pingone.ParseID(in)
		if id.String() != want || ok != (want != "" || strings.HasPrefix(in, "00000000-")) || id.IsZero() != (want == "") {
			t.Errorf("%q: %q, %t; want %q", in, id, ok, want)
		}
	}
	a, b := mustID("00000000-0000-4000-8000-000000000001"), mustID("00000000-0000-4000-8000-00000000000a")
	if a.Compare(b) != -1 || b.Compare(a) != 1 || a.Compare(a) != 0 {
		t.Error("ids don't compare as their text does")
	}
	var ref pingone.Ref
	if err := json.Unmarshal([]byte(`{"id":"no uuid"}`), &ref); err != nil || !ref.ID.IsZero() {
		t.Errorf("%v, %v: a malformed id must not hide the rest", ref, err)
	}
	if text, err := json.Marshal(map[string]pingone.ID{"id": env}); err != nil || string(text) != `{"id":"`+envText+`"}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestIsLast(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		`{"_links":{"self":{"href":"/a"}},"_embedded":{"devices":[]}}`: true,
		`{"_embedded":{"devices":[]}}`:                                 true,
		`{"_links":{"next":{"href":"/a?cursor=1"}}}`:                   false,
		`{"_links":{"next":{}}}`:                                       true,
		`{"_links":{"next":"/a"}}`:                                     false,
		`[]`:                                                           false,
	}
	for body, want := range tests {
		if got := pingone.IsLast([]byte(body)); got != want {
			t.Errorf("%s: got %t, want %t", body, got, want)
		}
	}
}
