package fetch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// Users move while populations are read one after the other: each population
// is counted again, and read again where it has more than was found in it.
func TestUsersWhoMoveBetweenPopulations(t *testing.T) {
	t.Parallel()
	moved := movingUser("c", 3)
	tests := []struct {
		name    string
		move    func(*pingonetest.Organization)
		refused []pingonetest.Fault
		missed  []pingone.ID
		short   []staging.Short
		calls   int // beside those of a reading in which nobody moves
	}{
		{name: "nobody moves", move: func(*pingonetest.Organization) {}},
		{name: "to one that was read", move: func(o *pingonetest.Organization) { move(o, moved, populationA) }, calls: 3},
		{name: "and a new user takes the place", calls: 3, move: func(o *pingonetest.Organization) {
			move(o, moved, populationA)
			addMovingUser(o, "c", 4)
		}},
		{name: "and another is read twice", calls: 2, move: func(o *pingonetest.Organization) {
			move(o, moved, populationA)
			move(o, movingUser("a", 0), populationC)
		}},
		{
			name: "and the populations can't be counted again", move: func(o *pingonetest.Organization) { move(o, moved, populationA) },
			refused: []pingonetest.Fault{{Match: "/v1/environments/*/populations", From: 3, Times: -1, Status: 404, Code: "NOT_FOUND"}},
			missed:  []pingone.ID{moved}, short: []staging.Short{shortOf(populationC, 4, 3), shortOfAll(12, 11)},
		},
		{
			name: "and are counted by half", move: func(o *pingonetest.Organization) { move(o, moved, populationA) },
			refused: []pingonetest.Fault{{Match: "/v1/environments/*/populations", From: 4, Times: -1, Status: 404, Code: "NOT_FOUND"}},
			calls:   3, short: []staging.Short{shortOf(populationC, 4, 3)},
		},
		{
			name: "and can't be read again", move: func(o *pingonetest.Organization) {
				move(o, moved, populationA)
				move(o, movingUser("c", 2), populationA)
			},
			refused: []pingonetest.Fault{{Match: usersPath, Query: populationA.String(), From: 3, Times: -1, Status: 404, Code: "NOT_FOUND"}},
			missed:  []pingone.ID{moved, movingUser("c", 2)}, // new to all runs, so that none is swept
			short:   []staging.Short{shortOfAll(12, 10)},
		},
		{name: "and others are deleted", move: func(o *pingonetest.Organization) {
			o.RemoveUser(movingEnv, movingUser("c", 0))
			o.RemoveUser(movingEnv, movingUser("a", 0))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, options := movingRig(t, tt.move)
			r.fake.Inject(tt.refused...)
			if _, err := fetch.Run(t.Context(), run, staging.Users, options); err != nil {
				t.Fatal(err)
			}
			// Whoever was deleted after having been read is staged.
			want := modelEdges(r.org, staging.Users)
			for _, id := range tt.missed {
				want = slices.DeleteFunc(want, func(edge string) bool { return edge == "- "+id.String() })
			}
			got := r.readUsers()
			if tt.name == "and others are deleted" {
				want = append(want, "- "+movingUser("a", 0).String())
				slices.Sort(want)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("read (-want +got):\n%s", d)
			}
			complete := r.snapshot(staging.Users).Complete
			if d := cmp.Diff(tt.short, complete.Short); d != "" || complete.Unread != nil {
				t.Errorf("unread %+v, short (-want +got):\n%s", complete.Unread, d)
			}
			if tt.refused == nil {
				if n, usual := r.fake.Calls("/v1/**"), 1+2*2+3*2+1; n != usual+tt.calls {
					t.Errorf("%d calls, want %d", n, usual+tt.calls)
				}
			}
		})
	}
}

// A population that is to be read again and is too large for the time left is
// not begun again for ever: the next invocation goes on without it.
func TestPopulationIsReadAgainOnce(t *testing.T) {
	t.Parallel()
	r, options := movingRig(t, func(o *pingonetest.Organization) { move(o, movingUser("c", 3), populationA) })
	const pages = 2
	first, _ := r.readUntil(staging.Users, usersPath, populationA.String(), pages+1, options)
	if !first.Progressed {
		t.Errorf("got %+v, want progress", first)
	}
	r.fake = pingonetest.New(t, r.org, pingonetest.WithPageMax(2)) // without the call that was cut off
	next := r.options().PartitioningAbove(3)
	result, err := fetch.Run(t.Context(), run, staging.Users, next)
	if err != nil || !result.Complete {
		t.Fatalf("got %+v, %v", result, err)
	}
	for _, query := range r.asked(usersPath) {
		if strings.Contains(query, populationA.String()) {
			t.Errorf("asked again: %s", query)
		}
	}
	if n := len(r.snapshot(staging.Users).Manifest.Recounts); n != 3 {
		t.Errorf("%d populations were counted again, want 3", n)
	}
}

