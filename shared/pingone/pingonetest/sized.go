package pingonetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"pingone-authomize/shared/pingone"
)

// Size says how big an organization of Sized is.
type Size struct {
	Users              int
	Groups             int
	MembershipsPerUser int // at most this many, in different groups
	LargestGroup       int // the first group holds this many users more
	Populations        int // of unequal size: the nth has n shares of the users; 0 is one
	RoleHolders        int // users with one role each
	Applications       int // every tenth is a worker with a role
	// Conditions lets one application more be used by whoever is in the first
	// two groups, and another by administrators.
	Conditions bool
}

// Sized is an organization of one environment, the same each time for one
// size. A million users take less than 1 GB.
func Sized(size Size) *Organization {
	o := NewOrganization("Example Sized")
	o.quiet = true
	defer func() { o.quiet = false }()
	env := SizedEnvironment()
	epoch := time.Date(2024, 1, 8, 9, 0, 0, 0, time.UTC)
	e := o.AddEnvironment(Environment{ID: env, Name: "Sized", Type: "PRODUCTION", Region: "EU", CreatedAt: epoch, AdminConfig: &AdminConfig{}})
	populations := sizedPopulations(o, env, size, epoch)
	population := func(user int) pingone.ID { return populations[shareOf(user, len(populations))] }

	e.Users = make([]User, 0, size.Users)
	e.users = make(map[pingone.ID]int32, size.Users)
	members := make([][]int32, size.Groups)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range size.Users {
		name := fmt.Sprintf("user.%07d@sized.example", i+1)
		o.AddUser(env, User{
			ID: pingone.ID(sizedID(random)), Population: population(i), Username: name, Email: name,
			Given: "Given", Family: name[5:12], CreatedAt: epoch, UpdatedAt: epoch,
			LastSignOn: epoch.Add(time.Duration(i) * time.Second),
		})
		if size.Groups > 0 {
			for range size.MembershipsPerUser {
				g := random.IntN(size.Groups)
				members[g] = append(members[g], int32(i))
			}
			if i < size.LargestGroup {
				members[0] = append(members[0], int32(i))
			}
		}
	}
	for i := range size.Groups {
		o.AddGroup(env, Group{
			ID: StableID("sized", "group", fmt.Sprint(i)), Name: fmt.Sprintf("Group %d", i+1),
			Members: members[i], CreatedAt: epoch, UpdatedAt: epoch,
		})
	}
	sizedConfig(o, e, size, epoch)
	return o
}

// SizedEnvironment is the id of the environment of Sized.
func SizedEnvironment() pingone.ID { return StableID("sized", "environment") }

func sizedPopulations(o *Organization, env pingone.ID, size Size, epoch time.Time) []pingone.ID {
	ids := []pingone.ID{StableID("sized", "population")}
	o.AddPopulation(env, Population{ID: ids[0], Name: "Everyone", Default: true, CreatedAt: epoch, UpdatedAt: epoch})
	for i := 1; i < size.Populations; i++ {
		id := StableID("sized", "population", fmt.Sprint(i))
		o.AddPopulation(env, Population{ID: id, Name: fmt.Sprintf("Population %d", i+1), CreatedAt: epoch, UpdatedAt: epoch})
		ids = append(ids, id)
	}
	return ids
}

// shareOf deals users out to populations, the nth of which takes n in a round.
func shareOf(user, populations int) int {
	seat := user % (populations * (populations + 1) / 2)
	for n := range populations {
		if seat <= n {
			return n
		}
		seat -= n + 1
	}
	return 0
}

func sizedConfig(o *Organization, e *Environment, size Size, epoch time.Time) {
	role := RoleAssignment{Role: RoleID("Identity Data Read Only"), ScopeType: "ENVIRONMENT", Scope: e.ID}
	for i := range min(size.RoleHolders, size.Users) {
		o.Assign(e.ID, Principal{UserPrincipal, e.Users[i].ID}, role)
	}
	if size.Conditions {
		o.AddApplication(e.ID, Application{
			ID: StableID("sized", "application", "both groups"), Name: "For both groups", Type: "WEB_APP", Protocol: "SAML",
			AccessType: "ALL_GROUPS", AccessGroups: []pingone.ID{e.Groups[0].ID, e.Groups[1].ID}, CreatedAt: epoch, UpdatedAt: epoch,
		})
		o.AddApplication(e.ID, Application{
			ID: StableID("sized", "application", "administrators"), Name: "For administrators", Type: "WEB_APP", Protocol: "SAML",
			AccessRole: "ADMIN_USERS_ONLY", CreatedAt: epoch, UpdatedAt: epoch,
		})
	}
	for i := range size.Applications {
		a := Application{
			ID: StableID("sized", "application", fmt.Sprint(i)), Name: fmt.Sprintf("Application %d", i+1),
			Type: "WEB_APP", Protocol: "SAML", CreatedAt: epoch, UpdatedAt: epoch,
		}
		if i%10 == 0 {
			a.Type, a.Protocol, a.GrantTypes = "WORKER", "OPENID_CONNECT", []string{"CLIENT_CREDENTIALS"}
		}
		o.AddApplication(e.ID, a)
		if a.Type == "WORKER" {
			o.Assign(e.ID, Principal{ApplicationPrincipal, a.ID}, role)
		}
	}
}

// sizedID is a random UUID of version 4.
func sizedID(random *rand.Rand) (id [16]byte) {
	for i := 0; i < 16; i += 8 {
		binary.LittleEndian.PutUint64(id[i:], random.Uint64())
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
