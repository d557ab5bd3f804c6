package collection

import (
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// groups hold users and groups.
var groups = Collection{
	Name: staging.Groups, Inputs: []staging.Collection{staging.Environments},
	Limit: pingone.Directory, Role: identityData,
	Lists: eachEnvironment(pingone.GroupsOf), Ask: askItem("groups"),
	Deleted: pingone.GroupDeleted, Created: pingone.GroupCreated, Event: itemEvent("groups"),
}
