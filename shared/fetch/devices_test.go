package fetch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const devicesPath = "/v1/environments/*/users/*/devices"

func devicesOf(user int) string {
	return "/v1/environments/" + smallEnv.String() + "/users/" + smallUser(user).String() + "/devices"
}

// deviceRig is smallRig with devices: all but user 0 may use MFA; 0 and 1 have
// a device, 2 has three, on two pages, and the others none.
func deviceRig(t testing.TB, opts ...pingonetest.Option) (*rig, *pingonetest.Organization) {
	r, o := smallRig(t, opts...)
	r.devices = true
	for i := 1; i < smallUsers; i++ {
		o.UpdateUser(smallEnv, smallUser(i), func(u *pingonetest.User) { u.MFAEnabled = true })
	}
	for i, n := range []int{1, 1, 3} {
		for range n {
			o.AddDevice(smallEnv, smallUser(i), pingonetest.Device{Type: "TOTP", Status: "ACTIVE"})
		}
	}
	return r, o
}

// deviceEdges are what is staged of users and of the devices of some.
func deviceEdges(o *pingonetest.Organization, of ...int) []string {
	all := modelEdges(o, staging.Users)
	for _, i := range of {
		for _, d := range o.Environments[0].Devices[smallUser(i)] {
			all = append(all, fmt.Sprintf("user:%s/devices %s", smallUser(i), d.ID))
		}
	}
	slices.Sort(all)
	return all
}

// wantDevices compares what is staged of users and of the devices of some, and
// what was refused of devices, as "status code users". Nothing may hold.
func (r *rig) wantDevices(o *pingonetest.Organization, refused []string, of ...int) {
	r.t.Helper()
	if d := cmp.Diff(deviceEdges(o, of...), r.edges(staging.Users)); d != "" {
		r.t.Errorf("staged (-want +got):\n%s", d)
	}
	s := r.snapshot(staging.Users)
	if c := s.Complete; c.Records != smallUsers || c.Unread != nil || c.Short != nil || c.Gone != 0 {
		r.t.Errorf("complete.json: %d records, unread %+v, short %+v, %d gone; want %d records and nothing else", c.Records, c.Unread, c.Short, c.Gone, smallUsers)
	}
	if s.Manifest.Devices == nil || !s.Manifest.Devices.Planned {
		r.t.Fatalf("devices %+v, want them planned", s.Manifest.Devices)
	}
	var got []string
	for _, u := range s.Manifest.Devices.Refused {
		if u.Environment != smallEnv || u.Path == "" || u.Parent == nil || u.Status >= 300 && u.CorrelationID == "" {
			r.t.Errorf("refused %+v: a fact is missing", u)
		}
		got = append(got, fmt.Sprint(u.Status, " ", u.Code, " ", 1+u.Skipped))
	}
	if d := cmp.Diff(refused, got); d != "" {
		r.t.Errorf("refused (-want +got):\n%s", d)
	}
}

func TestDevicesAreNotReadByDefault(t *testing.T) {
	t.Parallel()
	r, o := deviceRig(t)
	r.devices = false
	r.mustRead(staging.Users)
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
	if n := r.fake.Calls(devicesPath); n != 0 || r.snapshot(staging.Users).Manifest.Devices != nil {
		t.Errorf("%d calls for devices, manifest %+v", n, r.snapshot(staging.Users).Manifest.Devices)
	}
}

// One call for each user who may use MFA, and one more for a second page.
func TestDevicesOfThoseWhoMayUseMFA(t *testing.T) {
	t.Parallel()
	r, o := deviceRig(t)
	result := r.mustRead(staging.Users)
	r.wantDevices(o, nil, 1, 2)
	if n := r.fake.Calls(devicesPath); n != smallUsers-1+1 || r.fake.Calls(devicesOf(0)) != 0 {
		t.Errorf("%d calls for devices, %d of them for a user without MFA", n, r.fake.Calls(devicesOf(0)))
	}
	if want := 4 + smallUsers; result.Pages != want || result.Records != smallUsers {
		t.Errorf("got %+v, want %d pages", result, want)
	}
	want := []staging.Slice{{Environment: smallEnv, Parent: "user", List: "devices", Asked: 6, Read: 4}}
	if d := cmp.Diff(want, r.snapshot(staging.Users).Manifest.Slices); d != "" {
		t.Errorf("slices (-want +got):\n%s", d)
	}
}

