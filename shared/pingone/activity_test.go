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

func TestActivityPrincipals(t *testing.T) {
	t.Parallel()
	const id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	user, _ := ParseID(id)
	tests := []struct {
		name   string
		body   string
		users  []ID
		others bool
		timed  bool
	}{
		{"a user by type", `{"recordedAt":"2026-11-23T09:00:00.123Z","resources":[{"type":"USER","id":"` + id + `"},{"type":"ROLE_ASSIGNMENT","id":"` + id + `"}]}`, []ID{user}, false, true},
		{"a user by address", `{"resources":[{"type":"ROLE_ASSIGNMENT","href":"https://api.pingone.eu/v1/environments/x/users/` + id + `/roleAssignments/y"}]}`, []ID{user}, false, false},
		{"a group", `{"resources":[{"type":"group","id":"` + id + `"}]}`, nil, true, false},
		{"an application by address", `{"resources":[{"href":"/applications/` + id + `"}]}`, nil, true, false},
		{"a gateway", `{"resources":[{"type":"GATEWAY","id":"` + id + `"}]}`, nil, true, false},
		{"a user without an id", `{"resources":[{"type":"USER","id":"me"}]}`, nil, false, false},
		{"nothing", `{"recordedAt":"yesterday"}`, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := One[Activity]([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			users, others := a.Principals()
			_, timed := a.Time()
			if d := cmp.Diff(tt.users, users); d != "" || others != tt.others || timed != tt.timed {
				t.Errorf("users %v, others %t, timed %t; want %v, %t, %t", users, others, timed, tt.users, tt.others, tt.timed)
			}
		})
	}
}
