package fetch_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// Whoever asks Ping Identity's support about a refusal needs its correlation
// id: it is in complete.json, and in the log line that tells of the refusal.
func TestRefusalKeepsItsCorrelationID(t *testing.T) {
	t.Parallel()
	workforce := "/v1/environments/" + pingonetest.DemoIDs().Workforce.String()
	for name, c := range map[string]struct {
		c    staging.Collection
		deny string
	}{
		"a list":                  {staging.Gateways, workforce + "/gateways"},
		"parents":                 {staging.Memberships, workforce + "/groups"},
		"users before their role": {staging.RoleAssignments, workforce + "/users"},
		"children":                {staging.RoleAssignments, workforce + "/groups/*/roleAssignments"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pingonetest.Demo(), pingonetest.WithDeny(c.deny, 403, "ACCESS_FAILED"))
			var log bytes.Buffer
			o := r.options()
			o.Log = slog.New(slog.NewJSONHandler(&log, nil))
			if _, err := fetch.Run(t.Context(), run, c.c, o); err != nil {
				t.Fatal(err)
			}
			unread := r.snapshot(c.c).Complete.Unread
			if len(unread) != 1 {
				t.Fatalf("unread: %+v", unread)
			}
			if _, err := uuid.Parse(unread[0].CorrelationID); err != nil {
				t.Errorf("correlation id %q", unread[0].CorrelationID)
			}
			var logged []string
			for line := range strings.Lines(log.String()) {
				var l map[string]any
				if err := json.Unmarshal([]byte(line), &l); err != nil {
					t.Fatal(err)
				}
				if id, ok := l["correlation_id"].(string); ok && l["level"] == "WARN" {
					logged = append(logged, id)
				}
			}
			if len(logged) != 1 || logged[0] != unread[0].CorrelationID {
				t.Errorf("logged %q, kept %q", logged, unread[0].CorrelationID)
			}
		})
	}
}
