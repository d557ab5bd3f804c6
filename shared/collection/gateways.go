package collection

import (
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// gateways connect PingOne to a customer's own servers, and may hold roles.
var gateways = Collection{
	Name: staging.Gateways, Inputs: []staging.Collection{staging.Environments},
	Limit: pingone.Configuration, Role: configuration,
	Lists: eachEnvironment(pingone.GatewaysOf), Ask: askItem("gateways"),
	Deleted: pingone.GatewayDeleted, Created: pingone.GatewayCreated, Event: itemEvent("gateways"),
}
