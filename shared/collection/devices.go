package collection

import (
	"context"
	"iter"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// devices are what users prove themselves with in MFA. A data exploration shows
// those of all users of an environment; who may use MFA and is not in it is
// asked for by itself.
var devices = Collection{
	Name: staging.Devices, Inputs: []staging.Collection{staging.Environments, staging.Users},
	Limit: pingone.MFA, Role: identityData + " and " + configuration, Ties: true, Lenient: true, Due: ByAge,
	Lists: deviceLists, Off: func(in *Inputs) bool { return !in.Devices },
}

func deviceLists(ctx context.Context, in *Inputs) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		if !in.Devices {
			return
		}
		for l, err := range eachEnvironment(pingone.Explorations)(ctx, in) {
			l.Bulk, l.Always = true, true
			if !yield(l, err) || err != nil {
				return
			}
		}
		for it, err := range items[pingone.User](ctx, in, staging.Users) {
			if err != nil {
				yield(List{}, err)
				return
			}
			u := it.resource
			if u.MFAEnabled == nil || !*u.MFAEnabled {
				continue
			}
			l := list(it.environment, pingone.DevicesOf(it.environment.ID, u.ID))
			l.Parent, l.Carry = &staging.Parent{Kind: "user", ID: u.ID}, it.carry
			if !yield(l, nil) {
				return
			}
		}
	}
}
