package collection

import (
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// applications are what users sign on to, and clients of their own.
var applications = Collection{
	Name: staging.Applications, Inputs: []staging.Collection{staging.Environments},
	Limit: pingone.Configuration, Role: configuration,
	Lists: eachEnvironment(pingone.ApplicationsOf), Ask: askItem("applications"),
	Deleted: pingone.ApplicationDeleted, Created: pingone.ApplicationCreated, Event: itemEvent("applications"),
}
