package insight

import "time"

// A Check is one kind of finding.
type Check struct {
	ID    string
	Title string
	Do    string // in PingOne
	run   func(*audit)
}

// Checks are all of them. Severities are explained where they are given.
var Checks = []Check{
	{"F01", "Can become one who controls the organization", "Take the role away, narrow its scope, or move administrators into an environment that it does not reach.", paths},
	{"F02", "Controls the organization from outside the administrators' environment", "Give the role to an identity in the Administrators environment, and take it away here.", elsewhere},
	{"F03", "An application controls the organization by itself", "Give the application the least roles that it needs, or take the grant CLIENT_CREDENTIALS away.", workers},
	{"F04", "Members of a group with roles can be changed by who can't assign these", "Move the group into an environment or population that the other role does not reach.", looseGroups},
	{"F05", "A custom role may do more than a role that can assign it", "Take permissions from the custom role, or the other role from those that can assign it.", higherRoles},
	{"F06", "Administrators sign on by a weaker way", "In the environment, under administrator security, ask for PingOne's sign-on with FIDO2 or TOTP, and switch recovery off.", signOns},
	{"F07", "An administrator is idle", "Ask whether the person still needs the roles; take them away if not.", idle},
	{"F08", "Disabled, and still controls the organization", "Take the role away: whoever enables the identity gets it back.", disabled},
	{"F09", "Our own worker application may do more than read", "Give it the roles that the setup guide names, or a custom role that only reads.", ours},
	{"F10", "Fewer or more people control the organization than is usual", "Have two to five: one alone is locked out some day, and each is one to take over.", people},
	{"F11", "Applications are open to everyone", "Where not everyone should have it, add a group to the application's access.", open},
}

// Assess runs all checks. accepted are the ids of findings that a person accepted,
// and until when; those past World.Now are over.
func Assess(w *World, r *Reach, accepted map[string]time.Time) []Assessment {
	all := make([]Assessment, 0, len(Checks))
	for _, c := range Checks {
		a := audit{w: w, r: r}
		c.run(&a)
		out := Assessment{Check: c.ID, Title: c.Title, State: Clean, Reason: a.reason, Findings: a.findings}
		if a.reason != "" {
			out.State = NotAssessed
		} else if gaps := r.Coverage.gaps(); gaps != "" {
			out.Reason = count(r.Coverage.Read, "environment was read", "environments were read") + gaps
		}
		if len(a.findings) > 0 {
			out.State = Accepted
		}
		for i := range out.Findings {
			f := &out.Findings[i]
			f.ID, f.Check, f.Do, f.State = idOf(c.ID, f.ID), c.ID, c.Do, Found
			if until := accepted[f.ID]; until.After(w.Now) {
				f.State, f.Until = Accepted, until
			} else {
				out.State = Found
			}
		}
		all = append(all, out)
	}
	return all
}