// What is known and not listed is asked for by its id.
func TestMissingUsersAreAskedFor(t *testing.T) {
	t.Parallel()
	gone, hidden := pingonetest.StableID("gone"), smallUser(3)
	one := func(id pingone.ID) string { return "/v1/environments/" + smallEnv.String() + "/users/" + id.String() }
	// hide lets the lists miss a user.
	hide := func(r *rig) {
		r.fake.Inject(
			pingonetest.Fault{Match: usersPath, Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) { o.RemoveUser(smallEnv, hidden) }},
			pingonetest.Fault{Match: one(hidden), Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) { addSmallUser(o, 3) }})
	}
	tests := []struct {
		name    string
		prepare func(*rig)
		asked   []string
		proven  []pingone.ID
		unread  []staging.Unread
	}{
		{name: "nothing is known", prepare: func(*rig) {}},
		{name: "all are listed", prepare: func(r *rig) { r.know(smallEnv, smallUser(0), smallUser(6)) }},
		{
			name: "deleted", prepare: func(r *rig) { r.know(smallEnv, gone, smallUser(6)) },
			asked: []string{one(gone)}, proven: []pingone.ID{gone},
		},
		{name: "missed by the lists", prepare: func(r *rig) {
			r.know(smallEnv, hidden)
			hide(r)
		}, asked: []string{one(hidden)}},
		{
			name: "refused", prepare: func(r *rig) {
				r.know(smallEnv, gone)
				r.fake.Deny(askedFor, 403, "ACCESS_FAILED")
			},
			asked: []string{one(gone)}, unread: []staging.Unread{{Environment: smallEnv, Path: one(gone), Status: 403, Code: "ACCESS_FAILED", Missing: true}},
		},
		{name: "of an environment that is not read", prepare: func(r *rig) { r.know(pingonetest.StableID("other"), gone) }},
		{name: "posted by a version that kept no environments", prepare: func(r *rig) { r.knowLines("user:" + gone.String() + "\n") }},
		{name: "deleted by a sweep that a person approved", prepare: func(r *rig) {
			r.knowLines(staging.Known{ID: "user:" + gone.String(), Environment: smallEnv, Run: "20261121T090000Z"}.Line())
		}},
		{
			name: "its environment was not read whole", prepare: func(r *rig) {
				r.know(smallEnv, gone)
				r.fake.Deny(usersPath, 403, "ACCESS_FAILED")
			},
			unread: []staging.Unread{{Environment: smallEnv, Path: "/v1/environments/" + smallEnv.String() + "/users", Status: 403, Code: "ACCESS_FAILED"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			tt.prepare(r)
			r.mustRead(staging.Users)
			if d := cmp.Diff(tt.asked, r.usersAsked()); d != "" {
				t.Errorf("asked for (-want +got):\n%s", d)
			}
			s := r.snapshot(staging.Users)
			for i := range s.Complete.Unread {
				s.Complete.Unread[i].Message = ""
			}
			if d := cmp.Diff(tt.unread, s.Complete.Unread, anyCorrelation()); d != "" {
				t.Errorf("unread (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.proven, s.Manifest.Proven); d != "" {
				t.Errorf("proven to be gone (-want +got):\n%s", d)
			}
			if tt.unread == nil {
				r.wantStaged(staging.Users, slices.Compact(modelEdges(o, staging.Users))) // who came back is in the model twice
			}
		})
	}
}

// usersAsked are the paths of single users that were asked for, each once.
func (r *rig) usersAsked() []string {
	var paths []string
	for _, q := range r.fake.Requests() {
		if strings.Contains(q.Path, "/users/") && !slices.Contains(paths, q.Path) {
			paths = append(paths, q.Path)
		}
	}
	return paths
}

// A right that is missing is the same for every user.
func TestRefusedUsersAreOneEntry(t *testing.T) {
	t.Parallel()
	r, _ := smallRig(t)
	r.know(smallEnv, strangers(40)...)
	r.fake.Deny(askedFor, 400, "INVALID_REQUEST")
	options := r.options()
	options.PerSecond = 0 // one worker
	if _, err := fetch.Run(t.Context(), run, staging.Users, options); err != nil {
		t.Fatal(err)
	}
	unread := r.snapshot(staging.Users).Complete.Unread
	if len(unread) != 1 || unread[0].Skipped != 39 || unread[0].Status != 400 {
		t.Errorf("unread %+v, want one entry for 40", unread)
	}
	if n := r.fake.Calls(askedFor); n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
}

// strangers are users that PingOne doesn't have.
func strangers(n int) []pingone.ID {
	all := make([]pingone.ID, n)
	for i := range all {
		all[i] = pingonetest.StableID("stranger", fmt.Sprint(i))
	}
	return all
}

func TestManyMissingAreNotAskedFor(t *testing.T) {
	t.Parallel()
	r, _ := smallRig(t)
	r.know(smallEnv, strangers(5001)...)
	r.mustRead(staging.Users)
	want := []staging.Unread{{
		Environment: smallEnv, Path: "/v1/environments/" + smallEnv.String() + "/users/{user}", Code: "MANY_MISSING", Skipped: 5000, Missing: true,
		Message: "5001 users that earlier runs were told of are missing: too many to be asked for one by one",
	}}
	if d := cmp.Diff(want, r.snapshot(staging.Users).Complete.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
	if n := r.fake.Calls(askedFor); n != 0 {
		t.Errorf("%d users were asked for", n)
	}
}

func TestDamagedMemoryIsAnError(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(*rig){
		"no JSON": func(r *rig) { r.put(staging.MemoryKey, "{") },
		"no list": func(r *rig) { r.put(staging.MemoryKey, `{"known":{"users":"state/known/users-01.gz"}}`) },
		"no gzip": func(r *rig) { r.put("state/known/users-00.gz", "user") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := smallRig(t)
			r.know(smallEnv, strangers(1)...)
			damage(r)
			if result, err := r.read(staging.Users); !errors.Is(err, staging.ErrCorrupt) || !strings.Contains(err.Error(), "move") || result.Complete {
				t.Errorf("got %+v, %v; want an error that says what to move away", result, err)
			}
		})
	}
}

// Time is up between two users: who was asked for is not asked for again.
func TestOutOfTimeInTheProof(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	users := strangers(5)
	r.know(smallEnv, users...)
	options := r.options()
	options.PerSecond = 0 // one worker
	result, _ := r.readUntil(staging.Users, askedFor, "", 3, options)
	want := fetch.Result{Run: run, Collection: staging.Users, Pages: 4, Records: 7, Progressed: true}
	for invocation, proven := range []int{2, 3} { // each ends at a user whom it asks for
		if invocation > 0 {
			result, _ = r.readUntil(staging.Users, askedFor, "", 2, options)
		}
		m, err := staging.LoadManifest(t.Context(), r.store, run, staging.Users)
		if d := cmp.Diff(want, result); err != nil || d != "" || len(m.Proven) != proven {
			t.Errorf("invocation %d: %d are proven, want %d (%v), (-want +got):\n%s", invocation, len(m.Proven), proven, err, d)
		}
	}
	r.mustRead(staging.Users)
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
	r.wantProven(users)
}

func (r *rig) wantProven(want []pingone.ID) {
	r.t.Helper()
	got := slices.SortedFunc(slices.Values(r.snapshot(staging.Users).Manifest.Proven), pingone.ID.Compare)
	if d := cmp.Diff(slices.SortedFunc(slices.Values(want), pingone.ID.Compare), got); d != "" {
		r.t.Errorf("proven to be gone (-want +got):\n%s", d)
	}
}

// The proof is killed at each operation on the store, also in the middle of
// reading a population again: the next invocation ends it.
func TestKilledInTheProof(t *testing.T) {
	t.Parallel()
	moved, gone := movingUser("c", 3), strangers(3)
	prepare := func(t *testing.T) (*rig, fetch.Options) {
		r, options := movingRig(t, func(o *pingonetest.Organization) { move(o, moved, populationA) })
		r.know(movingEnv, append(strangers(3), moved)...)
		return r, options.CommittingEvery(time.Nanosecond)
	}
	sound, options := prepare(t)
	faulty := stagingtest.NewFaulty(sound.store, stagingtest.Fault{})
	options.Store = faulty
	if _, err := fetch.Run(t.Context(), run, staging.Users, options); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= faulty.Operations(); n++ {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("operation %d applied %t", n, applied), func(t *testing.T) {
				t.Parallel()
				r, options := prepare(t)
				sound := options.Store
				options.Store = stagingtest.NewFaulty(sound, stagingtest.Fault{N: n, Err: errFault, Applied: applied, Dead: true})
				if killed, err := fetch.Run(t.Context(), run, staging.Users, options); err == nil != killed.Complete {
					t.Errorf("killed: got %+v, %v", killed, err)
				}
				again := r.options().PartitioningAbove(3)
				if _, err := fetch.Run(t.Context(), run, staging.Users, again); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(modelEdges(r.org, staging.Users), r.readUsers()); d != "" {
					t.Errorf("read (-want +got):\n%s", d)
				}
				if complete := r.snapshot(staging.Users).Complete; complete.Short != nil || complete.Unread != nil {
					t.Errorf("short %+v, unread %+v", complete.Short, complete.Unread)
				}
				r.wantProven(gone)
			})
		}
	}
}
