package assemble_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const environment = "a1ab76e8-5bef-4de7-8d49-40e88f6ef6c8"

type fixed struct{}

func (fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials{ClientID: "id", ClientSecret: secret.NewValue("s"), TokenEndpoint: "https://auth.example.com/as/token", AuthMethod: secret.Basic}, nil
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

// Nine collections in one process are one to PingOne: together they ask no
// faster of each limit than its setting.
func TestSharedPacers(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]bool{"shared": true, "each its own": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &empty{began: time.Now(), asked: map[pingone.RateGroup]map[int]int{}, pages: 20}
				id, _ := pingone.ParseID(environment)
				store := &stagingtest.Memory{}
				var pacers *pingone.Pacers
				if shared {
					pacers = pingone.NewPacers(3, 10)
				}
				var wg sync.WaitGroup
				for _, c := range staging.Collections {
					f := assemble.Fetcher{
						Settings:   config.Fetch{APIURL: &url.URL{Scheme: "https", Host: "api.example.com"}, Environments: []pingone.ID{id}, PerSecond: 10},
						Collection: c, Store: store, Secret: fixed{}, Log: slog.New(slog.DiscardHandler), Base: p, Pacers: pacers,
					}
					if config.RateGroupOf(c) == pingone.Configuration {
						f.Settings.PerSecond = 3
					}
					wg.Go(func() {
						if result, err := f.Run(t.Context(), "20261123T090000Z"); err != nil || !result.Complete {
							t.Errorf("%s: %+v, %v", c, result, err)
						}
					})
				}
				wg.Wait()
				for group, most := range map[pingone.RateGroup]int{pingone.Configuration: 3, pingone.Directory: 10} {
					top, sum := 0, 0
					for _, n := range p.asked[group] {
						top, sum = max(top, n), sum+n
					}
					// The first second has the one more that may go at once.
					if within := top <= most+1; within != shared || sum < 5*most {
						t.Errorf("%s: at most %d a second of %d, want %d: %t", group, top, sum, most, shared)
					}
				}
			})
		})
	}
}
