package observe_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/observe"
)

// bus answers PutEvents and notes what it was sent.
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
		Stack: "sync", Run: "20261123T090000Z", State: "held", Posted: map[string]int64{"users": 3, "assets": 1}, Quarantined: 2, Carried: map[string]int64{"refused": 4, "failed": 1},
		Held:   append([]observe.HeldReason{{Code: "shrunk", Text: strings.Repeat("é", 501)}}, slices.Repeat([]observe.HeldReason{{Code: "refused", Text: "text"}}, 30)...),
		Access: observe.Access{Controls: 15, Reach: 6, NewControls: 1, NewFindings: 2},
		Report: "s3://bucket/runs/20261123T090000Z/report.json",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Entries []map[string]string }
	if err := json.Unmarshal(*sent, &got); err != nil {
		t.Fatal(err)
	}
	detail := `{"stack":"sync","run":"20261123T090000Z","state":"held","dryRun":false,"narrowed":false,"posted":{"assets":1,"users":3},"quarantined":2,"carried":{"failed":1,"refused":4},"swept":false,` +
		`"held":[{"code":"shrunk","text":"` + strings.Repeat("é", 500) + `…"}` + strings.Repeat(`,{"code":"refused","text":"text"}`, 19) + `],"access":{"controls":15,"reach":6,"newControls":1,"newFindings":2},"report":"s3://bucket/runs/20261123T090000Z/report.json"}`
	want := []map[string]string{{"Source": "pingone-authomize", "DetailType": "Run Finished", "Detail": detail}}
	if d := cmp.Diff(want, got.Entries); d != "" {
		t.Error(d)
	}
}

func TestAnnounceFailure(t *testing.T) {
	t.Parallel()
	for class, final := range map[observe.FailureClass]string{
		observe.FailedByCredentials: "true", observe.FailedByEvent: "true", observe.FailedByStaging: "false", observe.FailedOtherwise: "false",
	} {
		cfg, sent := bus(t, http.StatusOK, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
		err := observe.AnnounceFailure(t.Context(), observe.NewPutEvents(cfg), observe.InvocationFailed{
			Stack: "sync", Run: "20261123T090000Z", Function: "users", RequestID: "request-1", Class: class, Error: strings.Repeat("é", 501),
		})
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Entries []map[string]string }
		if err := json.Unmarshal(*sent, &got); err != nil {
			t.Fatal(err)
		}
		detail := `{"stack":"sync","run":"20261123T090000Z","function":"users","requestId":"request-1","class":"` + string(class) +
			`","error":"` + strings.Repeat("é", 500) + `…","final":` + final + `}`
		want := []map[string]string{{"Source": "pingone-authomize", "DetailType": "Invocation Failed", "Detail": detail}}
		if d := cmp.Diff(want, got.Entries); d != "" {
			t.Error(d)
		}
	}
}

// docs/events.md names every field and every class, in order, and no others.
func TestEventsAreDocumented(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "\n## Run Finished\n")
	finished, failed, found := strings.Cut(text, "\n## Invocation Failed\n")
	if !found {
		t.Fatal("docs/events.md has not both headings")
	}
	for _, c := range []struct {
		text, detailType string
		detail           any
	}{
		{finished, observe.RunFinishedType, observe.RunFinished{}},
		{failed, observe.InvocationFailedType, observe.InvocationFailed{}},
	} {
		if d := cmp.Diff(fieldsOf(c.detail), firstCells(c.text, "detail.")); d != "" {
			t.Errorf("%s: %s", c.detailType, d)
		}
		if !strings.Contains(c.text, "| `detail-type` | `"+c.detailType+"` |") {
			t.Errorf("%s: another detail-type", c.detailType)
		}
		sample := regexp.MustCompile(`(?s)\x60{3}json\n(.*?)\x60{3}`).FindStringSubmatch(c.text)
		var event struct{ Detail map[string]any }
		if err := json.Unmarshal([]byte(sample[1]), &event); err != nil {
			t.Fatal(err)
		}
		want := fieldsOf(c.detail)
		slices.Sort(want)
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(event.Detail))); d != "" {
			t.Errorf("sample of %s: %s", c.detailType, d)
		}
	}
	_, classes, _ := strings.Cut(failed, "| class |")
	var want []string
	for _, c := range observe.FailureClasses {
		want = append(want, string(c))
	}
	if d := cmp.Diff(want, firstCells(classes, "")); d != "" {
		t.Errorf("classes: %s", d)
	}
}

// fieldsOf are the names of a struct's fields in JSON.
func fieldsOf(v any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// firstCells are the words in code in the first cells of a text's tables that
// begin with prefix, without it.
func firstCells(text, prefix string) []string {
	var cells []string
	for _, m := range regexp.MustCompile("(?m)^\\| `"+regexp.QuoteMeta(prefix)+"([A-Za-z]+)` \\|").FindAllStringSubmatch(text, -1) {
		cells = append(cells, m[1])
	}
	return cells
}

func TestAnnounceWithoutAnything(t *testing.T) {
	t.Parallel()
	cfg, sent := bus(t, http.StatusOK, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
	if err := observe.Announce(t.Context(), observe.NewPutEvents(cfg), observe.RunFinished{State: "failed"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(*sent), `\"posted\":{},\"quarantined\":0,\"carried\":{},\"swept\":false,\"held\":[]`) {
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
