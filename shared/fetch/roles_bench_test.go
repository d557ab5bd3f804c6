package fetch

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

const (
	manyUsers   = 1_000_000
	manyHolders = 20_000
)

// BenchmarkKeptRoles saves and loads what is kept of a million users, of whom
// one in fifty holds a role, and chooses whom to ask. It reports the bytes
// stored and the most heap in use after each step.
func BenchmarkKeptRoles(b *testing.B) {
	store, err := dirstore.New(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	ids := make([]pingone.ID, manyUsers)
	for i := range ids {
		for j := range ids[i] {
			ids[i][j] = byte(random.Uint32())
		}
	}
	env, now := ids[0], time.Now()
	for b.Loop() {
		heap := &peak{}
		users := newRoster(append([]pingone.ID(nil), ids...), &roster{})
		for i := range users.read {
			users.read[i] = seconds(now.Add(-time.Duration(i%(6*86400)) * time.Second))
		}
		heap.look()
		objects, err := users.save(b.Context(), store, usersKey(env, 1, nil))
		if err != nil {
			b.Fatal(err)
		}
		kept, err := staging.WriteKept(b.Context(), store, repliesKey(1, nil), keptReplies(env, users.ids[:manyHolders]))
		if err != nil {
			b.Fatal(err)
		}
		users = nil
		loaded, err := loadRoster(b.Context(), store, objects)
		if err != nil {
			b.Fatal(err)
		}
		heap.look()
		listed := append([]pingone.ID(nil), ids...)
		users = newRoster(listed, loaded)
		heap.look()
		runtime.KeepAlive(loaded)
		q := &rolePlan{planner: &planner{o: Options{Roles: RoleOptions{Refresh: 1000}}}, at: now, until: now}
		urgent, others := q.choose(&keptEnvironment{}, users, changes{})
		heap.look()
		if len(urgent) != 0 || len(others) != 1000 {
			b.Fatalf("%d and %d users chosen", len(urgent), len(others))
		}
		b.ReportMetric(float64(userBytes*len(users.ids)), "roster-B")
		b.ReportMetric(float64(storedBytes(b, store, kept)), "replies-B")
		b.ReportMetric(float64(heap.bytes-16*manyUsers)/(1<<20), "peak-MiB") // without ids, the benchmark's own
	}
}

type peak struct{ bytes uint64 }

func (p *peak) look() {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	p.bytes = max(p.bytes, m.HeapAlloc)
}

func keptReplies(env pingone.ID, ids []pingone.ID) iter.Seq2[staging.Reply, error] {
	return func(yield func(staging.Reply, error) bool) {
		for _, id := range ids {
			body := fmt.Sprintf(`{"_embedded":{"roleAssignments":[{"id":%q,"role":{"id":%q},"scope":{"id":%q,"type":"ENVIRONMENT"},"environment":{"id":%q},"user":{"id":%q}}]},"count":1,"size":1}`, id, ids[0], env, env, id)
			l := pingone.RoleAssignmentsOf(env, pingone.UserPrincipal, id)
			if !yield(staging.Reply{Environment: env, Path: l.Path, Parent: &staging.Parent{Kind: "user", ID: id}, FetchedAt: time.Now(), Body: []byte(body)}, nil) {
				return
			}
		}
	}
}

func storedBytes(b *testing.B, store staging.Store, kept []staging.Kept) (n int) {
	for _, k := range kept {
		object, err := store.Get(b.Context(), k.Key)
		if err != nil {
			b.Fatal(err)
		}
		n += len(object.Data)
	}
	return n
}
