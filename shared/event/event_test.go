package event_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/event"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

var now = time.Date(2026, 11, 23, 10, 30, 15, 999, time.FixedZone("CET", 3600))

const (
	nowRun = staging.RunID("20261123T093015Z")
	nine   = staging.RunID("20261123T090000Z")
	forms  = `send the "Sync Requested" event, {"scheduledTime":"2026-11-23T09:00:00Z"}, {"run":"20261123T090000Z"}, or {} for a run that starts now; "environments":["…"] and "dryRun":true may stand beside the run or the scheduledTime`

	one, other = "a1ab76e8-5bef-4de7-8d49-40e88f6ef6c8", "e30e49d1-5bef-4de7-8d49-40e88f6ef6c8"
)

func TestParseFetch(t *testing.T) {
	t.Parallel()
	const notUnderstood = "the event is not understood: " + forms
	const noTime = " is no time like 2026-11-23T09:00:00Z: " + forms
	tests := []struct {
		in    string
		want  staging.RunID
		fault string
	}{
		{``, nowRun, ""},
		{" \n", nowRun, ""},
		{`{}`, nowRun, ""},
		{` { } `, nowRun, ""},
		{`{"run":"20261123T090000Z"}`, nine, ""},
		{`{"scheduledTime":"2026-11-23T09:00:00Z"}`, nine, ""},
		{`{"scheduledTime":"2026-11-23T10:00:00.9+01:00"}`, nine, ""},
		{`{"time":"2026-11-23T09:00:00Z","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`, nine, ""},
		{`{"time":"2026-11-23T09:00:07Z","detail":{"stack":"s","scheduledTime":"2026-11-23T09:00:00Z"}}`, nine, ""},
		{`{"time":"2026-11-23T09:00:00Z","detail":null}`, nine, ""},
		{`{"run":"20261123T090000Z","time":"2027-01-01T00:00:00Z","scheduledTime":"x","detail":{"scheduledTime":"y"}}`, nine, ""},
		{`{"run":null,"time":"2026-11-23T09:00:00Z"}`, nine, ""},

		{`{"run":"20261124T093015Z"}`, "20261124T093015Z", ""},
		{`{"run":"20261124T093016Z"}`, "", "run 20261124T093016Z lies more than a day ahead, and would hold the sweep of every run until then: give the time of now, in UTC"},
		{`{"time":"2036-11-23T09:00:00Z"}`, "", "run 20361123T090000Z lies more than a day ahead, and would hold the sweep of every run until then: give the time of now, in UTC"},

		{`null`, "", "the event names no run and no time: " + forms},
		{`{"runs":"20261123T090000Z"}`, "", "the event names no run and no time: " + forms},
		{`{"Run":"20261123T090000Z"}`, "", "the event names no run and no time: " + forms},
		{`{"run":null}`, "", "the event names no run and no time: " + forms},
		{`{"detail":{}}`, "", "the event names no run and no time: " + forms},
		{`{"run":""}`, "", "the event's run is not understood: " + forms},
		{`{"run":"2026-11-23T09:00:00Z"}`, "", "the event's run is not understood: " + forms},
		{`{"run":"20261123T090000Z/../canary"}`, "", "the event's run is not understood: " + forms},
		{`{"run":"20261323T090000Z"}`, "", "the event's run is not understood: " + forms},
		{`{"scheduledTime":""}`, "", "the event's scheduledTime" + noTime},
		{`{"scheduledTime":"20261123T090000Z"}`, "", "the event's scheduledTime" + noTime},
		{`{"scheduledTime":"<aws.scheduler.scheduled-time>"}`, "", "the event's scheduledTime" + noTime},
		{`{"scheduledTime":"0000-01-01T00:00:00+01:00"}`, "", "the event's scheduledTime" + noTime},
		{`{"scheduledTime":"9999-12-31T23:59:59-01:00"}`, "", "the event's scheduledTime" + noTime},
		{`{"detail":{"scheduledTime":"soon"},"time":"2026-11-23T09:00:00Z"}`, "", "the event's detail.scheduledTime" + noTime},
		{`{"time":"yesterday"}`, "", "the event's time" + noTime},
		{`{"run":7}`, "", notUnderstood},
		{`{"time":7}`, "", notUnderstood},
		{`{"detail":"x","time":"2026-11-23T09:00:00Z"}`, "", notUnderstood},
		{`{"run":"20261123T090000Z","run":"20261123T100000Z"}`, "", notUnderstood},
		{`[]`, "", notUnderstood},
		{`"20261123T090000Z"`, "", notUnderstood},
		{`20261123`, "", notUnderstood},
		{`{"run":"20261123T090000Z"`, "", notUnderstood},
		{`{} {}`, "", notUnderstood},
		{`canary`, "", notUnderstood},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := event.ParseFetch([]byte(tt.in), now)
			if got.Run != tt.want || got.Environments != nil || got.DryRun || (err == nil) != (tt.fault == "") || err != nil && err.Error() != tt.fault {
				t.Errorf("%+v,\n%v; want %q,\n%s", got, err, tt.want, tt.fault)
			}
		})
	}
}