// A user who moved while users were read is in two lists and is asked for once.
func TestDevicesOfAUserInTwoLists(t *testing.T) {
	t.Parallel()
	r, _ := deviceRig(t)
	r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 3, Do: pingonetest.FaultCursor})
	r.mustRead(staging.Users)
	if got := r.edges(staging.Users); len(got) <= smallUsers+4 {
		t.Fatalf("%d items staged: nothing came twice", len(got))
	}
	if n := r.fake.Calls(devicesPath); n != smallUsers {
		t.Errorf("%d calls for devices, want %d", n, smallUsers)
	}
}

func TestDevicesThatCantBeRead(t *testing.T) {
	t.Parallel()
	fail := func(of int, do pingonetest.FaultKind, status int) pingonetest.Fault {
		return pingonetest.Fault{Match: devicesOf(of), Times: -1, Do: do, Status: status, Code: "UNEXPECTED_ERROR"}
	}
	tests := []struct {
		name    string
		spoil   func(*rig, *pingonetest.Organization)
		refused []string
		of      []int
	}{
		{"403 for one", func(r *rig, _ *pingonetest.Organization) { r.fake.Deny(devicesOf(1), 403, "ACCESS_FAILED") }, []string{"403 ACCESS_FAILED 1"}, []int{2}},
		{"404 for one", func(r *rig, _ *pingonetest.Organization) { r.fake.Deny(devicesOf(1), 404, "NOT_FOUND") }, []string{"404 NOT_FOUND 1"}, []int{2}},
		{"5xx for one", func(r *rig, _ *pingonetest.Organization) { r.fake.Inject(fail(1, pingonetest.FaultStatus, 500)) }, []string{"500 UNEXPECTED_ERROR 1"}, []int{2}},
		{"no list for one", func(r *rig, _ *pingonetest.Organization) { r.fake.Inject(fail(1, pingonetest.FaultForeignNext, 0)) }, []string{"200 BAD_PAGE 1"}, []int{2}},
		{"some 403 and some 404", func(r *rig, _ *pingonetest.Organization) {
			r.fake.Deny(devicesOf(3), 404, "NOT_FOUND")
			r.fake.Deny(devicesOf(4), 403, "ACCESS_FAILED")
			r.fake.Deny(devicesOf(5), 404, "NOT_FOUND")
		}, []string{"404 NOT_FOUND 2", "403 ACCESS_FAILED 1"}, []int{1, 2}},
		{"all gone", func(r *rig, _ *pingonetest.Organization) { r.fake.Deny(devicesPath, 404, "NOT_FOUND") }, []string{"404 NOT_FOUND 6"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, o := deviceRig(t)
			tt.spoil(r, o)
			if result := r.mustRead(staging.Users); !result.Complete || result.Unread != 0 {
				t.Errorf("got %+v", result)
			}
			r.wantDevices(o, tt.refused, tt.of...)
		})
	}
}

// A user who is deleted between the list and the question for its devices costs
// that one call.
func TestDevicesOfADeletedUser(t *testing.T) {
	t.Parallel()
	r, _ := deviceRig(t)
	r.fake.Inject(pingonetest.Fault{Match: devicesPath, Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
		o.RemoveUser(smallEnv, smallUser(6))
	}})
	r.mustRead(staging.Users)
	s := r.snapshot(staging.Users)
	if n := r.fake.Calls(devicesOf(6)) + r.fake.Calls("/v1/environments/*/users/*"); n > 1 {
		t.Errorf("%d calls for the user who was deleted", n)
	}
	if c := s.Complete; c.Records != smallUsers || c.Unread != nil || c.Gone != 0 {
		t.Errorf("got %d records, unread %+v, %d gone", c.Records, c.Unread, c.Gone)
	}
}

