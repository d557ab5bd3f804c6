package staging_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
				Environment: id(t, environment), Path: "/v1/groups?a=b&c=<d>",
				Parent:    &staging.Parent{Kind: "group", ID: id(t, group)},
				FetchedAt: time.Date(2026, 11, 23, 10, 0, 0, 1234567, time.FixedZone("CET", 3600)), Body: []byte(`{"a":1}`),
			},
			`{"environment":"` + environment + `","path":"/v1/groups?a=b&c=<d>","parent":{"kind":"group","id":"` + group + `"},"fetchedAt":"2026-11-23T09:00:00.001Z","body":{"a":1}}`,
		},
		{
			"no environment, no parent",
			staging.Reply{Path: "/v1/roles", FetchedAt: run.Time(), Body: []byte(`[]`)},
			`{"path":"/v1/roles","fetchedAt":"2026-11-23T09:00:00Z","body":[]}`,
		},
		{
			"only whitespace between tokens goes",
			staging.Reply{Path: "/", FetchedAt: run.Time(), Body: []byte("\r\n{ \"z\" : \"<&>\\u003c\\/ \xff\\ud800 ,\\\"body\\\":\",\n\t\"a\" : 1.0E+2 , \"a\": -0 }\n")},
			`{"path":"/","fetchedAt":"2026-11-23T09:00:00Z","body":` + "{\"z\":\"<&>\\u003c\\/ \xff\\ud800 ,\\\"body\\\":\",\"a\":1.0E+2,\"a\":-0}}",
		},
		{
			"a path that looks like a body",
			staging.Reply{Path: `,"body":1}`, FetchedAt: run.Time(), Body: []byte(`"x"`)},
			`{"path":",\"body\":1}","fetchedAt":"2026-11-23T09:00:00Z","body":"x"}`,
		},
		{
			"a body with a body",
			staging.Reply{Path: "/", FetchedAt: run.Time(), Body: []byte(`{"a":1,"body":{"b":2,"body":3}}`)},
			`{"path":"/","fetchedAt":"2026-11-23T09:00:00Z","body":{"a":1,"body":{"b":2,"body":3}}}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			line, err := staging.AppendLine(nil, &test.reply)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want+"\n", string(line)); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			s := new(stagingtest.Memory)
			w := open(t, s, staging.Groups)
			if err := w.Append(test.reply, 1); err != nil {
				t.Fatal(err)
			}
			finish(t, w)
			snapshot, err := staging.Load(t.Context(), s, run, staging.Groups)
			if err != nil {
				t.Fatal(err)
			}
			want := test.reply
			want.FetchedAt = want.FetchedAt.UTC().Truncate(time.Millisecond)
			_, body, _ := strings.Cut(test.want, `Z","body":`)
			want.Body = []byte(strings.TrimSuffix(body, "}"))
			for got, err := range snapshot.Replies(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("reply (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestAppendRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	for _, body := range []string{"", "<html>secret</html>", `{"secret":1`, `{"secret":1} {}`, "{\"secret\":\"a\nb\"}", "{'secret':1}"} {
		r := reply(1)
		r.Body = []byte(body)
		err := w.Append(r, 1)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("body %q: got error %v", body, err)
		}
	}
	stage(t, w, 2)
	finish(t, w)
	wantReplies(t, s, staging.Users, 2)
}