// What is said of a run may stand beside the run, the time, or in the detail,
// and every continuation says it again.
func TestTermsOfARun(t *testing.T) {
	t.Parallel()
	id := func(s string) pingone.ID {
		id, _ := pingone.ParseID(s)
		return id
	}
	const begin = "the event's environments: "
	tests := []struct {
		in    string
		want  event.Fetch
		next  string
		fault string
	}{
		{`{"run":"20261123T090000Z","environments":["` + one + `"]}`, event.Fetch{Run: nine, Environments: []pingone.ID{id(one)}}, `"environments":["` + one + `"],`, ""},
		{`{"scheduledTime":"2026-11-23T09:00:00Z","environments":["` + one + `"," ` + other + `","` + one + `"],"dryRun":true}`,
			event.Fetch{Run: nine, Environments: []pingone.ID{id(one), id(other)}, DryRun: true}, `"environments":["` + one + `"," ` + other + `","` + one + `"],"dryRun":true,`, ""},
		{`{"time":"2026-11-23T09:00:07Z","detail":{"scheduledTime":"2026-11-23T09:00:00Z","environments":["` + one + `"],"dryRun":true}}`,
			event.Fetch{Run: nine, Environments: []pingone.ID{id(one)}, DryRun: true}, `"environments":["` + one + `"],"dryRun":true,`, ""},
		{`{"run":"20261123T090000Z","environments":null,"dryRun":true}`, event.Fetch{Run: nine, DryRun: true}, `"dryRun":true,`, ""},
		{`{"run":"20261123T090000Z","dryRun":false}`, event.Fetch{Run: nine}, "", ""},

		{`{"dryRun":true}`, event.Fetch{}, "", "the event names no run and no time: " + forms},
		{`{"environments":["` + one + `"]}`, event.Fetch{}, "", "the event names no run and no time: " + forms},
		{`{"run":"20261123T090000Z","dryRun":"true"}`, event.Fetch{}, "", "the event is not understood: " + forms},
		{`{"run":"20261123T090000Z","environments":"` + one + `"}`, event.Fetch{}, "", "the event is not understood: " + forms},
		{`{"run":"20261123T090000Z","environments":[]}`, event.Fetch{}, "", begin + "there is none: give ids, or leave it out to read all of the settings"},
		{`{"run":"20261123T090000Z","environments":["all","` + one + `","00000000-0000-0000-0000-000000000000"]}`, event.Fetch{}, "",
			begin + "entry 1 is no environment id (a UUID)\nentry 3 is no environment id (a UUID)"},
		{`{"run":"20261123T090000Z","environments":["` + one + `"],"detail":{"environments":["` + one + `"]}}`, event.Fetch{}, "",
			"the event's environments are given twice, in detail and beside it: give them once"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := event.ParseFetch([]byte(tt.in), now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.fault != "" {
				if err == nil || err.Error() != tt.fault {
					t.Errorf("error %v, want %q", err, tt.fault)
				}
				return
			}
			next := []byte(tt.in)
			for n := range 3 {
				if next, err = event.Continue(next, got.Run, n+1); err != nil {
					t.Fatal(err)
				}
			}
			if want := `{"run":"20261123T090000Z",` + tt.next + `"continuation":3}`; string(next) != want {
				t.Errorf("it goes on with\n%s, want\n%s", next, want)
			}
			if again, err := event.ParseFetch(next, now); err != nil || !cmp.Equal(got, again) {
				t.Errorf("it goes on as %+v, %v; want %+v", again, err, got)
			}
		})
	}
}

