package collection

import (
	"fmt"

	"pingone-authomize/shared/staging"
)

// All are the collections, each behind its inputs.
var All = []*Collection{
	&environments, &populations, &users, &groups, &memberships,
	&roles, &applications, &gateways, &roleAssignments, &devices, &applicationRoles,
}

// Of finds a collection.
func Of(name staging.Collection) (*Collection, error) {
	for _, c := range All {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("there is no collection %q", name)
}
