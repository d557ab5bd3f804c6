package transform_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// withDevices is tiny with devices. bob may not use MFA, all others may.
func withDevices() *pingonetest.Organization {
	o := tiny()
	for _, name := range []string{"ann", "cy", "dan", "eve"} {
		o.UpdateUser(id("main"), id(name), func(u *pingonetest.User) { u.MFAEnabled = true })
	}
	addDevices(o, "ann", "ACTIVE")
	addDevices(o, "bob", "ACTIVE")
	addDevices(o, "cy", "ACTIVATION_REQUIRED")
	addDevices(o, "eve", "ACTIVATION_REQUIRED", "ACTIVE")
	return o
}

func addDevices(o *pingonetest.Organization, user string, statuses ...string) {
	for _, status := range statuses {
		o.AddDevice(id("main"), id(user), pingonetest.Device{Type: "SMS", Status: status, Phone: "+41.555000111"})
	}
}

func devicesOf(user string) string {
	return "/v1/environments/" + id("main").String() + "/users/" + id(user).String() + "/devices"
}

// hasMFA is what Authomize holds of each user; "left out" where it holds
// nothing.
func (r *rig) hasMFA() map[string]string {
	out := map[string]string{}
	for _, u := range authomizetest.Get[authomize.User](r.app) {
		name := named(u.UniqueID)
		switch {
		case u.HasMFA == nil:
			out[name] = "left out"
		case *u.HasMFA:
			out[name] = "yes"
		default:
			out[name] = "no"
		}
	}
	return out
}

func mfa(ann, bob, cy, dan, eve string) map[string]string {
	return map[string]string{"user:ann": ann, "user:bob": bob, "user:cy": cy, "user:dan": dan, "user:eve": eve}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	const left, anyDevices = "left out", "/v1/environments/*/users/*/devices"
	unread := func(n int64) map[string]int64 { return map[string]int64{"mfa_devices_unread": n} }
	tests := []struct {
		name     string
		off      bool
		spoil    func(*rig)
		want     map[string]string
		warnings map[string]int64
	}{
		{name: "off: allowed is enough", off: true, spoil: func(*rig) {}, want: mfa("yes", "no", "yes", "yes", "yes")},
		{name: "on", spoil: func(*rig) {}, want: mfa("yes", "no", "no", "no", "yes")},
		{name: "403 for all", spoil: func(r *rig) { r.fake.Deny(anyDevices, 403, "ACCESS_FAILED") }, want: mfa(left, "no", left, left, left), warnings: unread(4)},
		{name: "404 for all", spoil: func(r *rig) { r.fake.Deny(anyDevices, 404, "NOT_FOUND") }, want: mfa(left, "no", left, left, left), warnings: unread(4)},
		{name: "404 for one", spoil: func(r *rig) { r.fake.Deny(devicesOf("ann"), 404, "NOT_FOUND") }, want: mfa(left, "no", "no", "no", "yes"), warnings: unread(1)},
		{name: "5xx for one", spoil: func(r *rig) {
			r.fake.Inject(pingonetest.Fault{Match: devicesOf("cy"), Times: -1, Status: 503})
		}, want: mfa("yes", "no", left, "no", "yes"), warnings: unread(1)},
		{name: "one refused for a while", spoil: func(r *rig) {
			r.fake.Inject(pingonetest.Fault{Match: devicesOf("cy"), Times: 2, Status: 403, Code: "ACCESS_FAILED"})
		}, want: mfa("yes", "no", "no", "no", "yes")},
		{name: "a status never seen", spoil: func(r *rig) { addDevices(r.org, "dan", "PAUSED") }, want: mfa("yes", "no", "no", "no", "yes"), warnings: map[string]int64{"mfa_device_status_unknown": 1}},
		{name: "the second page is refused and the first shows none", spoil: func(r *rig) {
			r.fake.Inject(pingonetest.Fault{Match: devicesOf("eve"), Query: "cursor", Times: -1, Status: 403, Code: "ACCESS_FAILED"})
		}, want: mfa("yes", "no", "no", "no", left), warnings: unread(1)},
		{name: "the second page is refused and the first shows one", spoil: func(r *rig) {
			addDevices(r.org, "ann", "ACTIVE")
			r.fake.Inject(pingonetest.Fault{Match: devicesOf("ann"), Query: "cursor", Times: -1, Status: 403, Code: "ACCESS_FAILED"})
		}, want: mfa("yes", "no", "no", "no", "yes")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &clock{at: day1}
			r := newRig(t, withDevices(), authomizetest.WithClock(c.now))
			r.fake = pingonetest.New(t, r.org, pingonetest.WithPageMax(1))
			r.devices = !tt.off
			tt.spoil(r)
			r.fetch(run1)
			r.wantState(r.mustTransform(run1), report.Done, true)
			r.wantHeld(tinyHoldings())
			if diff := cmp.Diff(tt.want, r.hasMFA()); diff != "" {
				t.Errorf("hasMFA (-want +got):\n%s", diff)
			}
			if tt.warnings == nil {
				tt.warnings = map[string]int64{}
			}
			if diff := cmp.Diff(tt.warnings, r.report(run1).Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			for _, got := range r.report(run1).Collections {
				if got.Name == "users" && (got.Records != 5 || len(got.Unread) != 0) {
					t.Errorf("the report says %+v of users", got)
				}
			}
		})
	}
}

