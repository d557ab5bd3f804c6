package transport_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/transport"
)

// warnings logs what is no debug line, without the time.
func warnings(to *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestAPauseOfMoreThanAnHourEndsTheRequest(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for name, header := range map[string]func() string{
			"a second too many": func() string { return "3601" },
			"eleven days":       func() string { return "1000000" },
			"beyond all bound":  func() string { return "9223372036854775807" },
			"date":              func() string { return time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat) },
		} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newStub(func(int, *http.Request) (*http.Response, error) {
						return answer(status, "", "Retry-After", header()), nil
					})
					var log bytes.Buffer
					pacer := transport.NewPacer(1000)
					mustGet(t, transport.New(transport.Options{Base: s, Pacer: pacer, Log: warnings(&log)}), status)
					began := time.Now()
					if err := pacer.Wait(t.Context()); err != nil || time.Since(began) > time.Second {
						t.Errorf("another request waits for %s, %v", time.Since(began), err)
					}
					if diff := cmp.Diff([]time.Duration{0}, s.times()); diff != "" {
						t.Error(diff)
					}
					begins := fmt.Sprintf(`level=WARN msg="the API asks for a long pause" method=GET path=/v1/things status=%d seconds=`, status)
					if !strings.HasPrefix(log.String(), begins) || !strings.HasSuffix(log.String(), " tried_again=false\n") || strings.Count(log.String(), "\n") != 1 {
						t.Errorf("logged %q, want one line that begins with %q", log.String(), begins)
					}
				})
			})
		}
	}
}

func TestALongPauseIsToldOfOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after string
		want  string
	}{
		"half a minute": {"30", ""},
		"longer":        {"31", `level=WARN msg="the API asks for a long pause" method=GET path=/v1/things status=429 seconds=31 tried_again=true` + "\n"},
		"an hour":       {"3600", `level=WARN msg="the API asks for a long pause" method=GET path=/v1/things status=429 seconds=3600 tried_again=true` + "\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return answer(429, "", "Retry-After", tt.after), nil
					}
					return answer(200, "{}"), nil
				})
				var log bytes.Buffer
				mustGet(t, transport.New(transport.Options{Base: s, Log: warnings(&log)}), 200)
				if diff := cmp.Diff(tt.want, log.String()); diff != "" {
					t.Errorf("logged (-want +got):\n%s", diff)
				}
				want, _ := time.ParseDuration(tt.after + "s")
				if diff := cmp.Diff([]time.Duration{0, want}, s.times()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
