package collection

import (
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// populations hold users; each user is in one.
var populations = Collection{
	Name: staging.Populations, Inputs: []staging.Collection{staging.Environments},
	Limit: pingone.Directory, Role: identityData,
	Lists: eachEnvironment(pingone.Populations), Ask: askItem("populations"),
	Deleted: pingone.PopulationDeleted, Created: pingone.PopulationCreated, Event: itemEvent("populations"),
}
