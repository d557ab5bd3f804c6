package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// as are the options of an invocation by holder, so much after the run began.
func (r *rig) as(holder string, after time.Duration) fetch.Options {
	o := r.options()
	o.Holder = holder
	o.Now = func() time.Time { return run.Time().Add(after) }
	return o
}

func (r *rig) readAs(c staging.Collection, o fetch.Options) fetch.Result {
	r.t.Helper()
	result, err := fetch.Run(r.t.Context(), run, c, o)
	if err != nil {
		r.t.Errorf("%s: %v", o.Holder, err)
	}
	return result
}

// The second of two that read one collection at once asks PingOne for nothing
// and says so; once it is complete there is nothing to claim.
func TestSecondInvocationLeavesItToTheFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []staging.Collection{staging.Users, staging.Memberships, staging.RoleAssignments} {
		for _, from := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s from %d", c, from), func(t *testing.T) {
				t.Parallel()
				r, o := smallRig(t)
				second := r.as("second", time.Minute)
				r.fake.Inject(pingonetest.Fault{Match: "/v1/**", From: from, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
					if got := r.readAs(c, second); !got.Busy || got.Complete || got.Progressed || got.Run != run || got.Collection != c {
						t.Errorf("the second: got %+v, want busy", got)
					}
				}})
				if got := r.readAs(c, r.as("first", 0)); !got.Complete || got.Busy {
					t.Errorf("the first: got %+v, want complete", got)
				}
				if n := second.Stats.Calls.Load(); n != 0 {
					t.Errorf("the second sent %d requests", n)
				}
				r.wantStaged(c, modelEdges(o, c))
				if got, want := r.fake.Calls("/v1/**"), smallPages[c]+headCount[c]; got != want {
					t.Errorf("%d calls, want %d", got, want)
				}
				if got := r.readAs(c, r.as("third", time.Minute)); !got.Complete || got.Busy {
					t.Errorf("the third: got %+v, want complete", got)
				}
			})
		}
	}
}

// A claim of the dead: its holder takes it back at once, others go on once it
// has expired.
func TestClaimOfTheDead(t *testing.T) {
	t.Parallel()
	const ttl = 90 * time.Second
	for name, tt := range map[string]struct {
		holder string
		after  time.Duration
		busy   bool
	}{
		"another one, too early":    {"other", ttl - 1, true},
		"another one, once expired": {"other", ttl, false},
		"the same":                  {"dead", time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			if _, err := staging.ClaimCollection(t.Context(), r.store, run, staging.Users, "dead", ttl, run.Time); err != nil {
				t.Fatal(err)
			}
			if got := r.readAs(staging.Users, r.as(tt.holder, tt.after)); got.Busy != tt.busy || got.Complete == tt.busy {
				t.Errorf("got %+v, want busy %t", got, tt.busy)
			}
			if n := r.fake.Calls("/v1/**"); tt.busy != (n == 0) {
				t.Errorf("%d calls", n)
			}
			if !tt.busy {
				r.wantStaged(staging.Users, modelEdges(o, staging.Users))
			}
		})
	}
}

// An invocation that ends, well or badly, leaves the collection to the next.
func TestClaimIsGivenBack(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 3, Times: 6, Status: 503})
	if _, err := fetch.Run(t.Context(), run, staging.Users, r.as("first", 0)); err == nil {
		t.Error("the first: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 2, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) { cancel() }})
	if got, err := fetch.Run(ctx, run, staging.Users, r.as("second", 0)); err != nil || got.Complete || got.Busy {
		t.Errorf("the second: got %+v, %v, want unfinished", got, err)
	}
	if got := r.readAs(staging.Users, r.as("third", 0)); !got.Complete {
		t.Errorf("the third: got %+v, want complete", got)
	}
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
}

// Who has lost its claim stops without a commit, and who took it goes on.
func TestClaimLost(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	stopped := make(chan struct{})
	r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 3, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		theirs := `{"holder":"thief","until":"2099-01-01T00:00:00Z"}`
		if _, err := r.store.Put(t.Context(), staging.CollectionClaimKey(run, staging.Users), []byte(theirs), staging.Always); err != nil {
			t.Error(err)
		}
		<-stopped
	}})
	got, err := fetch.Run(t.Context(), run, staging.Users, r.as("first", 0).Claiming(30*time.Millisecond))
	close(stopped)
	if !errors.Is(err, staging.ErrClaimed) || got.Complete || got.Busy {
		t.Errorf("the first: got %+v, %v, want ErrClaimed", got, err)
	}
	m, err := staging.LoadManifest(t.Context(), r.store, run, staging.Users)
	if err != nil || m.Pages != 1 {
		t.Errorf("%d pages committed, %v; want 1, that of the plan", m.Pages, err)
	}
	if got := r.readAs(staging.Users, r.as("thief", 0)); !got.Complete {
		t.Errorf("the thief: got %+v, want complete", got)
	}
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
}

// An invocation that can't give its claim back says so, or the next one would
// leave the collection to it. Where all is read, nobody needs the claim.
func TestClaimThatCanNotBeGivenBack(t *testing.T) {
	t.Parallel()
	for name, complete := range map[string]bool{"complete": true, "unfinished": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := smallRig(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if !complete {
				r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 3, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) { cancel() }})
			}
			options := r.as("first", 0)
			options.Store = stagingtest.NewFaulty(r.store, stagingtest.Fault{N: 2, Err: errFault, Match: func(op, key string) bool {
				return op == "put" && key == staging.CollectionClaimKey(run, staging.Users)
			}})
			got, err := fetch.Run(ctx, run, staging.Users, options)
			if got.Complete != complete || errors.Is(err, errFault) == complete {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
