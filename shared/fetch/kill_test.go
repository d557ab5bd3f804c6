package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

var errFault = errors.New("fault")

// readOn is one invocation on a store that fails, and that commits after
// everything that it reads.
func (r *rig) readOn(c staging.Collection, fault stagingtest.Fault) (result fetch.Result, operations int, err error) {
	r.t.Helper()
	faulty := stagingtest.NewFaulty(r.store, fault)
	o := r.options().CommittingEvery(time.Nanosecond)
	o.Store = faulty
	result, err = fetch.Run(r.t.Context(), run, c, o)
	return result, faulty.Operations(), err
}

// An invocation is killed at each operation on the store, before and after it
// took effect, and the next one goes on: each reply is there once.
func TestKilledAtEveryStoreOperation(t *testing.T) {
	t.Parallel()
	for _, c := range []staging.Collection{staging.Users, staging.Memberships, staging.RoleAssignments} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			sound, _ := smallRig(t)
			_, operations, err := sound.readOn(c, stagingtest.Fault{})
			if err != nil {
				t.Fatal(err)
			}
			if operations < 3+smallPages[c] {
				t.Fatalf("only %d operations", operations)
			}
			for n := 1; n <= operations; n++ {
				for _, applied := range []bool{false, true} {
					t.Run(fmt.Sprintf("operation %d applied %t", n, applied), func(t *testing.T) {
						t.Parallel()
						r, o := smallRig(t)
						killed, _, err := r.readOn(c, stagingtest.Fault{N: n, Err: errFault, Applied: applied, Dead: true})
						if err != nil && !errors.Is(err, errFault) || err != nil == killed.Complete {
							t.Errorf("killed: got %+v, %v", killed, err)
						}
						if result := r.mustRead(c); !result.Complete {
							t.Errorf("the next invocation: got %+v, want complete", result)
						}
						r.wantStaged(c, modelEdges(o, c))
					})
				}
			}
		})
	}
}

// A large environment, read by several cursors at once, is killed
// in the middle of that and goes on.
func TestKilledWhilePartitioned(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 20,100 users")
	}
	o := pingonetest.Sized(pingonetest.Size{Users: 20_100, Populations: 3})
	r := newRig(t, o)
	r.envs = []pingone.ID{pingonetest.SizedEnvironment()}
	for _, n := range []int{6, 0} {
		faulty := stagingtest.NewFaulty(r.store, stagingtest.Fault{N: n, Err: errFault, Applied: n == 6, Dead: true})
		options := r.options()
		options.Store = faulty
		result, err := fetch.Run(t.Context(), run, staging.Users, options)
		if n > 0 && !errors.Is(err, errFault) || n == 0 && (err != nil || !result.Complete) {
			t.Fatalf("killed at operation %d: %+v, %v", n, result, err)
		}
	}
	got := r.edges(staging.Users)
	for i := range got {
		_, id, _ := strings.Cut(got[i], " ")
		got[i] = "- " + id
	}
	slices.Sort(got)
	if !slices.Equal(got, modelEdges(o, staging.Users)) {
		t.Errorf("%d users are staged, %d different ones; want each of 20,100 once", len(got), len(slices.Compact(got)))
	}
	if complete := r.snapshot(staging.Users).Complete; complete.Records != 20_100 || complete.Unread != nil || complete.Short != nil {
		t.Errorf("got %d records, unread %+v, short %+v", complete.Records, complete.Unread, complete.Short)
	}
}

// Invocations that die one after the other, each a few operations after its
// start, get there all the same as long as each can look up the lists that it
// goes on with and commit once, and the last can look through what is staged.
func TestChainOfDyingInvocations(t *testing.T) {
	t.Parallel()
	for c, operations := range map[staging.Collection]int{staging.Users: 14, staging.Memberships: 18} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s applied %t", c, applied), func(t *testing.T) {
				t.Parallel()
				r, o := smallRig(t)
				for n := 1; ; n++ {
					result, _, err := r.readOn(c, stagingtest.Fault{N: operations, Err: errFault, Applied: applied, Dead: true})
					if err == nil && result.Complete {
						break
					}
					if !errors.Is(err, errFault) || n > 40 {
						t.Fatalf("invocation %d: %+v, %v", n, result, err)
					}
				}
				r.wantStaged(c, modelEdges(o, c))
			})
		}
	}
}

