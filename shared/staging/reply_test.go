package staging_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const (
	environment = "11111111-2222-3333-4444-555555555555"
	group       = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
)

func TestLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		reply staging.Reply
		want  string
	}{
		{
			"everything",
			staging.Reply{
				Environment: id(environment), Path: "/v1/groups<&>",
				Parent:    &staging.Parent{Kind: "group", ID: id(group)},
				FetchedAt: time.Date(2026, 11, 23, 10, 0, 0, 1234567, time.FixedZone("CET", 3600)), Carried: staging.Refused,
				Counted: new(0), Shown: new(2), ID: id(group), Asked: run.Time(), Body: []byte(`{"a":1}`),
			},
			`{"environment":"` + environment + `","path":"/v1/groups<&>","parent":{"kind":"group","id":"` + group + `"},"fetchedAt":"2026-11-23T09:00:00.001Z",` +
				`"carried":"refused","counted":0,"shown":2,"id":"` + group + `","asked":"2026-11-23T09:00:00Z","body":{"a":1}}`,
		},
		{
			"only whitespace between tokens goes",
			staging.Reply{Path: "/", FetchedAt: run.Time(), Body: []byte("\r\n{ \"z\" : \"<&>\\u003c\\/ \xff\\ud800 ,\\\"body\\\":\",\n\t\"a\" : 1.0E+2 , \"a\": -0 }\n")},
			`{"path":"/","fetchedAt":"2026-11-23T09:00:00Z","body":` + "{\"z\":\"<&>\\u003c\\/ \xff\\ud800 ,\\\"body\\\":\",\"a\":1.0E+2,\"a\":-0}}",
		},
		{
			"a path that looks like a body, and a body with a body",
			staging.Reply{Path: `,"body":1}`, FetchedAt: run.Time(), Body: []byte(`{"a":1,"body":{"b":2,"body":3}}`)},
			`{"path":",\"body\":1}","fetchedAt":"2026-11-23T09:00:00Z","body":{"a":1,"body":{"b":2,"body":3}}}`,
		},
	}
	for _, test := range tests {
		line, err := staging.AppendLine(nil, &test.reply)
		if diff := cmp.Diff(test.want+"\n", string(line)); diff != "" || err != nil {
			t.Errorf("%s: error %v, line (-want +got):\n%s", test.name, err, diff)
		}
		s := new(stagingtest.Memory)
		w := open(t, s, staging.Groups)
		if err := w.Append(test.reply, 1); err != nil {
			t.Fatal(err)
		}
		finish(t, w)
		want := test.reply
		want.FetchedAt = want.FetchedAt.UTC().Truncate(time.Millisecond)
		_, body, _ := strings.Cut(test.want, `","body":`)
		want.Body = []byte(strings.TrimSuffix(body, "}"))
		for got, err := range load(t, s, staging.Groups).Replies(t.Context()) {
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: error %v, reply (-want +got):\n%s", test.name, err, diff)
			}
		}
	}
}

func TestAppendRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	for _, body := range []string{"", "<html>secret</html>", `{"secret":1`, `{"secret":1} {}`, "{\"secret\":\"a\nb\"}", "{'secret':1}"} {
		err := w.Append(staging.Reply{Body: []byte(body)}, 1)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("body %q: got error %v", body, err)
		}
	}
	stage(t, w, 2)
	finish(t, w)
	wantReplies(t, s, staging.Users, 2)
}

func TestNamesOfReplies(t *testing.T) {
	t.Parallel()
	r := staging.Reply{Environment: id(environment), Path: "/v1/environments/" + environment + "/users"}
	tie := r
	tie.Parent = &staging.Parent{Kind: "group", ID: id(group)}
	one := tie
	one.Parent, one.ID = &staging.Parent{Kind: "group", ID: id(group)}, id(environment)
	got := []string{r.Key(), tie.Key(), tie.List().String(), one.Key()}
	want := []string{r.Path, r.Path + " group:" + group, r.Path + " group:" + group, r.Path + " group:" + group + " " + environment}
	if diff := cmp.Diff(want, got); diff != "" || tie.List() != one.List() || tie.List() == r.List() {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestApprovable(t *testing.T) {
	t.Parallel()
	got := slices.DeleteFunc(append(staging.CarriedReasons, ""), func(c staging.Carried) bool { return !c.Approvable() })
	if want := []staging.Carried{"refused", "failed", "short", "unproven", "unlisted"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	one, user := id(environment), `{"id":"`+environment+`"}`
	tests := []struct {
		path, body string
		carried    staging.Carried
		want       []pingone.Member
		broken     int
	}{
		{"/v1/users", `{"_embedded":{"users":[` + user + `,7]}}`, "", []pingone.Member{{ID: one}}, 1},
		{"/v1/users/" + environment, user, "", []pingone.Member{{ID: one}}, 0},
		{"/v1/users/" + environment, `7`, "", nil, 1},
		{"/v1/users", `{}`, staging.Refused, nil, 0},
	}
	for _, test := range tests {
		var d pingone.Decoder[pingone.Member]
		r := staging.Reply{Path: test.path, Body: []byte(test.body), Carried: test.carried}
		got, broken, err := d.Items(r.Page("users"), "users")
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" || broken != test.broken || err != nil {
			t.Errorf("%s %s: %d broken, error %v (-want +got):\n%s", test.path, test.body, broken, err, diff)
		}
	}
}
