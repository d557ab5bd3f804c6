package pingone_test

import (
	"net/http"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
)

// A page is dated by whichever clock is behind.
func TestClientNow(t *testing.T) {
	t.Parallel()
	ours := time.Date(2026, 11, 23, 9, 0, 0, 5e8, time.UTC)
	tests := []struct {
		name           string
		date           string
		status         int
		earlier, later time.Duration // from ours on
	}{
		{"the same second", ours.Format(http.TimeFormat), 200, 0, 0},
		{"some seconds are nothing", ours.Add(-4 * time.Second).Format(http.TimeFormat), 200, 0, 0},
		{"theirs is behind", ours.Add(-time.Hour).Format(http.TimeFormat), 200, -time.Hour - time.Second/2, 0},
		{"theirs is ahead", ours.Add(time.Hour).Format(http.TimeFormat), 200, 0, time.Hour - time.Second/2},
		{"dated in a refusal", ours.Add(time.Hour).Format(http.TimeFormat), 404, 0, time.Hour - time.Second/2},
		{"no date", "soon", 200, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", tt.date)
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(`{}`))
			})
			client := r.WithClock(func() time.Time { return ours })
			if earlier, later := client.Now(); earlier != ours || later != ours {
				t.Errorf("before any reply: %s and %s, want ours", earlier, later)
			}
			page, err := client.Get(t.Context(), pingone.EnvironmentPath(env))
			if tt.status == 200 && (err != nil || page.FetchedAt != ours.Add(tt.earlier)) {
				t.Errorf("the page is of %s (%v), want %s", page.FetchedAt, err, ours.Add(tt.earlier))
			}
			earlier, later := client.Now()
			if earlier != ours.Add(tt.earlier) || later != ours.Add(tt.later) {
				t.Errorf("got %s and %s, want %s and %s", earlier, later, ours.Add(tt.earlier), ours.Add(tt.later))
			}
		})
	}
}