// S3 fails once, at each operation and in each way: the invocation reports it
// or gets over it, it never takes it for the end of its time, and the next
// one goes on.
func TestStoreFailsOnceAtEveryOperation(t *testing.T) {
	t.Parallel()
	faults := map[string]error{
		"5xx": errFault, "time-out": context.DeadlineExceeded, "conflict": staging.ErrConflict,
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sound, _ := smallRig(t)
			_, operations, err := sound.readOn(staging.Users, stagingtest.Fault{})
			if err != nil {
				t.Fatal(err)
			}
			for n := 1; n <= operations; n++ {
				for _, applied := range []bool{false, true} {
					r, o := smallRig(t)
					result, _, err := r.readOn(staging.Users, stagingtest.Fault{N: n, Err: fault, Applied: applied, Match: func(_, key string) bool {
						// What all write alike is in nobody's way.
						return !errors.Is(fault, staging.ErrConflict) || !strings.HasSuffix(key, "/complete.json")
					}})
					if err == nil != result.Complete || err != nil && !errors.Is(err, fault) {
						t.Errorf("operation %d, applied %t: got %+v, %v", n, applied, result, err)
					}
					r.mustRead(staging.Users)
					r.wantStaged(staging.Users, modelEdges(o, staging.Users))
				}
			}
		})
	}
}

// A commit that fails when time is up is no clean end: what was read is lost.
func TestCommitThatFailsOutOfTimeIsAnError(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	left := make(chan struct{})
	r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 3, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		cancel(context.DeadlineExceeded)
		<-left
	}})
	options := r.options()
	commits := 0
	options.Store = stagingtest.NewFaulty(r.store, stagingtest.Fault{N: 1, Err: context.DeadlineExceeded, Dead: true, Match: func(op, key string) bool {
		if op == "put" && strings.HasSuffix(key, "/manifest.json") {
			commits++
		}
		return commits > 1
	}})
	result, err := fetch.Run(ctx, run, staging.Users, options)
	close(left)
	if err == nil {
		t.Errorf("got %+v and no error, want the commit's", result)
	}
	r.mustRead(staging.Users)
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
}

// A slowStore takes its time.
type slowStore struct{ staging.Store }

const slowness = 5 * time.Millisecond

func (s slowStore) Get(ctx context.Context, key string) (staging.Object, error) {
	time.Sleep(slowness)
	return s.Store.Get(ctx, key)
}

func (s slowStore) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	time.Sleep(slowness)
	return s.Store.Put(ctx, key, data, cond)
}

func TestSlowStore(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	r.store = slowStore{r.store}
	for _, c := range []staging.Collection{staging.Users, staging.Memberships, staging.RoleAssignments} {
		if _, _, err := r.readOn(c, stagingtest.Fault{}); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		r.wantStaged(c, modelEdges(o, c))
	}
}

// A second invocation reads a whole collection while the first is in the
// middle of it: the first stops with a conflict, and nothing is there twice.
func TestOvertakenInvocationStops(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		c    staging.Collection
		path string
		from int
	}{
		{staging.Users, usersPath, 1}, // before the first has planned
		{staging.Users, usersPath, 3},
		{staging.Memberships, groupsPath, 2},
		{staging.Memberships, usersPath, 2},
	} {
		t.Run(fmt.Sprintf("%s from %d", tt.c, tt.from), func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			second := r.options()
			r.fake.Inject(pingonetest.Fault{Match: tt.path, From: tt.from, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
				if result, err := fetch.Run(t.Context(), run, tt.c, second); err != nil || !result.Complete {
					t.Errorf("the second: %+v, %v", result, err)
				}
			}})
			if result, err := r.read(tt.c); !errors.Is(err, staging.ErrConflict) || result.Complete {
				t.Errorf("the first: got %+v, %v, want ErrConflict", result, err)
			}
			r.wantStaged(tt.c, modelEdges(o, tt.c))
			r.mustRead(tt.c) // complete: nothing to do
			r.wantStaged(tt.c, modelEdges(o, tt.c))
		})
	}
}

// Invocations that run at once and commit all the time: each commit has one
// winner, the others stop with a conflict, and what they leave is whole.
func TestInvocationsAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []staging.Collection{staging.Users, staging.Memberships, staging.RoleAssignments} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			for range 3 {
				var wg sync.WaitGroup
				for range 3 {
					options := r.options().CommittingEvery(time.Nanosecond)
					wg.Go(func() {
						result, err := fetch.Run(t.Context(), run, c, options)
						if err == nil != result.Complete || err != nil && !errors.Is(err, staging.ErrConflict) {
							t.Errorf("got %+v, %v, want complete or a conflict", result, err)
						}
					})
				}
				wg.Wait()
			}
			r.mustRead(c)
			r.wantStaged(c, modelEdges(o, c))
		})
	}
}
