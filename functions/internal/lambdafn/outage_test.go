package lambdafn

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// An away PingOne has one environment and nothing in it, and answers nothing
// for some time, tokens included.
type away struct{ from, until time.Time }

func (a *away) RoundTrip(r *http.Request) (*http.Response, error) {
	if now := time.Now(); !now.Before(a.from) && now.Before(a.until) {
		return nil, errors.New("connection refused")
	}
	env := pingonetest.SizedEnvironment().String()
	body := `{"_embedded":{"` + path.Base(r.URL.Path) + `":[]},"size":0,"id":"` + env + `","access_token":"t","token_type":"Bearer","expires_in":3600}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// PingOne is away in mid-run, for an hour or for a whole day. An hour is waited
// for, without an error, so without a message in the failure queue. After six
// hours an invocation fails, and the next event goes on.
func TestOutage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		away   time.Duration
		fails  bool
		within time.Duration // after its end
		most   int           // invocations
	}{
		{time.Hour, false, 15 * time.Minute, 6},
		{5*time.Hour + 50*time.Minute, false, 15 * time.Minute, 26},
		{7 * time.Hour, true, time.Hour + 15*time.Minute, 30},
	} {
		t.Run(tt.away.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ping, store := &away{}, &stagingtest.Memory{}
				invoke := func(c staging.Collection, payload string) (fetch.Result, []string, error) {
					api := &lambdaAPI{}
					log := slog.New(slog.DiscardHandler)
					f := &fetchFunction{
						Fetcher: assemble.Fetcher{
							Settings:   config.Fetch{APIURL: &url.URL{Scheme: "https", Host: "api.example.com"}, PerSecond: 10},
							Collection: c, Store: store, Log: log, Base: ping,
							Secret: fixed{
								ClientID: "c", ClientSecret: secret.NewValue("s"), AuthMethod: secret.Basic,
								TokenEndpoint: "https://auth.pingone.eu/" + pingonetest.SizedEnvironment().String() + "/as/token",
							},
						},
						observer: newObserver(string(c), observe.PingOne, log, func(string) string { return "" }, nil),
						lambda:   api,
					}
					ctx, cancel := context.WithTimeout(inLambda(t.Context()), 15*time.Minute)
					defer cancel()
					result, err := f.handle(ctx, json.RawMessage(payload))
					return result, api.asked, err
				}
				if r, _, err := invoke(staging.Environments, `{}`); err != nil || !r.Complete {
					t.Fatalf("the root: %+v, %v", r, err)
				}
				ping.from = time.Now()
				ping.until = ping.from.Add(tt.away)
				failed, payload := false, `{}`
				for n := 1; ; n++ {
					result, asked, err := invoke(staging.Groups, payload)
					if result.Complete {
						break
					}
					if n >= tt.most {
						t.Fatalf("%d invocations, and %+v, %v", n, result, err)
					}
					if err != nil {
						if !errors.Is(err, fetch.ErrOutage) || time.Since(ping.from) < 6*time.Hour {
							t.Fatalf("after %s: %v", time.Since(ping.from), err)
						}
						failed, payload = true, `{}` // the hourly event
						time.Sleep(time.Hour)
						continue
					}
					_, payload, _ = strings.Cut(asked[0], " Event ")
				}
				if late := time.Since(ping.until); failed != tt.fails || late > tt.within {
					t.Errorf("failed: %t, want %t; complete %s after the end", failed, tt.fails, late)
				}
			})
		})
	}
}
