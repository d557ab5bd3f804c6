package fetch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// The organization moves while it is read. Who came or went behind the page
// in hand is seen as it is, who went before it is still there.
func TestOrganizationMovesWhileItIsRead(t *testing.T) {
	t.Parallel()
	asked := func(kind string, id pingone.ID) string {
		return "/v1/environments/" + smallEnv.String() + "/" + kind + "/" + id.String() + "/roleAssignments"
	}
	type move = func(*pingonetest.Organization)
	tests := []struct {
		name        string
		c           staging.Collection
		path, query string
		from        int
		move        move
		before      bool // what is staged is the model before the move
		gone        int
	}{
		{name: "users come and go ahead", c: staging.Users, path: usersPath, from: 2, move: func(o *pingonetest.Organization) {
			o.RemoveUser(smallEnv, smallUser(3))
			o.RemoveUser(smallEnv, smallUser(6))
			addSmallUser(o, 7)
			addSmallUser(o, 8)
		}},
		{name: "users go behind", c: staging.Users, path: usersPath, from: 3, before: true, move: func(o *pingonetest.Organization) {
			o.RemoveUser(smallEnv, smallUser(0))
			o.RemoveUser(smallEnv, smallUser(3))
		}},
		{name: "all users ahead go", c: staging.Users, path: usersPath, from: 4, move: func(o *pingonetest.Organization) { o.RemoveUser(smallEnv, smallUser(6)) }},
		{name: "groups come and go ahead", c: staging.Groups, path: groupsPath, from: 2, move: func(o *pingonetest.Organization) {
			o.RemoveGroup(smallEnv, smallEmpty)
			o.AddGroup(smallEnv, pingonetest.Group{ID: pingonetest.StableID("small", "new"), Name: "New"})
		}},
		{name: "a group comes while groups are listed for members", c: staging.Memberships, path: groupsPath, from: 2, move: func(o *pingonetest.Organization) {
			o.AddGroup(smallEnv, pingonetest.Group{ID: pingonetest.StableID("small", "new"), Name: "New", Members: []int32{1, 3, 6}})
		}},
		{name: "a group goes before its groups are asked for", c: staging.Memberships, path: groupsPath, query: smallParent.String(), from: 1, move: func(o *pingonetest.Organization) {
			o.RemoveGroup(smallEnv, smallParent)
		}},
		{name: "all members go before they are asked for", c: staging.Memberships, path: usersPath, query: smallPair.String(), from: 1, move: func(o *pingonetest.Organization) {
			o.RemoveMember(smallEnv, smallPair, smallUser(2))
			o.RemoveMember(smallEnv, smallPair, smallUser(5))
		}},
		{name: "a member goes between pages", c: staging.Memberships, path: usersPath, query: smallEveryone.String(), from: 3, move: func(o *pingonetest.Organization) {
			o.RemoveMember(smallEnv, smallEveryone, smallUser(6))
		}},
		{name: "a member comes between pages", c: staging.Memberships, path: usersPath, query: smallPair.String(), from: 1, move: func(o *pingonetest.Organization) {
			o.AddMember(smallEnv, smallPair, smallUser(6))
		}},
		{name: "a user goes before its roles are asked for", c: staging.RoleAssignments, path: asked("users", smallUser(4)), from: 1, gone: 1, move: func(o *pingonetest.Organization) {
			o.RemoveUser(smallEnv, smallUser(4))
		}},
		{name: "a group goes before its roles are asked for", c: staging.RoleAssignments, path: asked("groups", smallPair), from: 1, gone: 1, move: func(o *pingonetest.Organization) {
			o.RemoveGroup(smallEnv, smallPair)
		}},
		{name: "an application goes before its roles are asked for", c: staging.RoleAssignments, path: asked("applications", smallWorker), from: 1, gone: 1, move: func(o *pingonetest.Organization) {
			o.RemoveApplication(smallEnv, smallWorker)
		}},
		{name: "an application comes while it is planned", c: staging.RoleAssignments, path: "/v1/environments/*/applications", from: 1, move: func(o *pingonetest.Organization) {
			id := pingonetest.StableID("small", "new")
			o.AddApplication(smallEnv, pingonetest.Application{ID: id, Name: "New", Type: "WORKER", Protocol: "OPENID_CONNECT"})
			o.Assign(smallEnv, pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: id}, pingonetest.RoleAssignment{
				Role: pingonetest.RoleID("Environment Admin"), ScopeType: "ENVIRONMENT", Scope: smallEnv,
			})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			want := modelEdges(o, tt.c)
			r.fake.Inject(pingonetest.Fault{Match: tt.path, Query: tt.query, From: tt.from, Do: pingonetest.FaultCall, Call: tt.move})
			r.mustRead(tt.c)
			if !tt.before {
				want = modelEdges(o, tt.c)
			}
			if d := cmp.Diff(want, r.edges(tt.c)); d != "" {
				t.Errorf("staged (-want +got):\n%s", d)
			}
			complete := r.snapshot(tt.c).Complete
			if complete.Gone != tt.gone || complete.Unread != nil || complete.Short != nil {
				t.Errorf("%d gone, unread %+v, short %+v; want %d gone and nothing else", complete.Gone, complete.Unread, complete.Short, tt.gone)
			}
		})
	}
}

// Between collections: who was staged with the users and is gone when roles
// and memberships are read is in these no more, and nothing is unread.
func TestOrganizationMovesBetweenCollections(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	users := modelEdges(o, staging.Users)
	r.mustRead(staging.Users)
	o.RemoveUser(smallEnv, smallUser(4))
	o.RemoveGroup(smallEnv, smallPair)
	addSmallUser(o, 7)
	o.AddMember(smallEnv, smallEveryone, smallUser(7))
	for _, c := range []staging.Collection{staging.Groups, staging.Memberships, staging.RoleAssignments} {
		r.mustRead(c)
		r.wantStaged(c, modelEdges(o, c))
	}
	r.wantStaged(staging.Users, users)
}
