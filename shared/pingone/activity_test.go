package pingone

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestActivitiesRoundsOutwards(t *testing.T) {
	t.Parallel()
	env, _ := ParseID("11111111-2222-3333-4444-555555555555")
	from := time.Date(2026, 11, 23, 9, 0, 0, 900, time.FixedZone("", 3600))
	got := Activities(env, from, from.Add(time.Hour), RoleAssigned)
	want := List{
		Path: "/v1/environments/11111111-2222-3333-4444-555555555555/activities", Key: "activities",
		Query: "limit=500&filter=recordedat%20ge%20%222026-11-23T08%3A00%3A00Z%22%20and%20recordedat%20le%20%222026-11-23T09%3A00%3A01Z%22%20and%20action.type%20eq%20%22ROLE_ASSIGNMENT.CREATED%22",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What an event is about, in the forms that are recorded, and in some that may be.
func TestActivitiesSayWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	id := func(s string) ID { x, _ := ParseID(s); return x }
	const ua, ga, pa, ra = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000003", "aaaaaaaa-0000-4000-8000-000000000004"
	u, g, p, r := id(ua), id(ga), id(pa), id(ra)
	const in = "https://api.pingone.eu/v1/environments/aaaaaaaa-0000-4000-8000-00000000000e"
	type about struct {
		Users, Groups, Populations, Environments []ID
		Holders                                  []Holder
		Memberships, Assignments                 []Tie
		Succeeded, Failed, Timed                 bool
	}
	user, group := Holder{UserPrincipal, u}, Holder{GroupPrincipal, g}
	tests := []struct {
		name string
		body string
		want about
	}{
		{
			"a user is deleted", `{"recordedAt":"2026-11-23T09:00:00.123Z","action":{"type":"USER.DELETED"},"result":{"status":"Success"},"resources":[{"type":"USER","id":"` + ua + `","population":{"id":"` + pa + `"},"href":"` + in + `/users/` + ua + `"}]}`,
			about{Users: []ID{u}, Holders: []Holder{user}, Succeeded: true, Timed: true},
		},
		{
			"a user without an id", `{"result":{"status":"FAILED"},"resources":[{"type":"user","href":"` + in + `/users/` + ua + `"}]}`,
			about{Users: []ID{u}, Holders: []Holder{user}, Failed: true},
		},
		{
			"a population", `{"resources":[{"type":"POPULATION","id":"` + pa + `","href":"` + in + `/populations/` + pa + `"}]}`,
			about{Populations: []ID{p}},
		},
		{
			"an environment", `{"resources":[{"type":"ENVIRONMENT","id":"` + pa + `"},{"type":"ENVIRONMENT","id":"` + pa + `"}]}`,
			about{Environments: []ID{p}},
		},
		{
			"a user joins a group", `{"resources":[{"type":"MEMBER_OF_GROUP","id":"` + ga + `","href":"` + in + `/users/` + ua + `/memberOfGroups/` + ga + `"}]}`,
			about{Holders: []Holder{user}, Memberships: []Tie{{user, g}}},
		},
		{
			"a group is nested", `{"resources":[{"type":"MEMBER_OF_GROUP","id":"` + pa + `","href":"` + in + `/groups/` + ga + `/memberOfGroups"}]}`,
			about{Holders: []Holder{group}, Memberships: []Tie{{group, p}}},
		},
		{
			"a role of a user", `{"resources":[{"type":"USER","id":"` + ua + `"},{"type":"ROLE_ASSIGNMENT","id":"` + ra + `","href":"` + in + `/roleAssignments/` + ra + `"}]}`,
			about{Users: []ID{u}, Holders: []Holder{user}, Assignments: []Tie{{user, r}}},
		},
		{
			"a role of a group, by address", `{"resources":[{"href":"` + in + `/groups/` + ga + `/roleAssignments/` + ra + `?x=1"}]}`,
			about{Holders: []Holder{group}, Assignments: []Tie{{group, r}}},
		},
		{
			"a role of nobody", `{"resources":[{"type":"ROLE_ASSIGNMENT","id":"` + ra + `"}]}`,
			about{},
		},
		{
			"broken ids", `{"recordedAt":"yesterday","resources":[{"type":"USER","id":"me"},{"href":"/users/me/memberOfGroups/` + ga + `"}]}`,
			about{},
		},
		{"nothing", `{}`, about{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := One[Activity]([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			_, timed := a.Time()
			got := about{
				a.Names("users"), a.Names("groups"), a.Names("populations"), a.Names("environments"),
				a.Holders(), a.Memberships(), a.Assignments(), a.Succeeded(), a.Failed(), timed,
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestInherited(t *testing.T) {
	t.Parallel()
	const id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	for body, want := range map[string]bool{
		`{"user":{"id":"` + id + `"}}`:      false,
		`{"group":{"id":"` + id + `"}}`:     true,
		`{"type":"indirect"}`:               true,
		`{"inheritanceType":"INDIRECT"}`:    true,
		`{"type":"DIRECT"}`:                 false,
		`{"inheritanceType":"","group":{}}`: false,
	} {
		if a, err := One[RoleAssignment]([]byte(body)); err != nil || a.Inherited() != want {
			t.Errorf("%s: inherited %t, %v", body, a.Inherited(), err)
		}
	}
}
