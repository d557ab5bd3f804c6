package transform_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transform"
	"pingone-authomize/shared/transport"
)

// id makes the id of something from its name.
func id(name string) pingone.ID {
	sum := sha256.Sum256([]byte(name))
	return pingone.ID(sum[:16])
}

var names = regexp.MustCompile(`#[a-z0-9-]+`)

// withIDs puts ids in the place of #names.
func withIDs(s string) string {
	return names.ReplaceAllStringFunc(s, func(name string) string { return id(name[1:]).String() })
}

var (
	errKilled = errors.New("killed")
	leave     = sweep.Approval{Codes: []string{"unproven:users"}, Reason: "they left", By: "tester"}
)

// A world is what PingOne holds, and what was carried forward.
type world struct {
	users    []string // of environment main, all of them in the group staff
	unlisted []string // of environment old, which is carried as unlisted; none: there is none
	oldAt    time.Time
	nothing  bool // is there at all
	// permissions are how many the role has.
	permissions int
	carried     []carriedUser
	gone        []string
	edit        func(staging.Collection, *staging.Manifest)
}

// A carriedUser is one that was asked for and is carried forward.
type carriedUser struct {
	name string
	way  staging.Carried
	at   time.Time
}

// people are that many names.
func people(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("p%03d", i)
	}
	return all
}

func without(all []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(names, s) })
}

// replies are those of a world, by collection. The first one is read at.
func (w *world) replies(at time.Time) map[staging.Collection][]staging.Reply {
	all := map[staging.Collection][]staging.Reply{}
	if w.nothing {
		return all
	}
	add := func(c staging.Collection, env, path, parent string, way staging.Carried, items ...string) *staging.Reply {
		key := path[strings.LastIndexByte(path, '/')+1:]
		r := staging.Reply{Environment: id(env), Path: withIDs(path), FetchedAt: at, Carried: way}
		if way != "" {
			r.FetchedAt = time.Date(1999, 12, 1, 9, 0, 0, 0, time.UTC)
		}
		r.Body = []byte(withIDs(`{"_embedded":{"` + key + `":[` + strings.Join(items, ",") + `]}}`))
		if kind, name, ok := strings.Cut(parent, ":"); ok {
			r.Parent = &staging.Parent{Kind: kind, ID: id(name)}
		}
		all[c] = append(all[c], r)
		return &all[c][len(all[c])-1]
	}
	add(staging.Environments, "main", "/v1/environments/#main", "", "").Body = []byte(withIDs(`{"id":"#main","name":"Main","organization":{"id":"#org"}}`))
	add(staging.Populations, "main", "/v1/environments/#main/populations", "", "", `{"id":"#people","name":"People"}`)
	var permissions []string
	for n := range w.permissions {
		permissions = append(permissions, fmt.Sprintf(`{"id":"dir:read:thing%d"}`, n))
	}
	add(staging.Roles, "", "/v1/roles", "", "", `{"id":"#admin","name":"Environment Admin","permissions":[`+strings.Join(permissions, ",")+`]}`).Environment = pingone.ID{}
	add(staging.Groups, "main", "/v1/environments/#main/groups", "", "", `{"id":"#staff","name":"staff"}`)
	add(staging.Applications, "main", "/v1/environments/#main/applications", "", "", `{"id":"#wiki","name":"wiki","enabled":true,"type":"WEB_APP"}`)
	add(staging.RoleAssignments, "main", "/v1/environments/#main/groups/#staff/roleAssignments", "group:staff", "",
		`{"id":"#as1","role":{"id":"#admin"},"scope":{"type":"ENVIRONMENT","id":"#main"}}`)
	person := func(name string) string {
		return `{"id":"#` + name + `","username":"` + name + `","enabled":true,"email":"` + name + `@example.com","population":{"id":"#people"}}`
	}
	var persons, members []string
	for _, name := range w.users {
		persons, members = append(persons, person(name)), append(members, `{"id":"#`+name+`"}`)
	}
	add(staging.Users, "main", "/v1/environments/#main/users", "population:people", "", persons...)
	for _, u := range w.carried {
		r := add(staging.Users, "main", "/v1/environments/#main/users", "population:people", u.way, person(u.name))
		r.ID, r.FetchedAt = id(u.name), u.at
		members = append(members, `{"id":"#`+u.name+`"}`)
	}
	add(staging.Memberships, "main", "/v1/environments/#main/groups/#staff/users", "group:staff", "", members...)
	if len(w.unlisted) > 0 {
		old := add(staging.Environments, "old", "/v1/environments/#old", "", staging.Unlisted)
		old.Body = []byte(withIDs(`{"id":"#old","name":"Old","organization":{"id":"#org"}}`))
		var persons []string
		for _, name := range w.unlisted {
			persons = append(persons, person(name))
		}
		r := add(staging.Users, "old", "/v1/environments/#old/users", "population:people", staging.Unlisted, persons...)
		if !w.oldAt.IsZero() {
			r.FetchedAt = w.oldAt
		}
	}
	return all
}