func TestParseTransform(t *testing.T) {
	t.Parallel()
	const forms = `the event is not understood: send S3's "Object Created" event of a complete.json, or {"run":"20261123T090000Z"}, optionally with "dryRun":true or "approveSweep":true`
	const has = "the event has "
	const send = ", which is not understood: send S3's"
	object := func(key string) string {
		return `{"detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"` + key + `"}}}`
	}
	tests := []struct {
		in    string
		want  event.Transform
		fault string // how the error begins
	}{
		{object("runs/20261123T090000Z/users/complete.json"), event.Transform{Run: nine, Collection: staging.Users}, ""},
		{object("a prefix/runs/runs/20261123T090000Z/roleassignments/complete.json"), event.Transform{Run: nine, Collection: staging.RoleAssignments}, ""},
		{`{"run":"20261123T090000Z"}`, event.Transform{Run: nine}, ""},
		{`{"run":"20261123T090000Z","dryRun":true}`, event.Transform{Run: nine, DryRun: true}, ""},
		{`{"run":"20261123T090000Z","dryRun":false,"continuation":1}`, event.Transform{Run: nine}, ""},
		{`{"run":"20261123T090000Z","approveSweep":true,"id":"x","source":"me","time":"now","detail":{"more":1}}`, event.Transform{Run: nine, ApproveSweep: true}, ""},
		{strings.Replace(object("runs/20261123T090000Z/users/complete.json"), `{`, `{"replay-name":"r","resources":[],`, 1), event.Transform{Run: nine, Collection: staging.Users}, ""},

		{`{"run":"20261123T090000Z","dryRun":false,"more":1}`, event.Transform{}, has + `"more"` + send},
		{`{"run":"20261123T090000Z","DryRun":true,"dry_run":true}`, event.Transform{}, has + `"DryRun", "dry_run"` + send},
		{`{"run":"20261123T090000Z","approvesweep":true}`, event.Transform{}, has + `"approvesweep"` + send},
		{`{"run":"20261123T090000Z","environments":["` + one + `"]}`, event.Transform{}, has + `"environments"` + send},
		{strings.Replace(object("runs/20261123T090000Z/users/complete.json"), `{`, `{"dryRun":true,`, 1), event.Transform{}, forms + "; both stand beside a run only"},
		{strings.Replace(object("runs/20261123T090000Z/users/complete.json"), `{`, `{"approveSweep":true,`, 1), event.Transform{}, forms + "; both stand beside a run only"},

		{``, event.Transform{}, forms},
		{`{}`, event.Transform{}, forms},
		{`null`, event.Transform{}, forms},
		{`[]`, event.Transform{}, forms},
		{`canary`, event.Transform{}, forms},
		{`{"dryRun":true}`, event.Transform{}, forms},
		{`{"run":"20261123T090000Z","dryRun":"true"}`, event.Transform{}, forms},
		{`{"run":20261123}`, event.Transform{}, forms},
		{`{"run":"now"}`, event.Transform{}, `run: run "now" is not a time`},
		{`{"run":""}`, event.Transform{}, `run: run "" is not a time`},
		{object("runs/20261123T090000Z/users/manifest.json"), event.Transform{}, forms},
		{object("runs/20261123T090000Z/report.json"), event.Transform{}, forms},
		{object("runs/20261123T090000Z/users/notcomplete.json"), event.Transform{}, forms},
		{object("runs/20261123T090000Z/pets/complete.json"), event.Transform{}, forms + `: key "runs/20261123T090000Z/pets/complete.json" is not of the form`},
		{object("runs/today/users/complete.json"), event.Transform{}, forms + ": key "},
		{object("complete.json"), event.Transform{}, forms},
		{object(""), event.Transform{}, forms},
		{strings.Replace(object("runs/20261123T090000Z/users/complete.json"), "Created", "Deleted", 1), event.Transform{}, forms},
		{`{"detail":{"object":{"key":7}}}`, event.Transform{}, forms},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := event.ParseTransform([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (tt.fault == "") || err != nil && !strings.HasPrefix(err.Error(), tt.fault) {
				t.Errorf("error %v, want %q", err, tt.fault)
			}
		})
	}
}

