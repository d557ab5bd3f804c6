package collection

import (
	"context"
	"fmt"
	"iter"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// users are read by population, so that their pages come side by side; by
// environment where no population is shown.
var users = Collection{
	Name: staging.Users, Inputs: []staging.Collection{staging.Environments, staging.Populations},
	Limit: pingone.Directory, Role: identityData,
	Lists: userLists, Ask: askItem("users"), Recount: recountPopulation, Head: pingone.Populations,
	Deleted: pingone.UserDeleted, Created: pingone.UserCreated, Event: itemEvent("users"),
}

func userLists(ctx context.Context, in *Inputs) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		all, err := in.Environments(ctx)
		if err != nil {
			yield(List{}, err)
			return
		}
		seen, inPopulations := map[pingone.ID]bool{}, map[pingone.ID]bool{}
		for it, err := range items[pingone.Population](ctx, in, staging.Populations) {
			if err != nil {
				yield(List{}, err)
				return
			}
			p := it.resource
			inPopulations[it.environment.ID] = true
			if seen[p.ID] {
				continue
			}
			seen[p.ID] = true
			l := list(it.environment, pingone.UsersIn(it.environment.ID, p.ID))
			l.Parent, l.Counted, l.Carry = &staging.Parent{Kind: "population", ID: p.ID}, p.UserCount, it.carry
			if !yield(l, nil) {
				return
			}
		}
		for i := range all {
			if !inPopulations[all[i].ID] && !yield(list(&all[i], pingone.UsersOf(all[i].ID)), nil) {
				return
			}
		}
	}
}

func recountPopulation(l *List) (string, func([]byte) *int) {
	if l.Parent == nil {
		return "", nil
	}
	return pingone.ItemPath(l.Environment, "populations", l.Parent.ID), func(body []byte) *int {
		p, err := pingone.One[pingone.Population](body)
		if err != nil {
			return nil
		}
		return p.UserCount
	}
}

// Counts is how many users PingOne counts in an environment, by its
// populations. Not all may say it: then there is no count.
func Counts(body []byte) (int, error) {
	var d pingone.Decoder[pingone.Population]
	all, broken, err := d.Items(body, string(staging.Populations))
	if err != nil {
		return 0, err
	}
	sum := 0
	for i := range all {
		if all[i].UserCount == nil {
			return 0, fmt.Errorf("population %s has no count", all[i].ID)
		}
		sum += *all[i].UserCount
	}
	if broken > 0 {
		return 0, fmt.Errorf("%d populations can't be read", broken)
	}
	return sum, nil
}
