package functions_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A function with bad settings doesn't start: it ends with 1 after one line
// that names every fault.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	tests := []struct {
		name     string
		function string
		settings map[string]string
		want     []string
	}{
		{
			"nothing set", "users",
			map[string]string{"SECRET_ID": "unset", "STAGING_URL": "unset"},
			[]string{"SECRET_ID", "STAGING_URL"},
		},
		{
			"all malformed", "environments",
			map[string]string{
				"STAGING_URL": "ftp://somewhere", "PINGONE_API_URL": "http://api.example", "PINGONE_ENVIRONMENTS": "production",
				"PINGONE_REQUESTS_PER_SECOND": "fast",
			},
			[]string{"STAGING_URL", "PINGONE_API_URL", "PINGONE_ENVIRONMENTS", "PINGONE_REQUESTS_PER_SECOND"},
		},
		{
			"transform without anything", "transform",
			map[string]string{"SECRET_ID": "unset", "STAGING_URL": "unset", "AUTHOMIZE_APP_ID": "unset"},
			[]string{"SECRET_ID", "STAGING_URL", "AUTHOMIZE_APP_ID"},
		},
		{
			"transform malformed", "transform",
			map[string]string{"AUTHOMIZE_API_URL": "authomize", "SWEEP": "yes", "MAX_SHRINK_PERCENT": "a lot", "DRY_RUN": "perhaps"},
			[]string{"AUTHOMIZE_API_URL", "SWEEP", "MAX_SHRINK_PERCENT", "DRY_RUN"},
		},
	}
	for _, tt := range tests {
		f := d.start(tt.function, tt.settings)
		code, err := f.Exit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(f.Output()), "\n")
		if code != 1 || len(lines) != 1 {
			t.Errorf("%s: exit code %d after %d lines, want 1 after one:\n%s", tt.name, code, len(lines), f.Output())
		}
		for _, setting := range tt.want {
			if !strings.Contains(lines[0], setting+":") {
				t.Errorf("%s: the message does not name %s: %s", tt.name, setting, lines[0])
			}
		}
	}
	d.nothingPosted()
}

func TestBadSecrets(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	d.begin(run1, staging.Users) // which the refused ones are to read
	whole := deploy(t, small())
	whole.fetch(run1)
	with := func(changes map[string]string) map[string]string {
		c := d.credentials()
		maps.Copy(c, changes)
		maps.DeleteFunc(c, func(_, v string) bool { return v == "" })
		return c
	}
	tests := []struct {
		name     string
		function string
		settings map[string]string
		want     []string
	}{
		{"not an object", "users", map[string]string{"SECRET_ID": d.secret("text")}, []string{"not a JSON object", "clientId", "authomizeToken"}},
		{"empty", "users", map[string]string{"SECRET_ID": d.secret(map[string]string{})}, []string{"clientId", "clientSecret", "tokenEndpoint", "authomizeToken"}},
		{"parts absent", "transform", map[string]string{"SECRET_ID": d.secret(with(map[string]string{"authomizeToken": "", "authMethod": "guess"}))}, []string{"authomizeToken", "authMethod"}},
		{"unknown", "groups", map[string]string{"SECRET_ID": "nobody-made-this"}, []string{"nobody-made-this", "does not exist", "SECRET_ID"}},
		{"unknown to transform", "transform", map[string]string{"SECRET_ID": "nobody-made-this"}, []string{"nobody-made-this", "does not exist"}},
		{"token endpoint", "users", map[string]string{"SECRET_ID": d.secret(with(map[string]string{"tokenEndpoint": "auth.pingone.eu"}))}, []string{"token endpoint"}},
		{
			"custom domain", "environments",
			map[string]string{
				"SECRET_ID":       d.secret(with(map[string]string{"tokenEndpoint": "https://login.example.org/as/token"})),
				"PINGONE_API_URL": "unset", "PINGONE_ENVIRONMENTS": "unset",
			},
			[]string{"custom domain", "PINGONE_API_URL", "PINGONE_ENVIRONMENTS"},
		},
		{
			"wrong client secret", "users",
			map[string]string{"SECRET_ID": d.secret(with(map[string]string{"clientSecret": "not-this-one"}))},
			[]string{"clientSecret"},
		},
		{
			"wrong method", "users",
			map[string]string{"SECRET_ID": d.secret(with(map[string]string{"authMethod": "post"}))},
			[]string{"authMethod"},
		},
	}
	for _, tt := range tests {
		at := d
		if tt.function == "transform" {
			at = whole
		}
		failure := at.failure(tt.function, tt.settings, onDemand(t, run1, false))
		for _, want := range tt.want {
			if !strings.Contains(failure, want) {
				t.Errorf("%s: the error does not say %q: %s", tt.name, want, failure)
			}
		}
	}
	whole.nothingPosted()
}

// failure is what a new process of a function says about an event: an error,
// or for transform a failed state, since a retry would not help.
func (d *deployment) failure(name string, settings map[string]string, event []byte) string {
	d.t.Helper()
	payload, failure := d.invoke(d.start(name, settings), event)
	if failure != "" {
		return failure
	}
	var a struct{ State, Error string }
	if err := json.Unmarshal(payload, &a); err != nil || a.State != "failed" || a.Error == "" {
		d.t.Errorf("%s: got the answer %s, want an error", name, payload)
	}
	return a.Error
}