func TestTheSampleEventsAreUnderstood(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../events/*.json")
	if err != nil || len(files) < len(staging.Collections)+1 {
		t.Fatalf("%d samples, %v; want one a function", len(files), err)
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if name == "env" {
			continue // variables for sam local, no event
		}
		if name == "transform" {
			got, err := event.ParseTransform(payload)
			if err != nil || got.Run != nine || got.Collection == "" || got.DryRun {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			continue
		}
		got, err := event.ParseFetch(payload, now)
		if _, isFetch := staging.ParseCollection(name); err != nil || isFetch == nil && got.Run != nine {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A member that is misspelt was meant: it must not be a run that is full and
// posted. EventBridge's own events may have any.
func TestMisspeltMembersOfAFetchEvent(t *testing.T) {
	t.Parallel()
	const run, sync = `{"run":"20261123T090000Z",`, `"detail-type":"Sync Requested","time":"2026-11-23T09:00:00Z",`
	tests := []struct {
		in    string
		names string // none: it is understood
	}{
		{run + `"DryRun":true}`, `"DryRun"`},
		{run + `"dry_run":true,"dryRun":true}`, `"dry_run"`},
		{run + `"environment":"x","Environments":[]}`, `"Environments", "environment"`},
		{run + `"approveSweep":true}`, `"approveSweep"`},
		{run + sync + `"DryRun":true}`, `"DryRun"`},
		{`{"scheduledTime":"2026-11-23T09:00:00Z","dryrun":true}`, `"dryrun"`},
		{`{"time":"2026-11-23T09:00:00Z","dryrun":true}`, `"dryrun"`},
		{`{"time":"2026-11-23T09:00:00Z","runId":"20261124T090000Z"}`, `"runId"`},
		{`{` + sync + `"detail":{"stack":"s","scheduledTime":"2026-11-23T09:00:00Z","dry_run":true}}`, `"dry_run"`},
		{`{` + sync + `"detail":{"stack":"s","run":"20261124T090000Z"}}`, `"run"`},
		{`{"time":"2026-11-23T09:00:00Z","detail":{"scheduledTime":"2026-11-23T09:00:00Z","environment":"x"}}`, `"environment"`},

		{run + `"continuation":3}`, ""},
		{run + sync + `"id":"i","version":"0","source":"s","account":"1","region":"eu","resources":[],"detail":{}}`, ""},
		{`{` + sync + `"replay-name":"r","detail":{"stack":"s","scheduledTime":"2026-11-23T09:00:00Z","dryRun":false}}`, ""},
		{`{"detail-type":"Scheduled Event","time":"2026-11-23T09:00:00Z","new":1,"detail":{"more":1}}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			want, fault := event.Fetch{Run: nine}, ""
			if tt.names != "" {
				want, fault = event.Fetch{}, "the event has "+tt.names+", which is not understood: "+forms
			}
			got, err := event.ParseFetch([]byte(tt.in), now)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (fault == "") || err != nil && err.Error() != fault {
				t.Errorf("error %v, want %q", err, fault)
			}
		})
	}
}

func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		"", "{}", "null", `{"run":"20261123T090000Z"}`, `{"scheduledTime":"0000-01-01T00:00:00+14:00"}`, `{"time":"9999-12-31T23:59:59-12:00"}`,
		`{"run":"20261123T090000Z","environments":["a1ab76e8-5bef-4de7-8d49-40e88f6ef6c8"],"dryRun":true}`,
		`{"detail-type":"Object Created","detail":{"object":{"key":"p/runs/20261123T090000Z/users/complete.json"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if asked, err := event.ParseFetch(payload, now); err == nil {
			next, err := event.Continue(payload, asked.Run, 1)
			if err != nil {
				t.Fatalf("%q: %v", payload, err)
			}
			if again, err := event.ParseFetch(next, now); err != nil || !cmp.Equal(asked, again, cmpopts.EquateEmpty()) {
				t.Errorf("%q: %+v, then %+v, %v", payload, asked, again, err)
			}
		} else if asked.Run != "" || asked.Environments != nil || asked.DryRun {
			t.Errorf("%q: %+v with an error", payload, asked)
		}
		if got, err := event.ParseTransform(payload); err == nil {
			_, runErr := staging.ParseRun(string(got.Run))
			_, collectionErr := staging.ParseCollection(string(got.Collection))
			if runErr != nil || got.Collection != "" && (collectionErr != nil || got.DryRun) {
				t.Errorf("%q: %+v", payload, got)
			}
		} else if got != (event.Transform{}) {
			t.Errorf("%q: %+v with an error", payload, got)
		}
	})
}
