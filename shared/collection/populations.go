package collection

import (
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// populations hold users; each user is in one.
var populations = Collection{
	Name: staging.Populations, Inputs: []staging.Collection{staging.Environments},
	Limit: pingone.Directory, Key: "populations", Role: identityData,
	Lists: eachEnvironment(pingone.Populations), Ask: askItem("populations"),
	Deleted: pingone.PopulationDeleted, Created: pingone.PopulationCreated, Event: itemEvent("populations"),
}

// The built-in roles that allow reading (pingone-setup.md says what else does).
const (
	identityData  = "Identity Data Read Only"
	configuration = "Configuration Read Only"
)
