package insight_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// million is an organization of a million users in 50 environments of 10
// populations; 200,000 assignments go to users, each to another, of 3,000 classes.
// With crowd all million are in a group with a role, and so are all held.
func million(crowd bool) *insight.World {
	r := rand.New(rand.NewPCG(1, 2))
	b := newRig()
	for e := range 50 {
		name := fmt.Sprint("environment ", e)
		b.Environments = append(b.Environments, insight.EnvironmentInfo{ID: id(name), Name: name, Read: true})
		for p := range 10 {
			population := id(fmt.Sprint(name, p))
			b.Populations = append(b.Populations, insight.PopulationInfo{ID: population, Environment: id(name)})
			b.Homes = append(b.Homes, insight.Home{Environment: id(name), Population: population})
		}
	}
	for i := range 50 {
		b.custom(fmt.Sprint("custom ", i), "Administrators", []string{"dir:reset:userPassword", "mfa:delete:device", "dir:create:groupMembership dir:create:user"}[i%3]).
			CanBeAssignedBy = []pingone.ID{id(dataAdmin)}
	}
	scopes := newSimulator(&b.World, insight.Likely).scopes()[1:]
	for range 3000 {
		b.Classes = append(b.Classes, insight.Class{Role: b.Roles[2+r.IntN(len(b.Roles)-2)].ID, Scope: scopes[r.IntN(len(scopes))]})
	}
	users := 200_000
	if crowd {
		users = 1_000_000
		members := make([]uint32, users)
		for i := range members {
			members[i] = uint32(i)
		}
		b.Groups = append(b.Groups, insight.GroupInfo{ID: id("crowd"), Environment: id("Workforce"), Members: members})
		b.Holdings = append(b.Holdings, insight.Holding{Kind: insight.Group, Holder: 0, Class: uint32(len(b.Classes))})
		b.Classes = append(b.Classes, insight.Class{Role: id(helpDesk), Scope: insight.Scope{Type: "ENVIRONMENT", ID: id("Workforce")}})
	}
	for i := len(b.Users); i < users; i++ {
		b.Users = append(b.Users, insight.UserInfo{ID: pingone.ID{1, byte(i), byte(i >> 8), byte(i >> 16)}, Home: uint32(r.IntN(len(b.Homes)))})
	}
	for range 200_000 {
		b.Holdings = append(b.Holdings, insight.Holding{Kind: insight.User, Holder: uint32(1 + r.IntN(users-1)), Class: uint32(1 + r.IntN(3000))})
	}
	return &b.World
}

// peak is the most memory in use while f runs, above what was before. Garbage is
// collected early, as where memory is short.
func peak(f func()) (mebibytes float64) {
	defer debug.SetGCPercent(debug.SetGCPercent(3))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, m.HeapAlloc
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return float64(most-before) / (1 << 20)
}

func BenchmarkMillion(b *testing.B) {
	for _, crowd := range []bool{false, true} {
		name := "holders"
		if crowd {
			name = "all in a group"
		}
		b.Run(name, func(b *testing.B) {
			w := million(crowd)
			var r *insight.Reach
			most := 0.0
			for b.Loop() {
				most = max(most, peak(func() { r = insight.Compute(w, insight.Likely) }))
			}
			b.ReportMetric(most, "peakMiB")
			began, found := time.Now(), 0
			most = peak(func() {
				for _, a := range insight.Assess(w, r, nil) {
					found += len(a.Findings)
				}
			})
			b.ReportMetric(most, "assessMiB")
			b.ReportMetric(time.Since(began).Seconds(), "assess-s")
			b.ReportMetric(float64(found), "findings")
			b.ReportMetric(float64(r.Can.All()), "reach")
			b.ReportMetric(float64(r.Controls.All()), "tierzero")
		})
	}
}
