package fetch_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// An outcome is what a collection comes to.
type outcome struct {
	Edges    []string
	Proven   []pingone.ID
	Slices   []staging.Slice
	Complete staging.Complete // but what a second invocation costs
}

func (r *rig) outcome(c staging.Collection) outcome {
	r.t.Helper()
	s := r.snapshot(c)
	return outcome{
		Edges: r.edges(c), Proven: slices.SortedFunc(slices.Values(s.Manifest.Proven), pingone.ID.Compare), Slices: s.Manifest.Slices, Complete: *s.Complete,
	}
}

// costs leaves out of a comparison what differs from invocation to invocation.
func costs() cmp.Options {
	return cmp.Options{
		anyCorrelation(), cmpopts.IgnoreFields(staging.Coverage{}, "Oldest"),
		cmpopts.IgnoreFields(staging.Complete{}, "Parts", "RawBytes", "Bytes", "Calls", "ElapsedMs", "StartedAt", "CompletedAt", "ManifestSHA256"),
	}
}

// killEverywhere kills an invocation at each operation on the store, before and
// after it took effect. The next one goes on, and ends as one that nobody kills:
// the same is staged, as often, and the same is proven, unread and short.
func killEverywhere(t *testing.T, c staging.Collection, make func(t *testing.T) *rig) {
	sound := make(t)
	var ops []string
	result, _, err := sound.readOn(c, stagingtest.Fault{Match: func(op, _ string) bool {
		ops = append(ops, op)
		return true
	}})
	if err != nil || !result.Complete {
		t.Fatalf("got %+v, %v", result, err)
	}
	want := sound.outcome(c)
	if len(want.Edges) == 0 {
		t.Fatal("nothing is staged")
	}
	for i, op := range ops {
		for _, applied := range []bool{false, true} {
			if applied && op != "put" {
				continue // it is the same to read and die, or to die
			}
			t.Run(fmt.Sprintf("operation %d %s applied %t", i+1, op, applied), func(t *testing.T) {
				t.Parallel()
				r := make(t)
				killed, _, err := r.readOn(c, stagingtest.Fault{N: i + 1, Err: errFault, Applied: applied, Dead: true})
				if err != nil && !errors.Is(err, errFault) || err != nil == killed.Complete {
					t.Errorf("killed: got %+v, %v", killed, err)
				}
				if got := r.mustRead(c); !got.Complete {
					t.Errorf("the next invocation: got %+v, want complete", got)
				}
				if d := cmp.Diff(want, r.outcome(c), costs()); d != "" {
					t.Errorf("(-sound +killed):\n%s", d)
				}
			})
		}
	}
}

// The collections that are lists alone, or lists of each environment.
func TestListsKilledAtEveryStoreOperation(t *testing.T) {
	t.Parallel()
	for _, c := range []staging.Collection{
		staging.Environments, staging.Populations, staging.Groups, staging.Roles, staging.Applications, staging.Gateways,
	} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			killEverywhere(t, c, func(t *testing.T) *rig { r, _ := smallRig(t); return r })
		})
	}
}

// Killed while what a list lost is asked for: what was proven to be gone, and
// what was found, is that in the end, and no more.
func TestKilledInTheProofOfAList(t *testing.T) {
	t.Parallel()
	for _, tt := range missingLists {
		t.Run(string(tt.collection), func(t *testing.T) {
			t.Parallel()
			killEverywhere(t, tt.collection, func(t *testing.T) *rig {
				r := missingRig(t)
				r.knowAs(tt.list, tt.prefix, thing("env"), thing("lost"), thing("gone"), thing("here"), thing("staff"), thing("people"))
				r.lose(string(tt.collection))
				return r
			})
		})
	}
	for _, c := range []staging.Collection{staging.Memberships, staging.RoleAssignments} {
		t.Run("groups of "+string(c), func(t *testing.T) {
			t.Parallel()
			killEverywhere(t, c, func(t *testing.T) *rig {
				r := missingRig(t)
				r.org.Assign(thing("env"), pingonetest.Principal{Kind: pingonetest.GroupPrincipal, ID: thing("lost")}, pingonetest.RoleAssignment{
					Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "ENVIRONMENT", Scope: thing("env"),
				})
				r.knowAs("groupings", "group:", thing("env"), thing("lost"), thing("gone"), thing("staff"))
				r.lose("groups")
				return r
			})
		})
	}
}

// Killed while dynamic groups are asked for their members, directly and in any
// way.
func TestKilledAmongDynamicMembers(t *testing.T) {
	t.Parallel()
	killEverywhere(t, staging.Memberships, func(t *testing.T) *rig {
		return dynamicRig(t, pingonetest.DynamicNotDirect(), pingonetest.WithPageMax(2))
	})
}
