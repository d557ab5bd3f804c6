package sweep

import "pingone-authomize/shared/staging"

// A Way is one way in which a reading is carried forward.
type Way struct {
	Carried staging.Carried
	When    string
	Do      string
	// Approvable tells that a person may approve to go what is carried this way.
	Approvable bool
	// notRead tells that a list that was asked for could not be read.
	notRead bool
}

// Ways are all of them.
var Ways = []Way{
	{Carried: staging.NotDue, When: "read recently enough, or its turn did not come", Do: "nothing; it is read in its turn"},
	{Carried: staging.NotAsked, When: "the event narrowed the run to other environments", Do: "nothing; the next run that is not narrowed reads it"},
	{
		Carried: staging.Refused, Approvable: true, notRead: true, When: "PingOne answers 401, 403 or 404 on the list, after all tries",
		Do: "grant the worker application the role that the report names; if all of it may go, approve",
	},
	{
		Carried: staging.Failed, Approvable: true, notRead: true, When: "the list fails for good while others are answered",
		Do: "wait for the next run; if it stays, ask Ping Identity's support, with the correlation id",
	},
	{
		Carried: staging.Short, Approvable: true, notRead: true, When: "twice fewer than PingOne counts, by more than in its previous reading",
		Do: "check that the worker application's roles are on the whole environment; if what is not shown is gone, approve",
	},
	{
		Carried: staging.Unproven, Approvable: true, When: "no list shows it, and no witness says that it is gone, or it was not asked for yet",
		Do: "nothing, since the next run asks for it; if the report says that our rights can't be read, grant the role that it names; if it is gone, approve",
	},
	{
		Carried: staging.Unlisted, Approvable: true, notRead: true, When: "an environment that PingOne lists, or the settings name, no more, or that is DELETE_PENDING and refuses",
		Do: "if the environment was deleted, or is to be left out, approve; else give the worker application back its roles on it, or name it in PINGONE_ENVIRONMENTS",
	},
}

// WayOf finds a way; nil if there is none.
func WayOf(c staging.Carried) *Way {
	for i := range Ways {
		if Ways[i].Carried == c {
			return &Ways[i]
		}
	}
	return nil
}

// IsNotRead tells whether what is carried this way is a list that was asked for
// and not read whole.
func IsNotRead(c staging.Carried) bool {
	w := WayOf(c)
	return w != nil && w.notRead
}