func TestWrongAuthomizeToken(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	d.fetch(run1)
	d.authomize.ExpectViolation("Authorization is not the bare token")
	c := d.credentials()
	c["authomizeToken"] = "atm-expired"
	failure := d.failure("transform", map[string]string{"SECRET_ID": d.secret(c)}, d.completeEvents(run1)[0])
	if !strings.Contains(failure, "authomizeToken") || strings.Contains(failure, "atm-expired") {
		t.Errorf("the error does not say what to do: %s", failure)
	}
	d.nothingAccepted()

	// The report of a failure is no reason not to try once more.
	if a := d.mustTransform(d.function("transform"), onDemand(t, run1, false)); a.State != "done" || !a.Swept {
		t.Errorf("with the right token: %+v", a)
	}
}

// nothingAccepted asserts that Authomize holds nothing and was not swept.
func (d *deployment) nothingAccepted() {
	d.t.Helper()
	for _, kind := range authomize.Kinds {
		if n := d.authomize.Count(kind); n > 0 {
			d.t.Errorf("Authomize holds %d %s, want none", n, kind)
		}
	}
	if n := len(d.authomize.Sweeps()); n > 0 {
		d.t.Errorf("%d sweeps, want none", n)
	}
}

func TestBadEvents(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	tests := []struct {
		name     string
		function string
		event    string
		want     string
	}{
		{"text", "users", `"now"`, "Sync Requested"},
		{"list", "users", `[]`, "Sync Requested"},
		{"misspelt", "users", `{"runn":"20261123T090000Z"}`, "names no run"},
		{"no run", "users", `{"run":"yesterday"}`, "20261123T090000Z"},
		{"no time", "users", `{"scheduledTime":"<aws.scheduler.scheduled-time>"}`, "scheduledTime"},
		{"text for transform", "transform", `"now"`, "Object Created"},
		{"nothing for transform", "transform", `{}`, "Object Created"},
		{"no run for transform", "transform", `{"run":"20261323T090000Z"}`, "YYYYMMDDThhmmssZ"},
		{"another object", "transform", string(objectCreated(t, d.bucket, "sync/runs/20261123T090000Z/users/manifest.json")), "complete.json"},
		{"another collection", "transform", string(objectCreated(t, d.bucket, "sync/runs/20261123T090000Z/pets/complete.json")), "pets"},
		{"another object", "users", string(objectCreated(t, d.bucket, "sync/runs/20261123T090000Z/users/manifest.json")), "complete.json"},
		{"unknown run", "transform", string(onDemand(t, run2, false)), string(run2)},
		{"approval of nothing", "transform", `{"run":"` + string(run2) + `","approveSweep":true}`, "codes"},
		{"a run ahead of the clock", "environments", `{"run":"20991123T090000Z"}`, "ahead of the clock"},
	}
	for _, tt := range tests {
		// The process survives it.
		payload, failure := d.invoke(d.function(tt.function), []byte(tt.event))
		if failure == "" || !strings.Contains(failure, tt.want) {
			t.Errorf("%s: got answer %s, error %q; want one that says %q", tt.name, payload, failure, tt.want)
		}
	}
	if n := len(d.pingone.Requests()); n != 0 {
		t.Errorf("%d requests to PingOne, want none", n)
	}
	d.nothingPosted()
	if keys := d.keys(run1); len(keys) > 0 {
		t.Errorf("staged: %q", keys)
	}
}

// What is damaged in the bucket is said plainly, and nothing is posted of it. The
// next run reads everything; only where the damaged one was posted before, it has
// lost what to compare with.
func TestDamagedRun(t *testing.T) {
	t.Parallel()
	flip := func(data []byte) []byte {
		data = bytes.Clone(data)
		data[len(data)/2] ^= 0x40
		return data
	}
	tests := []struct {
		name   string
		object string
		damage func([]byte) []byte // nil deletes the object
	}{
		{"part of memberships", "memberships/part-000001.jsonl.gz", flip},
		{"part that is gone", "applications/part-000001.jsonl.gz", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, small())
			damage := func(run staging.RunID) {
				key := prefix + "/" + staging.RunPrefix(run) + tt.object
				if tt.damage == nil {
					d.remove(key)
				} else {
					d.replace(key, tt.damage(d.mustObject(key)))
				}
			}
			d.fetch(run1)
			events := d.completeEvents(run1)
			damage(run1)
			failure := d.failure("transform", nil, events[0])
			if !strings.Contains(failure, tt.object) {
				t.Errorf("the error does not name %s: %s", tt.object, failure)
			}
			d.nothingPosted()
			if r := d.report(run1); r.State != report.Failed || !strings.Contains(r.Error, tt.object) || r.Sweep.Swept {
				t.Errorf("report: state %s, error %q, swept %t", r.State, r.Error, r.Sweep.Swept)
			}

			d.clock.set(run2)
			if a := d.sync(run2); a.State != "done" || !a.Swept {
				t.Errorf("the next run answered %+v", a)
			}
			damage(run2)
			d.clock.set(run3)
			if a := d.sync(run3); a.State != "held" || len(a.Held) != 1 || a.Held[0].Code != "history-lost" {
				t.Errorf("the run behind it answered %+v", a)
			}
			approve := []byte(`{"run":"` + string(run3) + `","approveSweep":true,"codes":["history-lost"],"reason":"the counts were compared","by":"me"}`)
			if a := d.mustTransform(d.function("transform"), approve); a.State != "done" || !a.Swept {
				t.Errorf("once that is approved: %+v", a)
			}
			d.checkRecords(expect(d.org))
			if r := d.report(run3); len(r.Sweep.Approvals) != 1 || r.Sweep.Approvals[0].By != "me" {
				t.Errorf("report: %+v", r.Sweep.Approvals)
			}
		})
	}
}
