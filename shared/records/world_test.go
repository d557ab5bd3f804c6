package records_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const run = staging.RunID("20261123T090000Z")

// reader, envadmin and orgadmin are built-in roles, whose ids are public.
var publicIDs = map[string]string{
	"reader": "ce00e15f-f845-4df1-abf3-fdc4ff4e176c", "envadmin": "29ddce68-cd7f-4b2a-b6fc-f7a19553b496",
	"orgadmin": "1813bc13-8d13-4e88-a825-d40bfe82777b",
}

// id makes the id of something from its name.
func id(name string) pingone.ID {
	if public, ok := publicIDs[name]; ok {
		parsed, _ := pingone.ParseID(public)
		return parsed
	}
	sum := sha256.Sum256([]byte(name))
	return pingone.ID(sum[:16])
}

var (
	names = regexp.MustCompile(`#[a-z0-9-]+`)
	uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// A world is what is staged: replies by collection, in which #name stands for
// an id.
type world struct {
	replies map[staging.Collection][]staging.Reply
	gone    map[staging.Collection][]staging.Gone
	ids     map[string]string // names, by id
	options records.Options
}

func newWorld() *world {
	w := &world{replies: map[staging.Collection][]staging.Reply{}, gone: map[staging.Collection][]staging.Gone{}, ids: map[string]string{}}
	w.id("main")
	return w
}

// id is that of a name, which is remembered to turn it back.
func (w *world) id(name string) pingone.ID {
	w.ids[id(name).String()] = name
	return id(name)
}

// text puts ids in the place of names.
func (w *world) text(s string) string {
	return names.ReplaceAllStringFunc(s, func(name string) string { return w.id(name[1:]).String() })
}

// named puts names in the place of ids.
func (w *world) named(s string) string {
	return uuids.ReplaceAllStringFunc(s, func(id string) string {
		if name, ok := w.ids[id]; ok {
			return name
		}
		return id
	})
}

// add stages a reply of the environment main, dated by the hour of the run.
// parent is such as group:staff; body may be a list of items, with the key of
// the path's last segment.
func (w *world) add(c staging.Collection, hour int, path, parent, body string) *staging.Reply {
	key := path[strings.LastIndexByte(path, '/')+1:]
	if strings.HasPrefix(body, "[") {
		body = `{"_embedded":{"` + key + `":` + body + `}}`
	}
	r := staging.Reply{
		Environment: id("main"), Path: "/v1/environments/#main/" + path, FetchedAt: run.Time().Add(time.Duration(hour) * time.Hour),
		Body: []byte(w.text(body)),
	}
	if strings.HasPrefix(path, "/") {
		r.Path = path
	}
	r.Path = w.text(r.Path)
	r.Parent = w.parent(parent)
	w.replies[c] = append(w.replies[c], r)
	return &w.replies[c][len(w.replies[c])-1]
}

// parent is one such as group:staff, or none.
func (w *world) parent(text string) *staging.Parent {
	kind, name, ok := strings.Cut(text, ":")
	if !ok {
		return nil
	}
	return &staging.Parent{Kind: kind, ID: w.id(name)}
}

// list is a JSON list of objects of nothing but an id.
func list(all ...string) string {
	var items []string
	for _, name := range all {
		items = append(items, `{"id":"#`+name+`"}`)
	}
	return "[" + strings.Join(items, ",") + "]"
}

func person(name, more string) string {
	return `{"id":"#` + name + `","username":"` + name + `","enabled":true,"population":{"id":"#people"}` + more + `}`
}

func (w *world) users(all ...string) {
	var items []string
	for _, name := range all {
		items = append(items, person(name, ""))
	}
	w.add(staging.Users, 0, "users", "population:people", "["+strings.Join(items, ",")+"]")
}

func (w *world) group(name, more string) {
	w.add(staging.Groups, 0, "groups", "", `[{"id":"#`+name+`","name":"`+name+`"`+more+`}]`)
}

// members are a list of those in a group: of kind group the direct ones, of kind
// groupAny all.
func (w *world) members(kind, group string, all ...string) *staging.Reply {
	return w.add(staging.Memberships, 0, "users", kind+":"+group, list(all...))
}

func (w *world) children(group string, all ...string) *staging.Reply {
	return w.add(staging.Memberships, 0, "groups", "group:"+group, list(all...))
}

// role assigns a role in a scope such as ENVIRONMENT:main.
func (w *world) role(holder, role, scope, more string) *staging.Reply {
	kind, name, _ := strings.Cut(scope, ":")
	return w.add(staging.RoleAssignments, 0, "x/roleAssignments", holder,
		fmt.Sprintf(`[{"id":"#%[1]s-%[2]s","role":{"id":"#%[2]s"},"scope":{"type":%[3]q,"id":"#%[4]s"}%[5]s}]`, strings.ReplaceAll(holder, ":", "-"), role, kind, name, more))
}

func (w *world) application(name, more string) {
	w.add(staging.Applications, 0, "applications", "", `[{"id":"#`+name+`","name":"`+name+`","enabled":true,"type":"WEB_APP"`+more+`}]`)
}

func (w *world) isGone(c staging.Collection, parent, name string) {
	w.gone[c] = append(w.gone[c], staging.Gone{Environment: id("main"), Parent: w.parent(parent), ID: w.id(name), By: staging.WitnessFeed})
}

// snapshots stages the world.
func (w *world) snapshots(t testing.TB) map[staging.Collection]*staging.Snapshot {
	t.Helper()
	store, snaps := new(stagingtest.Memory), map[staging.Collection]*staging.Snapshot{}
	for _, c := range staging.Collections {
		writer, err := staging.Open(t.Context(), store, run, c)
		if err != nil {
			t.Fatal(err)
		}
		writer.Manifest().Gone = w.gone[c]
		for _, r := range w.replies[c] {
			if err := writer.Append(r, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := writer.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if snaps[c], err = staging.Load(t.Context(), store, run, c); err != nil {
			t.Fatal(err)
		}
	}
	return snaps
}

func (w *world) load(t testing.TB) *records.Index {
	t.Helper()
	x, err := records.Load(t.Context(), w.snapshots(t), w.options)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// holdings are the keys of records by kind, sorted.
type holdings map[authomize.Kind][]string

// tiny is one environment: five users, all in staff, with ann in leads, which is
// in staff; ann reads the population people, and the worker application sync
// administers the environment; anybody may use wiki.
func tiny() *world {
	w := newWorld()
	w.add(staging.Environments, 0, "/v1/environments/#main", "", `{"id":"#main","name":"Main","organization":{"id":"#org"}}`)
	w.add(staging.Populations, 0, "populations", "", `[{"id":"#people","name":"People"}]`)
	w.users("ann", "bob", "cy", "dan", "eve")
	w.group("leads", "")
	w.group("staff", "")
	w.members("group", "leads", "ann")
	w.members("group", "staff", "ann", "bob", "cy", "dan", "eve")
	w.children("staff", "leads")
	w.add(staging.Roles, 0, "/v1/organizations/#org", "", `{"id":"#org","name":"Tiny"}`).Environment = pingone.ID{}
	w.add(staging.Roles, 0, "/v1/roles", "", `[{"id":"#envadmin","name":"Environment Admin"},{"id":"#reader","name":"Identity Data Read Only"}]`).Environment = pingone.ID{}
	w.role("user:ann", "reader", "POPULATION:people", "")
	w.role("application:sync", "envadmin", "ENVIRONMENT:main", "")
	w.application("wiki", "")
	w.application("sync", `,"type":"WORKER","grantTypes":["CLIENT_CREDENTIALS"],"accessControl":{"group":{"type":"ANY_GROUP","groups":[{"id":"#leads"}]}}`)
	return w
}

func tinyHoldings() holdings {
	return holdings{
		"users":           {"user:ann", "user:bob", "user:cy", "user:dan", "user:eve"},
		"serviceAccounts": {"client:sync"},
		"groupings": {
			"all-users:main", "group:leads", "group:staff", "role:envadmin@ENVIRONMENT:main", "role:reader@POPULATION:people",
		},
		"privileges":           {"privilege:app-access", "privilege:role:envadmin", "privilege:role:reader"},
		"assets":               {"application:sync", "application:wiki", "environment:main", "population:people"},
		"assetInheritance":     {"environment:main population:people"},
		"groupingAssociations": {"group:leads group:staff"},
		"accountAssociations": {
			"client:sync role:envadmin@ENVIRONMENT:main",
			"user:ann all-users:main", "user:ann group:leads", "user:ann group:staff", "user:ann role:reader@POPULATION:people",
			"user:bob all-users:main", "user:bob group:staff", "user:cy all-users:main", "user:cy group:staff",
			"user:dan all-users:main", "user:dan group:staff", "user:eve all-users:main", "user:eve group:staff",
		},
		"permissions": {
			"all-users:main privilege:app-access application:wiki", "group:leads privilege:app-access application:sync",
			"role:envadmin@ENVIRONMENT:main privilege:role:envadmin environment:main",
			"role:reader@POPULATION:people privilege:role:reader population:people",
		},
	}
}

// without takes every record away that an id has a part in.
func (h holdings) without(all ...string) holdings {
	out := holdings{}
	for kind, keys := range h {
		left := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
			return slices.ContainsFunc(all, func(id string) bool { return key == id || slices.Contains(strings.Fields(key), id) })
		})
		if len(left) > 0 {
			out[kind] = left
		}
	}
	return out
}

func (h holdings) with(kind authomize.Kind, keys ...string) holdings {
	out := maps.Clone(h)
	out[kind] = slices.Sorted(slices.Values(append(slices.Clone(h[kind]), keys...)))
	return out
}
