package event_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/event"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

const (
	nowRun = staging.RunID("") // which means now
	nine   = staging.RunID("20261123T090000Z")
	forms  = `send the "Sync Requested" event, S3's "Object Created" event of a complete.json, {"scheduledTime":"2026-11-23T09:00:00Z"}, {"run":"20261123T090000Z"}, or {} for a run that starts now; "environments":["…"] and "dryRun":true may stand beside the run or the scheduledTime`

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
			got, err := event.ParseFetch([]byte(tt.in))
			if got.Run != tt.want || got.Environments != nil || got.DryRun || got.GoOn || got.Continued || got.Input != "" ||
				got.Named != (strings.HasPrefix(tt.in, `{"run":"`) && err == nil) || (err == nil) != (tt.fault == "") || err != nil && err.Error() != tt.fault {
				t.Errorf("%+v,\n%v; want %q,\n%s", got, err, tt.want, tt.fault)
			}
		})
	}
}

func id(s string) pingone.ID {
	id, _ := pingone.ParseID(s)
	return id
}

const objectEvent = `{"detail-type":"Object Created","source":"aws.s3","time":"2026-11-23T09:04:12Z","detail":{"bucket":{"name":"b"},"object":{"key":"KEY"}}}`

// object is S3's event of an object.
func object(key string) string { return strings.Replace(objectEvent, "KEY", key, 1) }

