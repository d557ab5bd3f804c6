package assemble_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const environment = "a1ab76e8-5bef-4de7-8d49-40e88f6ef6c8"

type fixed struct{}

func (fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials{ClientID: "id", ClientSecret: secret.NewValue("s"), TokenEndpoint: "https://auth.pingone.eu/" + environment + "/as/token", AuthMethod: secret.Basic}, nil
}

// empty is a PingOne without anything in it. It counts what it is asked, by
// limit and in each second since it began.
type empty struct {
	mu    sync.Mutex
	began time.Time
	asked map[pingone.RateGroup]map[int]int
	pages int // of every list
}

func (e *empty) RoundTrip(r *http.Request) (*http.Response, error) {
	list := `"_embedded":{"` + path.Base(r.URL.Path) + `":[]}`
	body := `{` + list + `,"size":0,"id":"` + environment + `"}`
	switch {
	case strings.HasSuffix(r.URL.Path, "/token"):
		body = `{"access_token":"t","token_type":"Bearer","expires_in":3600}`
	default:
		e.mu.Lock()
		group := pingone.RateGroupOf(r.URL.Path)
		if e.asked[group] == nil {
			e.asked[group] = map[int]int{}
		}
		e.asked[group][int(time.Since(e.began)/time.Second)]++
		e.mu.Unlock()
		if page := r.URL.Query().Get("page"); len(page) < e.pages && strings.Count(r.URL.Path, "/") == 4 {
			body = `{` + list + `,"_links":{"next":{"href":"` + r.URL.Scheme + "://" + r.URL.Host + r.URL.Path + "?page=" + page + `x"}}}`
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// All collections in one process are one to PingOne: together they ask no faster
// of each limit than its setting.
func TestSharedPacers(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]bool{"shared": true, "each its own": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &empty{began: time.Now(), asked: map[pingone.RateGroup]map[int]int{}, pages: 20}
				store := &stagingtest.Memory{}
				var pacers *pingone.Pacers
				if shared {
					pacers = pingone.NewPacers(3, 10)
				}
				fetcher := func(c staging.Collection) *assemble.Fetcher {
					settings, err := config.LoadFetch(func(name string) string { return env[name] }, c)
					if err != nil {
						t.Fatal(err)
					}
					return &assemble.Fetcher{Settings: settings, Collection: c, Store: store, Secret: fixed{}, Log: slog.New(slog.DiscardHandler), Base: p, Pacers: pacers}
				}
				root := fetcher(staging.Environments)
				run, err := root.Open(t.Context(), event.Fetch{}, "test")
				if err != nil {
					t.Fatal(err)
				}
				read := func(f *assemble.Fetcher) {
					if result, err := f.Run(t.Context(), run.Run); err != nil || !result.Complete {
						t.Errorf("%s: %+v, %v", f.Collection, result, err)
					}
				}
				read(root)
				time.Sleep(time.Minute)
				p.began = time.Now()
				var wg sync.WaitGroup
				for _, c := range []staging.Collection{staging.Populations, staging.Groups, staging.Roles, staging.Applications, staging.Gateways} {
					wg.Go(func() { read(fetcher(c)) })
				}
				wg.Wait()
				for group, most := range map[pingone.RateGroup]int{pingone.Configuration: 3, pingone.Directory: 10} {
					top, sum := 0, 0
					for second, n := range p.asked[group] {
						if second >= 0 {
							top, sum = max(top, n), sum+n
						}
					}
					// The first second has the one more that may go at once.
					if within := top <= most+1; within != shared || sum < 3*most {
						t.Errorf("%s: at most %d a second of %d, want %d: %t", group, top, sum, most, shared)
					}
				}
			})
		})
	}
}

var env = map[string]string{
	"SECRET_ID": "s", "STAGING_URL": "file:///tmp/x", "PINGONE_API_URL": "https://api.example.com", "PINGONE_ENVIRONMENTS": environment,
}

// What a run is to be comes from the settings and the event.
func TestOpen(t *testing.T) {
	t.Parallel()
	const other = "e30e49d1-5bef-4de7-8d49-40e88f6ef6c8"
	home, _ := pingone.ParseID(environment)
	away, _ := pingone.ParseID(other)
	tests := []struct {
		name         string
		environments string
		asked        event.Fetch
		want         staging.Run
		fault        string
	}{
		{"the one in the token endpoint", "", event.Fetch{}, staging.Run{Environments: []pingone.ID{home}}, ""},
		{"all", "all", event.Fetch{DryRun: true}, staging.Run{All: true, DryRun: true}, ""},
		{"some", other + "," + environment, event.Fetch{Environments: []pingone.ID{home}}, staging.Run{Environments: []pingone.ID{away, home}, Only: []pingone.ID{home}}, ""},
		{"one that is not read", environment, event.Fetch{Environments: []pingone.ID{away}}, staging.Run{}, "a full run does not read it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			settings, err := config.LoadFetch(func(name string) string {
				if name == "PINGONE_ENVIRONMENTS" {
					return tt.environments
				}
				return env[name]
			}, staging.Environments)
			if err != nil {
				t.Fatal(err)
			}
			store := &stagingtest.Memory{}
			f := assemble.Fetcher{Settings: settings, Collection: staging.Environments, Store: store, Secret: fixed{}}
			got, err := f.Open(t.Context(), tt.asked, "somebody")
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("got %v, want %q", err, tt.fault)
				}
				return
			}
			tt.want.Version, tt.want.Run, tt.want.OpenedBy, tt.want.OpenedAt = 1, got.Run, "somebody", got.OpenedAt
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("%v, %s", err, diff)
			}
			if open, err := staging.IsOpen(t.Context(), store, got.Run); err != nil || !open {
				t.Errorf("%s is open: %t, %v", got.Run, open, err)
			}
		})
	}
}
