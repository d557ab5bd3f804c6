package insight

import (
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

// The built-in roles that control an organization. Their ids are the same in every
// one. Source: PingOne's Terraform provider, and recorded replies.
var (
	organizationAdmin = must("1813bc13-8d13-4e88-a825-d40bfe82777b")
	environmentAdmin  = must("29ddce68-cd7f-4b2a-b6fc-f7a19553b496")
)

func must(text string) pingone.ID { id, _ := pingone.ParseID(text); return id }

// powers are what of a role's permissions the rules ask for.
type powers uint32

const (
	password    powers = 1 << iota // of users
	factors                        // of users: the second ones
	enabling                       // of users
	provider                       // of users: who signs them on
	newUsers                       //
	members                        // of groups
	giveUsers                      // roles
	giveGroups                     // roles
	giveClients                    // roles
	secrets                        // of applications
	clients                        // their settings
	customRoles                    // their permissions
	signOn                         // of administrators
	federate                       // administers PingFederate

	allPowers = federate<<1 - 1
	// puppet is either of what gives control of a user that holds nothing.
	puppet = newUsers | password
)

func (p powers) has(all powers) bool { return p&all == all }

// A word is a permission that gives a power: a resource, and the actions that count.
type word struct {
	resource string
	actions  []string
	gives    powers
}

// vocabulary is compared in lower case. Sources: PingOne's replies to /roles (2022) for
// resources and actions, and its reference of permissions for their ids.
var vocabulary = []word{
	{"userpassword", []string{"set", "reset", "recover", "update"}, password},
	{"device", []string{"create", "delete"}, factors},
	{"usermfaenabled", []string{"update"}, factors},
	{"pairingkey", []string{"create"}, factors},
	{"userenabled", []string{"update"}, enabling},
	{"useridentityprovider", []string{"update"}, provider},
	{"user", []string{"create", "import"}, newUsers},
	{"groupmembership", []string{"create", "update"}, members},
	{"userroleassignments", []string{"create", "update"}, giveUsers},
	{"grouproleassignments", []string{"create", "update"}, giveGroups},
	{"applicationroleassignments", []string{"create", "update"}, giveClients},
	{"secret", []string{"read", "retrieve", "generate", "create", "update"}, secrets},
	{"application", []string{"update"}, clients},
	{"roles", []string{"update"}, customRoles},
	{"customrole", []string{"update"}, customRoles},
}

// An action is a permission in lower case, of an id category:action:resource or, in
// replies of 2022, of a classifier and a description that begins with the action.
type action struct{ category, does, resource string }

func actionOf(p pingone.RolePermission) action {
	if parts := strings.Split(strings.ToLower(strings.TrimSpace(p.ID)), ":"); len(parts) == 3 {
		return action{parts[0], parts[1], parts[2]}
	}
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(p.Description)), " ")
	return action{"", first, strings.ToLower(strings.TrimSpace(p.Classifier))}
}

// powersOf are those of a role. PingOne's documents name two things that no
// permission of a recorded reply says: that both administrators of the console may
// change how administrators sign on, and what PingFederate's administrator is.
func powersOf(r *RoleInfo) (p powers) {
	for _, permission := range r.Permissions {
		a := actionOf(permission)
		if a == (action{"admin", "update", "config"}) {
			p |= signOn
		}
		for _, w := range vocabulary {
			if w.resource == a.resource && slices.Contains(w.actions, a.does) {
				p |= w.gives
			}
		}
	}
	switch {
	case r.ID == organizationAdmin || r.ID == environmentAdmin:
		p |= signOn
	case !r.Custom && r.Name == "PingFederate Administrator":
		p |= federate
	}
	return p
}

// readActions change nothing; every other does, but for exploration: to create one
// is how its data is read, and Configuration Read Only may.
var readActions = []string{"read", "retrieve", "get", "list", "view", "search", "check", "test", "validate"}

const exploration = "exploration"

// changesOf are the permissions of a role that change something, sorted, without
// their category, which older replies do not have.
func changesOf(r *RoleInfo) (changes []string) {
	for _, permission := range r.Permissions {
		if a := actionOf(permission); !slices.Contains(readActions, a.does) && a.resource != exploration {
			changes = append(changes, a.does+" "+a.resource)
		}
	}
	slices.Sort(changes)
	return slices.Compact(changes)
}