// What a new run is to be may stand beside its run or time, or in the detail.
func TestFetchOfEachKind(t *testing.T) {
	t.Parallel()
	const begin, noInput = "the event's environments: ", "the event is not understood: the object is no complete.json: " + forms
	tests := []struct {
		in    string
		want  event.Fetch
		fault string
	}{
		{`{"run":"20261123T090000Z","environments":["` + one + `"]}`, event.Fetch{Run: nine, Named: true, Environments: []pingone.ID{id(one)}}, ""},
		{`{"scheduledTime":"2026-11-23T09:00:00Z","environments":["` + one + `"," ` + other + `","` + one + `"],"dryRun":true}`,
			event.Fetch{Run: nine, Environments: []pingone.ID{id(one), id(other)}, DryRun: true}, ""},
		{`{"time":"2026-11-23T09:00:07Z","detail":{"scheduledTime":"2026-11-23T09:00:00Z","environments":["` + one + `"],"dryRun":true}}`,
			event.Fetch{Run: nine, Environments: []pingone.ID{id(one)}, DryRun: true}, ""},
		{`{"run":"20261123T090000Z","environments":null,"dryRun":true}`, event.Fetch{Run: nine, Named: true, DryRun: true}, ""},
		{`{"run":"20261123T090000Z","dryRun":false}`, event.Fetch{Run: nine, Named: true}, ""},
		{`{"run":"20261123T090000Z","continuation":3}`, event.Fetch{Run: nine, Named: true, Continued: true}, ""},
		{`{"detail-type":"Sync Requested","detail":{"stack":"s","scheduledTime":"2026-11-23T09:00:00Z","open":false}}`, event.Fetch{Run: nine, GoOn: true}, ""},
		{`{"detail-type":"Sync Requested","detail":{"stack":"s","scheduledTime":"2026-11-23T09:00:00Z","open":true}}`, event.Fetch{Run: nine}, ""},
		{object("runs/20261123T090000Z/users/complete.json"), event.Fetch{Run: nine, Input: staging.Users}, ""},
		{object("a prefix/runs/runs/20261123T090000Z/groups/complete.json"), event.Fetch{Run: nine, Input: staging.Groups}, ""},

		{object("runs/20261123T090000Z/users/manifest.json"), event.Fetch{}, noInput},
		{`{"detail-type":"Object Created","time":"2026-11-23T09:00:00Z","detail":{}}`, event.Fetch{}, noInput},
		{`{"dryRun":true}`, event.Fetch{}, "the event names no run and no time: " + forms},
		{`{"environments":["` + one + `"]}`, event.Fetch{}, "the event names no run and no time: " + forms},
		{`{"run":"20261123T090000Z","dryRun":"true"}`, event.Fetch{}, "the event is not understood: " + forms},
		{`{"run":"20261123T090000Z","environments":"` + one + `"}`, event.Fetch{}, "the event is not understood: " + forms},
		{`{"run":"20261123T090000Z","environments":[]}`, event.Fetch{}, begin + "there is none: give ids, or leave it out to read all of the settings"},
		{`{"run":"20261123T090000Z","environments":["all","` + one + `","00000000-0000-0000-0000-000000000000"]}`, event.Fetch{},
			begin + "entry 1 is no environment id (a UUID)\nentry 3 is no environment id (a UUID)"},
		{`{"run":"20261123T090000Z","environments":["` + one + `"],"detail":{"environments":["` + one + `"]}}`, event.Fetch{},
			"the event's environments are given twice, in detail and beside it: give them once"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := event.ParseFetch([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (tt.fault == "") || err != nil && err.Error() != tt.fault {
				t.Errorf("error %v, want %q", err, tt.fault)
			}
		})
	}
}

func TestParseTransform(t *testing.T) {
	t.Parallel()
	const forms = `the event is not understood: send S3's "Object Created" event of a complete.json, the "Sync Requested" event with "open":false, or {"run":"20261123T090000Z"}, optionally with "dryRun":true, or with "approveSweep":true, "codes":["…"] and "reason":"…"`
	const has, send = "the event has ", ", which is not understood: send S3's"
	const beside, all = forms + "; all of these stand beside a run only", `to approve takes all three: "approveSweep":true, "codes" that`
	const users = "runs/20261123T090000Z/users/complete.json"
	approve := event.Transform{Run: nine, Approve: &event.Approve{Codes: []string{"shrunk", "unproven:users"}, Reason: "a department left", By: "arn"}}
	tests := []struct {
		in    string
		want  event.Transform
		fault string // how the error begins
	}{
		{object(users), event.Transform{Run: nine, Collection: staging.Users}, ""},
		{object("a prefix/runs/runs/20261123T090000Z/roleassignments/complete.json"), event.Transform{Run: nine, Collection: staging.RoleAssignments}, ""},
		{strings.Replace(object(users), `{`, `{"replay-name":"r","resources":[],`, 1), event.Transform{Run: nine, Collection: staging.Users}, ""},
		{`{"detail-type":"Sync Requested","time":"2026-11-23T09:00:01Z","detail":{"stack":"s","scheduledTime":"2026-11-23T09:00:00Z","open":false}}`, event.Transform{}, ""},
		{`{"run":"20261123T090000Z"}`, event.Transform{Run: nine}, ""},
		{`{"run":"20261123T090000Z","dryRun":true}`, event.Transform{Run: nine, DryRun: true}, ""},
		{`{"run":"20261123T090000Z","dryRun":true,"continuation":1}`, event.Transform{Run: nine, DryRun: true, Continued: true}, ""},
		{`{"run":"20261123T090000Z","approveSweep":true,"codes":["shrunk","unproven:users"],"reason":"a department left","by":"arn","id":"x","time":"now","detail":{"more":1}}`, approve, ""},

		{`{"run":"20261123T090000Z","dryRun":false,"more":1}`, event.Transform{}, has + `"more"` + send},
		{`{"run":"20261123T090000Z","DryRun":true,"dry_run":true}`, event.Transform{}, has + `"DryRun", "dry_run"` + send},
		{`{"run":"20261123T090000Z","approvesweep":true}`, event.Transform{}, has + `"approvesweep"` + send},
		{`{"run":"20261123T090000Z","environments":["` + one + `"]}`, event.Transform{}, has + `"environments"` + send},
		{`{"run":"20261123T090000Z","approveSweep":true}`, event.Transform{}, all},
		{`{"run":"20261123T090000Z","approveSweep":true,"codes":[],"reason":"r"}`, event.Transform{}, all},
		{`{"run":"20261123T090000Z","approveSweep":true,"codes":["shrunk"],"reason":" "}`, event.Transform{}, all},
		{`{"run":"20261123T090000Z","codes":["shrunk"],"reason":"r"}`, event.Transform{}, all},
		{`{"run":"20261123T090000Z","dryRun":true,"approveSweep":true,"codes":["shrunk"],"reason":"r"}`, event.Transform{}, "the event has dryRun and asks to approve"},
		{strings.Replace(object(users), `{`, `{"dryRun":true,`, 1), event.Transform{}, beside},
		{strings.Replace(object(users), `{`, `{"approveSweep":true,`, 1), event.Transform{}, beside},
		{`{"reason":"r","detail-type":"Sync Requested","detail":{"open":false}}`, event.Transform{}, beside},

		{``, event.Transform{}, forms},
		{`{}`, event.Transform{}, forms},
		{`null`, event.Transform{}, forms},
		{`[]`, event.Transform{}, forms},
		{`canary`, event.Transform{}, forms},
		{`{"run":"20261123T090000Z","dryRun":"true"}`, event.Transform{}, forms},
		{`{"run":20261123}`, event.Transform{}, forms},
		{`{"run":"now"}`, event.Transform{}, `run: run "now" is not a time`},
		{`{"run":""}`, event.Transform{}, `run: run "" is not a time`},
		{`{"detail-type":"Sync Requested","detail":{"stack":"s","scheduledTime":"2026-11-23T09:00:00Z"}}`, event.Transform{}, forms},
		{`{"detail-type":"Sync Requested","detail":{"stack":"s","open":true}}`, event.Transform{}, forms},
		{object("runs/20261123T090000Z/users/manifest.json"), event.Transform{}, forms},
		{object("runs/20261123T090000Z/report.json"), event.Transform{}, forms},
		{object("runs/20261123T090000Z/users/notcomplete.json"), event.Transform{}, forms},
		{object("runs/20261123T090000Z/pets/complete.json"), event.Transform{}, forms + `: key "runs/20261123T090000Z/pets/complete.json" is not of the form`},
		{object("runs/today/users/complete.json"), event.Transform{}, forms + ": key "},
		{object("complete.json"), event.Transform{}, forms},
		{object(""), event.Transform{}, forms},
		{strings.Replace(object(users), "Created", "Deleted", 1), event.Transform{}, forms},
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
		got, err := event.ParseFetch(payload)
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
			want, fault := event.Fetch{Run: nine, Named: strings.HasPrefix(tt.in, run), Continued: strings.Contains(tt.in, "continuation")}, ""
			if tt.names != "" {
				want, fault = event.Fetch{}, "the event has "+tt.names+", which is not understood: "+forms
			}
			got, err := event.ParseFetch([]byte(tt.in))
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
		if asked, err := event.ParseFetch(payload); err == nil {
			if asked.Run == "" {
				return
			}
			asked.Named, asked.Continued, asked.GoOn, asked.Input = true, false, false, "" // what Event says
			next, err := asked.Event()
			if err != nil {
				t.Fatalf("%q: %v", payload, err)
			}
			if back, err := event.ParseFetch(next); err != nil || !cmp.Equal(asked, back, cmpopts.EquateEmpty()) {
				t.Errorf("%q: %+v, then %+v, %v", payload, asked, back, err)
			}
		} else if diff := cmp.Diff(event.Fetch{}, asked); diff != "" {
			t.Errorf("%q: with an error: %s", payload, diff)
		}
		got, err := event.ParseTransform(payload)
		switch {
		case err != nil && got != (event.Transform{}):
			t.Errorf("%q: %+v with an error", payload, got)
		case err == nil && got.ByPerson():
			got.Continued = false
			next, err := got.Event()
			if err != nil {
				t.Fatalf("%q: %v", payload, err)
			}
			if back, err := event.ParseTransform(next); err != nil || !cmp.Equal(got, back) {
				t.Errorf("%q: %+v, then %+v, %v", payload, got, back, err)
			}
		case err == nil && (got.DryRun && !got.Continued || got.Approve != nil && got.Collection != ""):
			t.Errorf("%q: %+v", payload, got)
		}
	})
}

func TestContinuation(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{false, true} {
		payload, err := event.Continue(nine, dry, 7)
		if err != nil || event.Continuation(payload) != 7 {
			t.Errorf("%s, %v", payload, err)
		}
		if got, err := event.ParseTransform(payload); err != nil || got != (event.Transform{Run: nine, Continued: true, DryRun: dry}) {
			t.Errorf("%s: %+v, %v", payload, got, err)
		}
		if got, err := event.ParseFetch(payload); err != nil || !cmp.Equal(got, event.Fetch{Run: nine, Named: true, Continued: true, DryRun: dry}) {
			t.Errorf("%s: %+v, %v", payload, got, err)
		}
	}
	for _, other := range []string{``, `{}`, `{"run":"20261123T090000Z"}`, `[]`} {
		if n := event.Continuation([]byte(other)); n != 0 {
			t.Errorf("%s: %d", other, n)
		}
	}
}