// A rig is a staging area and an app.
type rig struct {
	t        *testing.T
	store    *stagingtest.Memory
	app      *authomizetest.Server
	client   transform.Authomize
	settings config.Transform
	last     staging.RunID
	seen     int // posts that a test has looked at
}

type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

// bubble runs a test in virtual time, on its own rig.
func bubble(t *testing.T, test func(t *testing.T, r *rig), opts ...authomizetest.Option) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newRig(t, opts...)) })
}

// inBubble is bubble for a test whose parent goes on with what it finds.
func inBubble(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newRig(t)) })
}

func newRig(t *testing.T, opts ...authomizetest.Option) *rig {
	t.Helper()
	r := &rig{t: t, store: new(stagingtest.Memory)}
	r.settings = config.Transform{Sweep: config.SweepApply, MaxShrinkPercent: 20, MaxAge: 7 * 24 * time.Hour, ServiceAccounts: config.ServiceAccountsApart}
	r.app = authomizetest.New(t, append([]authomizetest.Option{authomizetest.WithoutNetwork()}, opts...)...)
	r.useApp(r.app.AppID)
	return r
}

// useApp sets the app that records go to.
func (r *rig) useApp(app string) {
	r.t.Helper()
	r.settings.AppID, r.settings.AuthomizeURL = app, r.app.URL
	client, err := authomize.New(authomize.Options{
		BaseURL: r.app.URL, AppID: app,
		HTTP: authomize.NewHTTP(fixed{AuthomizeToken: secret.NewValue(r.app.Token)}, transport.Options{Base: r.app.Base()}),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.client = client
}

// stage opens a run, a day after the one before, and stages a world under it.
func (r *rig) stage(w world) staging.RunID {
	r.t.Helper()
	if r.last != "" {
		time.Sleep(24 * time.Hour)
	}
	return r.stageAs(staging.RunAt(time.Now()), staging.Run{All: true}, w)
}

func (r *rig) stageAs(run staging.RunID, terms staging.Run, w world) staging.RunID {
	r.t.Helper()
	ctx := r.t.Context()
	if _, err := staging.OpenRun(ctx, r.store, staging.OpenRequest{At: run, Named: true, Run: terms}, time.Now()); err != nil {
		r.t.Fatal(err)
	}
	all := w.replies(time.Now())
	for _, c := range staging.Collections {
		writer, err := staging.Open(ctx, r.store, run, c)
		if err != nil {
			r.t.Fatal(err)
		}
		m := writer.Manifest()
		m.Previous = r.last
		for _, reply := range all[c] {
			if err := writer.Append(reply, 1); err != nil {
				r.t.Fatal(err)
			}
			addCarried(m, &reply)
		}
		if c == staging.Users {
			m.Counts = []staging.UserCount{{Environment: id("main"), Counted: len(w.users), Shown: len(w.users)}}
			for _, name := range w.gone {
				m.Gone = append(m.Gone, staging.Gone{Environment: id("main"), ID: id(name), By: staging.WitnessFeed})
			}
		}
		if w.edit != nil {
			w.edit(c, m)
		}
		if err := writer.Finish(ctx); err != nil {
			r.t.Fatal(err)
		}
	}
	r.last = run
	return run
}

func addCarried(m *staging.Manifest, r *staging.Reply) {
	if r.Carried == "" {
		return
	}
	at := slices.IndexFunc(m.Carried, func(l staging.CarriedLists) bool { return l.Environment == r.Environment && l.Reason == r.Carried })
	if at < 0 {
		at = len(m.Carried)
		m.Carried = append(m.Carried, staging.CarriedLists{Environment: r.Environment, Reason: r.Carried, List: string(m.Collection), Oldest: r.FetchedAt, Status: 403, Code: "ACCESS_FAILED"})
	}
	m.Carried[at].Lists++
	m.Carried[at].Records++
	m.Carried[at].Keys = append(m.Carried[at].Keys, r.Key())
}

func (r *rig) options() transform.Options {
	return transform.Options{Store: r.store, Client: r.client, Settings: r.settings, Holder: "test", Log: slog.New(slog.DiscardHandler)}
}

// run transforms a run, with changed options if there are any.
func (r *rig) run(run staging.RunID, change ...func(*transform.Options)) transform.Result {
	r.t.Helper()
	result, err := r.try(run, change...)
	if err != nil {
		r.t.Fatalf("transform %s: %v", run, err)
	}
	return result
}

func (r *rig) try(run staging.RunID, change ...func(*transform.Options)) (transform.Result, error) {
	o := r.options()
	for _, f := range change {
		f(&o)
	}
	return transform.Run(r.t.Context(), run, o)
}

func byPerson(o *transform.Options) { o.ByPerson = true }

// approve lets go, an hour later.
func (r *rig) approve(run staging.RunID, codes ...string) (transform.Result, error) {
	time.Sleep(time.Hour)
	return transform.Approve(r.t.Context(), run, sweep.Approval{Codes: codes, Reason: "they left", By: "tester"}, r.options())
}

func (r *rig) mustApprove(run staging.RunID, codes ...string) transform.Result {
	r.t.Helper()
	result, err := r.approve(run, codes...)
	if err != nil {
		r.t.Fatalf("approve %v of %s: %v", codes, run, err)
	}
	return result
}

// want checks the state of a run, and the codes that hold it.
func (r *rig) want(got transform.Result, state report.State, codes ...sweep.Code) {
	r.t.Helper()
	var held []sweep.Code
	for _, h := range got.Held {
		held = append(held, h.Code)
	}
	if got.State != state || !slices.Equal(held, codes) || got.Swept != (state == report.Done && r.settings.Sweep == config.SweepApply) {
		r.t.Errorf("run %s: %s, swept %t, held for %+v; want %s and %v", got.Run, got.State, got.Swept, got.Held, state, codes)
	}
}

// wantUsers checks which users the app holds.
func (r *rig) wantUsers(users ...string) {
	r.t.Helper()
	want := []string{}
	for _, name := range users {
		want = append(want, "user:"+id(name).String())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, r.app.Held(r.app.AppID, authomize.Users), cmpopts.EquateEmpty()); diff != "" {
		r.t.Errorf("users in the app (-want +got):\n%s", diff)
	}
}

// all are the keys of all that the app holds.
func (r *rig) all() map[authomize.Kind][]string {
	all := map[authomize.Kind][]string{}
	for _, kind := range authomize.Kinds {
		all[kind] = r.app.Held(r.app.AppID, kind)
	}
	return all
}

// wantHolds checks all that the app holds.
func (r *rig) wantHolds(want map[authomize.Kind][]string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.all()); diff != "" {
		r.t.Errorf("the app holds (-want +got):\n%s", diff)
	}
}

// posts are the posts since it was called last, by kind.
func (r *rig) posts() map[authomize.Kind]int {
	all := map[authomize.Kind]int{}
	list := r.app.Posts()
	for _, p := range list[r.seen:] {
		all[p.Kind] += p.Items
	}
	r.seen = len(list)
	return all
}

func (r *rig) report(run staging.RunID) *report.Report {
	r.t.Helper()
	rep, err := report.Load(r.t.Context(), r.store, run)
	if err != nil {
		r.t.Fatal(err)
	}
	return rep
}

func (r *rig) keys() []string {
	r.t.Helper()
	keys, err := r.store.List(r.t.Context(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(keys, func(key string) bool { return strings.HasSuffix(key, "/lease.json") })
}

// delete takes an object, or all of a folder, out of the store.
func (r *rig) delete(prefix string) {
	r.t.Helper()
	rest := new(stagingtest.Memory)
	for _, k := range r.keys() {
		o, err := r.store.Get(r.t.Context(), k)
		if err != nil {
			r.t.Fatal(err)
		}
		if strings.HasPrefix(k, prefix) {
			continue
		}
		if _, err := rest.Put(r.t.Context(), k, o.Data, staging.Always); err != nil {
			r.t.Fatal(err)
		}
	}
	r.store = rest
}

// lastWrite is when the notes of a run were written last: after six hours
// without another run may be opened.
func (r *rig) lastWrite(run staging.RunID) time.Time {
	r.t.Helper()
	notes, err := staging.ReadJSON[struct {
		UpdatedAt time.Time `json:"updatedAt"`
	}](r.t.Context(), r.store, staging.TransformKey(run))
	if err != nil {
		r.t.Fatal(err)
	}
	return notes.UpdatedAt
}
