package fetch

import (
	"testing"
	"time"
)

// Readings must be spread over the maximum age, or all come to it at once.
func TestRefreshGrowsWithUsersAndTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		refresh int
		since   time.Duration // the last run; 0 for none
		users   int
		want    int
	}{
		{"few users: the configured number", 1000, 24 * time.Hour, 5_000, 1000},
		{"50,000 users, daily: a seventh, and a fifth more", 1000, 24 * time.Hour, 50_000, 8572},
		{"50,000 users, hourly", 1000, time.Hour, 50_000, 1000},
		{"the first run", 1000, 0, 50_000, 1000},
		{"none by setting", 0, 24 * time.Hour, 50_000, 0},
		{"a clock that was set back", 1000, -24 * time.Hour, 50_000, 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := &rolePlan{planner: &planner{o: Options{Roles: RoleOptions{Refresh: tt.refresh, MaxAge: 7 * 24 * time.Hour}}}, at: at}
			e := &keptEnvironment{}
			if tt.since != 0 {
				e.FeedUntil = at.Add(-tt.since)
			}
			if got := q.refresh(e, tt.users); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
