package pingonetest

import (
	"fmt"
	"strings"

	"pingone-authomize/shared/pingone"
)

// groups adds 120 groups: 8 of Administrators, 96 of Workforce and 16 of
// Customers.
func (b *demo) groups() {
	b.adminGroups()
	b.workforceGroups()
	b.plain(b.ids.Customers, "Segment", 16, 1500)
}

func (b *demo) group(env pingone.ID, g Group) {
	g.CreatedAt, g.UpdatedAt = b.epoch, b.epoch.AddDate(0, 2, 0)
	b.o.AddGroup(env, g)
}

func (b *demo) adminGroups() {
	b.group(b.ids.Administrators, Group{
		ID: b.ids.PlatformAdmins, Name: "Platform Admins", Members: span(2, 8),
		Description: "Run every environment.",
	})
	b.plain(b.ids.Administrators, "Admin Team", 7, 50)
}

// workforceGroups are the ones with a purpose and then plain ones up to 96.
// The first users of Workforce are employees, contractors follow them.
func (b *demo) workforceGroups() {
	const employees, all = 2800, 3450
	id := &b.ids
	list := []Group{
		{ID: id.Everyone, Name: "All Employees", Members: span(0, 2500)},
		{ID: id.Level1, Name: "Company", Members: span(0, 2), Children: []pingone.ID{id.Level2}},
		{ID: id.Level2, Name: "Division", Members: span(20, 30), Children: []pingone.ID{id.Level3}},
		{ID: id.Level3, Name: "Team", Members: span(25, 45)},
		{ID: id.CycleA, Name: "Cycle A", Members: span(50, 55), Children: []pingone.ID{id.CycleB}},
		{ID: id.CycleB, Name: "Cycle B", Members: span(55, 60), Children: []pingone.ID{id.CycleA}},
		{ID: id.Self, Name: "Holds itself", Members: span(60, 63), Children: []pingone.ID{id.Self}},
		{
			ID: id.Dynamic, Name: "Engineers by filter", UserFilter: `title eq "Engineer"`,
			Members: span(10, 13), Dynamic: span(100, 1300), Children: []pingone.ID{id.Level3},
		},
		{ID: id.DynamicOnly, Name: "Contractors by filter", UserFilter: `type eq "Contractor"`, Dynamic: span(employees, all)},
		{
			ID: id.ExternalLDAP, Name: "LDAP Staff", SourceType: "GATEWAY", SourceID: id.GatewayLDAP,
			ExternalID: "cn=staff,ou=groups,dc=example", Members: span(200, 260),
		},
		{
			ID: id.ExternalIDP, Name: "Partner Buyers", SourceType: "IDP",
			SourceID: StableID("demo", "provider partner"), ExternalID: "buyers", Members: span(13, 14),
		},
		{ID: id.Empty, Name: "Empty"},
		{ID: id.LongDescription, Name: "Wordy", Description: strings.Repeat("Größe zählt. ", 30), Members: span(70, 80)},
		{ID: id.NewsEmployees, Name: "Newsletter", Population: id.Employees, Members: span(300, 420)},
		{ID: id.NewsContractors, Name: "Newsletter", Population: id.Contractors, Members: span(employees, employees+90)},
		{ID: id.Finance, Name: "Finance", Members: span(500, 640)},
		{ID: id.Engineering, Name: "Engineering", Members: span(600, 1100), Children: []pingone.ID{id.Level2}},
		{ID: id.Approvers, Name: "Approvers ✅", Members: span(20, 50), Extra: map[string]any{"customData": map[string]any{"owner": "finance"}}},
		{ID: id.ServiceDesk, Name: "Service Desk", Members: span(700, 712)},
	}
	for _, g := range list {
		b.group(id.Workforce, g)
	}
	b.plain(id.Workforce, "Project", 96-len(list), all)
}

// plain adds static groups with up to 60 members each, every tenth nested in
// the one before.
func (b *demo) plain(env pingone.ID, name string, n int, users int32) {
	var last pingone.ID
	for i := range n {
		g := Group{
			ID:   StableID("demo", env.String(), fmt.Sprintf("group %s %d", name, i+1)),
			Name: fmt.Sprintf("%s %02d", name, i+1), Description: "Members of " + strings.ToLower(name) + ".",
		}
		for range b.random.IntN(61) {
			g.Members = append(g.Members, b.random.Int32N(users))
		}
		if i%10 == 9 {
			g.Children = []pingone.ID{last}
		}
		last = g.ID
		b.group(env, g)
	}
}

// span is from, …, to-1.
func span(from, to int32) []int32 {
	list := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}