// Without the MFA product every list of devices is refused: few answers settle
// it, however many users there are.
func TestDevicesOfAnEnvironmentWithoutMFA(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 404} {
		org := pingonetest.Demo()
		r := newRig(t, org)
		r.devices = true
		ids := pingonetest.DemoIDs()
		path := "/v1/environments/" + ids.Workforce.String() + "/users/*/devices"
		r.fake.Deny(path, status, "ACCESS_FAILED")
		if result := r.mustRead(staging.Users); !result.Complete || result.Unread != 0 || result.Records != 5000 {
			t.Errorf("got %+v", result)
		}
		if n := r.fake.Calls(path); n > 200 {
			t.Errorf("%d calls for devices that are refused with %d", n, status)
		}
		for _, s := range r.snapshot(staging.Users).Manifest.Slices {
			if s.Environment == ids.Workforce && s.Refused != s.Asked || s.Environment != ids.Workforce && s.Refused != 0 || s.Asked == 0 {
				t.Errorf("slice %+v", s)
			}
		}
		refused := r.snapshot(staging.Users).Manifest.Devices.Refused
		if len(refused) != 1 || refused[0].Status != status || refused[0].Skipped < 1000 {
			t.Errorf("refused %+v", refused)
		}
	}
}

func TestDevicesKilledAtEveryStoreOperation(t *testing.T) {
	t.Parallel()
	sound, o := deviceRig(t)
	_, operations, err := sound.readOn(staging.Users, stagingtest.Fault{})
	if err != nil {
		t.Fatal(err)
	}
	sound.wantDevices(o, nil, 1, 2)
	if operations < 3+smallPages[staging.Users]+smallUsers {
		t.Fatalf("only %d operations", operations)
	}
	for n := 1; n <= operations; n++ {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("operation %d applied %t", n, applied), func(t *testing.T) {
				t.Parallel()
				r, o := deviceRig(t)
				killed, _, err := r.readOn(staging.Users, stagingtest.Fault{N: n, Err: errFault, Applied: applied, Dead: true})
				if err != nil && !errors.Is(err, errFault) || err != nil == killed.Complete {
					t.Errorf("killed: got %+v, %v", killed, err)
				}
				r.devices = false // a run keeps what it began with
				begun, err := staging.LoadManifest(t.Context(), r.store, run, staging.Users)
				if errors.Is(err, staging.ErrNotFound) {
					r.devices = true
				} else if err != nil || begun.Devices == nil {
					t.Fatalf("the manifest says %+v, %v", begun, err)
				}
				if result := r.mustRead(staging.Users); !result.Complete {
					t.Errorf("the next invocation: got %+v, want complete", result)
				}
				r.wantDevices(o, nil, 1, 2)
			})
		}
	}
}

// Invocations that die a few operations after their start get there as long as
// each can look through what is staged, and ask until a slice is hopeless.
func TestDevicesByAChainOfDyingInvocations(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		r, o := deviceRig(t)
		r.fake.Deny(devicesPath, 403, "ACCESS_FAILED")
		for n := 1; ; n++ {
			result, _, err := r.readOn(staging.Users, stagingtest.Fault{N: 28, Err: errFault, Applied: applied, Dead: true})
			if err == nil && result.Complete {
				break
			}
			if !errors.Is(err, errFault) || n > 20 {
				t.Fatalf("invocation %d: %+v, %v", n, result, err)
			}
		}
		r.wantDevices(o, []string{"403 ACCESS_FAILED 6"})
	}
}

// Out of time among the devices: what was read is kept, counts as progress, and
// is asked for no more. The proof of users was made and is not repeated.
func TestDevicesOutOfTime(t *testing.T) {
	t.Parallel()
	r, o := deviceRig(t)
	options := r.options()
	options.PerSecond = 0 // one worker
	result, _ := r.readUntil(staging.Users, devicesPath, "", 4, options)
	want := fetch.Result{Run: run, Collection: staging.Users, Pages: 4 + 3, Records: smallUsers, Progressed: true}
	if d := cmp.Diff(want, result); d != "" {
		t.Errorf("out of time (-want +got):\n%s", d)
	}
	if result := r.mustRead(staging.Users); !result.Complete || !result.Progressed {
		t.Errorf("the next invocation: got %+v", result)
	}
	r.wantDevices(o, nil, 1, 2)
	if n := r.fake.Calls(devicesPath); n != smallUsers+1 {
		t.Errorf("%d calls for devices, want %d and the one that was cut off", n, smallUsers)
	}
	if n := r.fake.Calls("/v1/environments/*/totalIdentities"); n != 1 {
		t.Errorf("users were proven %d times", n)
	}
}

