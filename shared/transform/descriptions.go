package transform

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// descriptionsKey is where descriptions are kept, beside the runs and longer
// than these.
const descriptionsKey = "state/known/descriptions.json"

// descriptions are the records of what other records only refer to, or are
// named after. Posting replaces: where a run could not read one of these, it
// posts the record that an earlier run made, and not one that has an id for
// its name. They are few: of users and groups, nothing is kept here.
type descriptions struct {
	// Run is the newest run that wrote here.
	Run          staging.RunID                      `json:"run"`
	Organization string                             `json:"organization,omitzero"`
	Environments map[pingone.ID]authomize.Asset     `json:"environments"`
	Populations  map[pingone.ID]authomize.Asset     `json:"populations"`
	Applications map[pingone.ID]authomize.Asset     `json:"applications"`
	Roles        map[pingone.ID]authomize.Privilege `json:"roles"`
	// Permissions are those of roles that have more of a name than their id, by
	// that; nil where ROLE_PERMISSIONS is false.
	Permissions map[string]authomize.Privilege `json:"permissions,omitempty"`
}

func newDescriptions(run staging.RunID) *descriptions {
	return &descriptions{
		Run:          run,
		Environments: map[pingone.ID]authomize.Asset{}, Populations: map[pingone.ID]authomize.Asset{},
		Applications: map[pingone.ID]authomize.Asset{}, Roles: map[pingone.ID]authomize.Privilege{},
	}
}

// listOf are the collections that hold what a role may reach, by the type of
// the scope.
var listOf = map[string]staging.Collection{
	"ENVIRONMENT": staging.Environments, "POPULATION": staging.Populations, "APPLICATION": staging.Applications,
}

// of are the assets of a collection.
func (d *descriptions) of(c staging.Collection) map[pingone.ID]authomize.Asset {
	return map[staging.Collection]map[pingone.ID]authomize.Asset{
		staging.Environments: d.Environments, staging.Populations: d.Populations, staging.Applications: d.Applications,
	}[c]
}

// asset is the record of what a role reaches.
func (d *descriptions) asset(s mapping.Scope) (authomize.Asset, bool) {
	r, ok := d.of(listOf[s.Type])[s.ID]
	return r, ok
}

// nameOf is what the record of something is called, "" if that has no name
// and its id stands for it, or if there is no such record.
func nameOf(of map[pingone.ID]authomize.Asset, id pingone.ID) string {
	if r := of[id]; r.Name != r.OriginID {
		return r.Name
	}
	return ""
}

// describe makes the descriptions of what the run read.
func (x *index) describe(run staging.RunID) *descriptions {
	d := newDescriptions(run)
	if x.organization != nil {
		d.Organization = x.organization.Name
	}
	for id, e := range x.environments {
		if e.resource != nil {
			d.Environments[id], _ = mapping.Environment(e.resource) // warned of when it is posted, as below
		}
	}
	for id, p := range x.populations {
		d.Populations[id] = mapping.Population(p)
	}
	for i := range x.applications {
		a := &x.applications[i].Application
		d.Applications[a.ID], _ = mapping.Application(a)
	}
	for id, r := range x.roles {
		d.Roles[id], _ = mapping.PrivilegeOf(r)
	}
	if x.permissions != nil {
		d.Permissions = map[string]authomize.Privilege{}
	}
	for id, p := range x.permissions {
		if p.isDescribed() {
			d.Permissions[id] = p.privilege
		}
	}
	return d
}

// recall adds what earlier runs knew of the collections that are not whole in
// this one. What a whole collection doesn't hold is gone.
func (d *descriptions) recall(earlier *descriptions, whole func(staging.Collection) bool) {
	for _, c := range listOf {
		if !whole(c) {
			addMissing(d.of(c), earlier.of(c))
		}
	}
	if !whole(staging.Roles) {
		addMissing(d.Roles, earlier.Roles)
		if d.Permissions != nil {
			addMissing(d.Permissions, earlier.Permissions)
		}
	}
	if d.Organization == "" && !whole(staging.Environments) {
		d.Organization = earlier.Organization
	}
}

func addMissing[K comparable, V any](to, from map[K]V) {
	for id, v := range from {
		if _, ok := to[id]; !ok {
			to[id] = v
		}
	}
}

// recall settles the descriptions that the records of this run are made with.
// They are kept for later runs before anything is posted, so that a run that
// is cut off goes on with the same; not by a dry run, nor over a newer run's.
func (t *transform) recall(ctx context.Context) error {
	whole := func(c staging.Collection) bool { return !t.report.Narrowed && len(t.snaps[c].Complete.Unread) == 0 }
	for range putTries {
		earlier, cond, err := loadDescriptions(ctx, t.o.Store)
		if err != nil {
			return err
		}
		d := t.x.describe(t.id)
		d.recall(earlier, whole)
		t.x.described = d
		if t.o.Settings.DryRun || earlier.Run > t.id {
			return nil
		}
		data, err := json.Marshal(d, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return err
		}
		_, err = t.o.Store.Put(ctx, descriptionsKey, data, cond)
		if err == nil {
			return nil
		}
		if !errors.Is(err, staging.ErrConflict) {
			return fmt.Errorf("remember descriptions in %s: %w", descriptionsKey, err)
		}
	}
	return fmt.Errorf("remember descriptions in %s: others wrote each of %d times: %w", descriptionsKey, putTries, staging.ErrConflict)
}

// loadDescriptions returns those that are kept, and the condition to replace
// them.
func loadDescriptions(ctx context.Context, store staging.Store) (*descriptions, staging.Condition, error) {
	object, err := store.Get(ctx, descriptionsKey)
	if errors.Is(err, staging.ErrNotFound) {
		return newDescriptions(""), staging.IfAbsent, nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("load %s: %w", descriptionsKey, err)
	}
	d := new(descriptions)
	if err := json.Unmarshal(object.Data, d); err != nil {
		return nil, "", fmt.Errorf("%s is damaged; move it away, and let the next run read all collections, since names of what it can't read are lost: %w", descriptionsKey, staging.ErrCorrupt)
	}
	return d, staging.IfVersion(object.Version), nil
}
