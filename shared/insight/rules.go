package insight

// A Use is whether a rule makes paths.
type Use string

// The uses.
const (
	Basic Use = "path"              // by default, where its confidence is asked for
	Never Use = "never"             // more of the same, or a bound: no new right
	Off   Use = "off until tried"   // only where untested rules are asked for
	Blind Use = "not in a snapshot" // off, and nothing that is read shows it
)

// A Rule is one way in which rights lead to more rights.
type Rule struct {
	ID         string
	Sentence   string
	Source     string
	Confidence Confidence
	Use        Use

	act  string // what its hop does, before the name of the target
	then string // and after it
	move func(*graph, uint32, *front) (step, bool)
}

// Where the rules are from.
const (
	rolesPage      = "PingOne API, Administrator roles"
	predefined     = "PingOne API, Predefined roles"
	assignments    = "PingOne API, Administrator permissions and role assignments"
	recorded       = "replies of PingOne to /roles, recorded in 2022"
	derived        = "derived from what the permissions are for"
	groupRoles     = "PingOne documentation, Adding roles to a group"
	workerRoles    = "PingOne documentation, Configuring roles for a worker application"
	customRolePage = "PingOne documentation, Adding a custom role"
	terraform      = "PingOne's Terraform provider, Admin role management"
	adminSecurity  = "PingOne documentation, Configuring administrator security"
	secretPage     = "PingOne API, Application secret" // #nosec G101 -- the name of a page
)

// Rules are all of them.
var Rules = []Rule{
	{
		ID: "R1", Use: Basic, Confidence: Likely, Source: recorded, act: "reset the password of", move: takeOver,
		Sentence: "Who may reset passwords and change second factors can become any user in scope, administrators too; disabled and federated ones only with the permissions to enable a user and to change its identity provider.",
	},
	{
		ID: "R2", Use: Blind, Confidence: Likely, Source: recorded,
		Sentence: "Who may change a user's identity provider or linked accounts, and controls an identity provider, can sign on as that user.",
	},
	{
		ID: "R3", Use: Basic, Confidence: Documented, Source: rolesPage, act: "assign", move: assign(false, false),
		Sentence: "Who may assign roles can assign those that its role can assign, within its own scope.",
	},
	{
		ID: "R4", Use: Never, Confidence: Documented, Source: predefined,
		Sentence: "Who may assign its own role can give it to a second identity; that adds nobody's rights to its own.",
	},
	{
		ID: "R5", Use: Basic, Confidence: Documented, Source: groupRoles, act: "add a user to", move: addMember,
		Sentence: "Who may change the members of a group, and controls a second user, gets the roles of the group without the right to assign them.",
	},
	{
		ID: "R6", Use: Never, Confidence: Documented, Source: groupRoles,
		Sentence: "Nobody can add itself to a group; only static groups hold roles.",
	},
	{
		ID: "R7", Use: Basic, Confidence: Documented, Source: secretPage, act: "read the secret of", move: readSecret,
		Sentence: "Who may read or renew the secret of a worker application can act as it, unless the application has a role that the reader can't assign.",
	},
	{
		ID: "R8", Use: Never, Confidence: Untested, Source: derived,
		Sentence: "A secret that was read stays good after the application gets more roles.",
	},
	{
		ID: "R9", Use: Blind, Confidence: Untested, Source: derived,
		Sentence: "Who may read the secret of an application without roles can pose as it to its users.",
	},
	{
		ID: "R10", Use: Off, Confidence: Untested, Source: derived, act: "change the keys of", move: editClient,
		Sentence: "Who may change an application can give it a key of its own, and act as it.",
	},
	{
		ID: "R11", Use: Never, Confidence: Documented, Source: workerRoles,
		Sentence: "A worker application that is created by API has the roles of its creator.",
	},
	{
		ID: "R12", Use: Off, Confidence: Untested, Source: derived, act: "add any permission to", then: "which it holds", move: assign(false, true),
		Sentence: "Who may change custom roles can add permissions to one that it holds.",
	},
	{
		ID: "R13", Use: Basic, Confidence: Documented, Source: customRolePage, act: "assign", move: assign(true, false),
		Sentence: "Who has a role that a custom role can be assigned by can assign it, however much more it may do.",
	},
	{
		ID: "R14", Use: Blind, Confidence: Likely, Source: recorded,
		Sentence: "Who may change identity providers controls the sign-on of those who use them.",
	},
	{
		ID: "R15", Use: Basic, Confidence: Documented, Source: adminSecurity, act: "change how administrators sign on, and so become", move: setSignOn,
		Sentence: "Who may change the sign-on of administrators can let an identity provider of its choice sign on as any that is at home in the environment.",
	},
	{
		ID: "R16", Use: Blind, Confidence: Untested, Source: derived,
		Sentence: "Who may create credentials of a gateway can answer the sign-ons that it serves.",
	},
	{
		ID: "R17", Use: Basic, Confidence: Documented, Source: rolesPage, act: "administer PingFederate, and so act as", move: beGateway,
		Sentence: "Who administers PingFederate has the roles of its gateway.",
	},
	{
		ID: "R18", Use: Never, Confidence: Documented, Source: terraform,
		Sentence: "Who creates an environment is its administrator: of a new one only.",
	},
	{
		ID: "R19", Use: Never, Confidence: Documented, Source: terraform,
		Sentence: "A role over the organization covers environments to come.",
	},
	{
		ID: "R20", Use: Never, Confidence: Likely, Source: assignments,
		Sentence: "Who controls an environment can appear as anyone in the applications that it signs on to.",
	},
}

// on tells whether a rule makes paths where this confidence is the least.
func (r *Rule) on(least Confidence) bool {
	return r.move != nil && r.Confidence >= least && (r.Use == Basic || r.Use == Off && least <= Untested)
}
