package transform

import (
	"context"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
)

// serviceAccounts are the applications that act on their own or hold roles,
// and the gateways that hold roles.
func (s *streams) serviceAccounts(_ context.Context, emit emitter) error {
	emitAccount := func(r authomize.ServiceAccount, tag uint32) bool {
		if s.serviceUsers {
			u := mapping.ServiceUser(r)
			return emit(&u, tag)
		}
		return emit(&r, tag)
	}
	for i := range s.x.applications {
		a := &s.x.applications[i]
		r, ok := mapping.ServiceAccountOfApplication(&a.Application)
		if (ok || a.hasRoles) && !emitAccount(r, a.tag) {
			return nil
		}
	}
	for i := range s.x.gateways {
		g := &s.x.gateways[i]
		if !g.hasRoles {
			continue
		}
		r, ws := mapping.ServiceAccountOfGateway(&g.Gateway)
		s.found.warnAll(ws)
		if !emitAccount(r, g.tag) {
			return nil
		}
	}
	return nil
}
