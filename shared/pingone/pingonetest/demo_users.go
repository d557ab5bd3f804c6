package pingonetest

import (
	"fmt"
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
)

// people adds 5,000 users: 50 administrators, 2,800 employees, 650
// contractors and 1,500 customers, the named ones included.
func (b *demo) people() {
	b.namedAdmins()
	b.crowd(b.ids.Administrators, b.ids.Admins, "admin", 50-2)
	named := b.awkward()
	b.crowd(b.ids.Workforce, b.ids.Employees, "employee", 2800-named)
	b.crowd(b.ids.Workforce, b.ids.Contractors, "contractor", 650)
	b.crowd(b.ids.Customers, b.ids.Shoppers, "customer", 1500)
}

func (b *demo) namedAdmins() {
	for _, u := range []User{
		{ID: b.ids.OrganizationAdmin, Username: "olga.root", Given: "Olga", Family: "Root", MFAEnabled: true},
		{ID: b.ids.Multi, Username: "milo.many", Given: "Milo", Family: "Many", MFAEnabled: true},
	} {
		u.Population, u.Email = b.ids.Admins, u.Username+"@admins.example"
		u.CreatedAt, u.UpdatedAt, u.LastSignOn = b.epoch, b.epoch, b.epoch.AddDate(0, 6, 0)
		b.o.AddUser(b.ids.Administrators, u)
	}
}

// awkward adds the users that are hard to map and returns how many.
func (b *demo) awkward() int {
	users := []User{
		{ID: b.ids.NoName, Username: "no.name"},
		{ID: b.ids.EmptyName, Username: "empty.name", EmptyName: true},
		{ID: b.ids.BadEmail, Username: "bad.email", Given: "Bea", Family: "Mail", Email: "bea at mail,example"},
		{ID: b.ids.NoEmail, Username: "no.email", Given: "Noel", Family: "Post", Email: "-"},
		{ID: b.ids.UnknownLifecycle, Username: "unknown.lifecycle", Given: "Lia", Family: "Cycle", Lifecycle: "ARCHIVED"},
		{ID: b.ids.UnknownStatus, Username: "unknown.status", Given: "Stan", Family: "Tus", AccountStatus: "QUARANTINED"},
		{
			ID: b.ids.UnknownProvider, Username: "unknown.provider", Given: "Ida", Family: "Provider",
			IdentityProviderType: "PASSKEY_HUB", IdentityProvider: StableID("demo", "provider hub"),
		},
		{ID: b.ids.Emoji, Username: "emoji", Given: "Zoë 🦊", Family: "O’Neil-👩‍💻", Title: "Head of 🚀"},
		{ID: b.ids.RightToLeft, Username: "right.to.left", Given: "נועה", Family: "العربي", Formatted: "נועה العربي"},
		{ID: b.ids.NeverSignedOn, Username: "never.signed.on", Given: "Neve", Family: "Signed"},
		{ID: b.ids.Locked, Username: "locked", Given: "Lou", Family: "Locke", AccountStatus: "LOCKED"},
		{ID: b.ids.Disabled, Username: "disabled", Given: "Dis", Family: "Abel", Disabled: true},
		{ID: b.ids.Unverified, Username: "unverified", Given: "Vera", Family: "Fyi", Lifecycle: "VERIFICATION_REQUIRED"},
		{
			ID: b.ids.External, Username: "external", Given: "Ext", Family: "Ernal", Type: "partner",
			IdentityProviderType: "SAML", IdentityProvider: StableID("demo", "provider partner"),
		},
		{ID: b.ids.CustomData, Username: "custom.data", Given: "Cus", Family: "Tom", Extra: map[string]any{
			"costCenter": "CC-42", "badges": []any{"red", "blue"}, "onCall": true,
			"address2": map[string]any{"floor": 3, "desk": "W-17"},
		}},
	}
	for _, u := range users {
		u.Population = b.ids.Employees
		switch u.Email {
		case "":
			u.Email = u.Username + "@workforce.example"
		case "-":
			u.Email = ""
		}
		u.CreatedAt, u.UpdatedAt = b.epoch, b.epoch.AddDate(0, 1, 0)
		if u.ID != b.ids.NeverSignedOn {
			u.LastSignOn = b.epoch.AddDate(1, 0, 0)
		}
		b.o.AddUser(b.ids.Workforce, u)
	}
	return len(users)
}

// crowd adds ordinary users, with a sprinkle of every state.
func (b *demo) crowd(env, population pingone.ID, kind string, n int) {
	given := []string{"Ada", "Ben", "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Inês", "Jørgen", "Kofi", "Lena", "Mei", "Nils", "Oba", "Priya"}
	family := []string{"Abt", "Baum", "Costa", "Dupont", "Eze", "Fischer", "García", "Huber", "Ito", "Jansen", "Khan", "Lopez", "Müller", "Novák", "Okafor", "Peng", "Quist", "Rossi", "Şahin", "Tran"}
	titles := []string{"", "Engineer", "Accountant", "Buyer", "Analyst", "Manager"}
	for i := range n {
		name := fmt.Sprintf("%s.%04d", kind, i+1)
		created := b.epoch.Add(time.Duration(b.random.IntN(500*24)) * time.Hour)
		u := User{
			ID: StableID("demo", "user "+name), Population: population,
			Username: name, Email: name + "@" + strings.TrimSuffix(kind, "s") + ".example",
			Given: given[b.random.IntN(len(given))], Family: family[b.random.IntN(len(family))],
			Title:     titles[b.random.IntN(len(titles))],
			CreatedAt: created, UpdatedAt: created.AddDate(0, 0, b.random.IntN(100)),
			MFAEnabled: b.random.IntN(3) > 0, Disabled: b.random.IntN(40) == 0,
		}
		if b.random.IntN(10) > 0 {
			u.LastSignOn = created.AddDate(0, 0, 1+b.random.IntN(300))
		}
		switch b.random.IntN(100) {
		case 0:
			u.AccountStatus = "LOCKED"
		case 1:
			u.Lifecycle = "VERIFICATION_REQUIRED"
		case 2, 3:
			u.IdentityProviderType, u.IdentityProvider = "GOOGLE", StableID("demo", "provider google")
		}
		if kind == "contractor" {
			u.Type = "Contractor"
		}
		b.o.AddUser(env, u)
	}
}
