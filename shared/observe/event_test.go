package observe_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/observe"
)

// bus answers PutEvents and keeps what it was sent.
func bus(t *testing.T, status int, answer string) (aws.Config, *[]byte) {
	t.Helper()
	sent := new([]byte)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("X-Amz-Target"); got != "AWSEvents.PutEvents" {
			t.Errorf("target %q", got)
		}
		*sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, sent
}

func TestAnnounce(t *testing.T) {
	t.Parallel()
	cfg, sent := bus(t, http.StatusOK, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
	err := observe.Announce(t.Context(), observe.NewPutEvents(cfg), observe.RunFinished{
		Stack: "sync", Run: "20261123T090000Z", State: "held", Posted: map[string]int64{"users": 3, "assets": 1}, Quarantined: 2, Unread: 1,
		Held:   append([]string{strings.Repeat("é", 501)}, slices.Repeat([]string{"reason"}, 30)...),
		Report: "s3://bucket/runs/20261123T090000Z/report.json",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Entries []map[string]string }
	if err := json.Unmarshal(*sent, &got); err != nil {
		t.Fatal(err)
	}
	detail := `{"stack":"sync","run":"20261123T090000Z","state":"held","dryRun":false,"narrowed":false,"posted":{"assets":1,"users":3},"quarantined":2,"unread":1,"swept":false,` +
		`"held":["` + strings.Repeat("é", 500) + `…"` + strings.Repeat(`,"reason"`, 19) + `],"report":"s3://bucket/runs/20261123T090000Z/report.json"}`
	want := []map[string]string{{"Source": "pingone-authomize", "DetailType": "Run Finished", "Detail": detail}}
	if d := cmp.Diff(want, got.Entries); d != "" {
		t.Error(d)
	}
}

func TestAnnounceWithoutAnything(t *testing.T) {
	t.Parallel()
	cfg, sent := bus(t, http.StatusOK, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
	if err := observe.Announce(t.Context(), observe.NewPutEvents(cfg), observe.RunFinished{State: "failed"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(*sent), `\"posted\":{},\"quarantined\":0,\"unread\":0,\"swept\":false,\"held\":[]`) {
		t.Errorf("null in %s", *sent)
	}
}

func TestAnnounceFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status       int
		answer, want string
	}{
		"refused entry": {200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}`, "EventBridge refused it: ThrottlingException"},
		"denied":        {400, `{"__type":"AccessDeniedException","message":"no"}`, "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := bus(t, c.status, c.answer)
			err := observe.Announce(t.Context(), observe.NewPutEvents(cfg), observe.RunFinished{Run: "20261123T090000Z"})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "20261123T090000Z") {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