// A run decides by what it staged: transformed once more it posts the same,
// whatever the setting says by then. So does one that was killed.
func TestDevicesAgain(t *testing.T) {
	t.Parallel()
	c := &clock{at: day1}
	r := newRig(t, withDevices(), authomizetest.WithClock(c.now))
	r.devices = true
	r.fake.Deny(devicesOf("ann"), 403, "ACCESS_FAILED")
	r.fetch(run1)
	o := r.options()
	o.MaxItems, o.SaveEvery = 2, time.Nanosecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sound := o.Client
	var posts atomic.Int64
	o.Client = &hooked{sound, func(string) {
		if posts.Add(1) == 2 {
			cancel()
		}
	}}
	if got, err := transform.Run(ctx, run1, o); err != nil || !got.Unfinished {
		t.Fatalf("got %+v, %v, want unfinished", got, err)
	}
	r.devices, o.Client = false, sound
	want := mfa("left out", "no", "no", "no", "yes")
	r.wantState(r.run(run1, o), report.Done, true)
	if diff := cmp.Diff(want, r.hasMFA()); diff != "" {
		t.Errorf("hasMFA (-want +got):\n%s", diff)
	}
	before := r.bodies()
	o = r.options()
	o.Again = true
	r.run(run1, o)
	if diff := cmp.Diff(before, r.bodies()); diff != "" {
		t.Errorf("bodies (-before +after):\n%s", diff)
	}
}

// Devices of somebody whom no list holds change nothing, nor do those that are
// there twice; a reply of another shape is no reading.
func TestDevicesThatAreDamaged(t *testing.T) {
	t.Parallel()
	c := &clock{at: day1}
	r := newRig(t, withDevices(), authomizetest.WithClock(c.now))
	r.devices = true
	r.fetch(run1)
	r.restage(run1, run2, func(m *staging.Manifest) {
		if m.Collection == staging.Users {
			m.Devices = &staging.Devices{Planned: true}
		}
	}, func(_ staging.Collection, path, body string) []string {
		switch path {
		case devicesOf("ann"):
			return []string{body, body}
		case devicesOf("cy"):
			return []string{`{"_embedded":{"devices":["text"]}}`}
		case devicesOf("eve"):
			return []string{`[]`}
		}
		return []string{body}
	})
	r.wantState(r.mustTransform(run2), report.Done, true)
	want := mfa("yes", "no", "left out", "no", "left out")
	if diff := cmp.Diff(want, r.hasMFA()); diff != "" {
		t.Errorf("hasMFA (-want +got):\n%s", diff)
	}
}