// A run that was begun without devices stays without.
func TestARunBegunWithoutDevicesStaysSo(t *testing.T) {
	t.Parallel()
	r, o := deviceRig(t)
	r.devices = false
	if _, _, err := r.readOn(staging.Users, stagingtest.Fault{N: 12, Err: errFault, Dead: true}); !errors.Is(err, errFault) {
		t.Fatal(err)
	}
	r.devices = true
	r.mustRead(staging.Users)
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
	if n := r.fake.Calls(devicesPath); n != 0 {
		t.Errorf("%d calls for devices", n)
	}
}

// PingOne no longer knows the second page of a user's devices: the list starts
// again.
func TestDevicesCursorLost(t *testing.T) {
	t.Parallel()
	r, _ := deviceRig(t)
	r.fake.Inject(pingonetest.Fault{Match: devicesOf(2), From: 2, Do: pingonetest.FaultCursor})
	r.mustRead(staging.Users)
	s := r.snapshot(staging.Users)
	if n := r.fake.Calls(devicesOf(2)); n != 4 || s.Manifest.Devices.Refused != nil || s.Manifest.Slices[0].Read != 4 {
		t.Errorf("%d calls, %+v, %+v", n, s.Manifest.Devices, s.Manifest.Slices)
	}
	pages := 0
	for reply, err := range s.Replies(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(reply.Path, smallUser(2).String()+"/devices") {
			pages++
		}
	}
	if pages != 3 {
		t.Errorf("%d pages staged, want the first twice and the second", pages)
	}
}

// A user whom no list held, and who is there all the same, is asked for too.
func TestDevicesOfAUserWhoWasMissed(t *testing.T) {
	t.Parallel()
	r, _ := deviceRig(t)
	missed := smallUser(3)
	r.know(smallEnv, missed)
	r.fake.Inject(
		pingonetest.Fault{Match: usersPath, Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) { o.RemoveUser(smallEnv, missed) }},
		pingonetest.Fault{Match: strings.TrimSuffix(devicesOf(3), "/devices"), Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
			addSmallUser(o, 3)
			o.UpdateUser(smallEnv, missed, func(u *pingonetest.User) { u.MFAEnabled = true })
		}})
	r.mustRead(staging.Users)
	if n := r.fake.Calls(devicesOf(3)); n != 1 {
		t.Errorf("%d calls for the devices of a user who was missed", n)
	}
}

// An estimate counts a call for each user: who may use MFA shows later.
func TestDevicesEstimate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options []pingonetest.Option
		devices bool
		above   int
		want    int64
	}{
		{name: "off"},
		{name: "on", devices: true, want: smallUsers},
		{name: "the count is missing", options: []pingonetest.Option{pingonetest.WithCount(pingonetest.CountMissing)}, devices: true, want: -1},
		{name: "population by population", devices: true, above: 3, want: smallUsers + 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, o := deviceRig(t, tt.options...)
			r.devices = tt.devices
			options := r.options()
			if tt.above > 0 {
				other := pingonetest.StableID("small", "other")
				o.AddPopulation(smallEnv, pingonetest.Population{ID: other, Name: "Other"})
				o.AddUser(smallEnv, pingonetest.User{ID: pingonetest.StableID("small", "one more"), Population: other, Username: "more"})
				options = options.PartitioningAbove(tt.above)
			}
			e, err := fetch.Plan(t.Context(), run, staging.Users, options)
			if err != nil || e.Devices != tt.want {
				t.Errorf("got %+v, %v, want %d calls for devices", e, err, tt.want)
			}
		})
	}
}
