package lambdafn

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// expectFailure wants one event on the bus, of an invocation that failed with err.
func (w *watched) expectFailure(err error, want observe.InvocationFailed) {
	w.t.Helper()
	if err == nil {
		w.t.Fatal("no error")
	}
	if d := cmp.Diff([]string{"Invocation Failed"}, w.events.types); d != "" {
		w.t.Fatal(d)
	}
	var got observe.InvocationFailed
	if err := json.Unmarshal([]byte(w.events.details[0]), &got); err != nil {
		w.t.Fatal(err)
	}
	want.Stack, want.RequestID, want.Error = "sync", "request-1", err.Error()
	if d := cmp.Diff(want, got); d != "" {
		w.t.Error(d)
	}
}

func TestEventOfRefusedCredentials(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.ping.ClientSecret = "of-another-application"
	_, err := w.fetch(staging.Environments, syncEvent)
	w.expectFailure(err, observe.InvocationFailed{Run: observedRun, Function: "environments", Class: observe.FailedByCredentials, Final: true})
	if got := w.metrics(); got["EventsFailed"] != 0 || got["TokenRefused/PingOne"] != 1 {
		t.Errorf("metrics %v", got)
	}
	for _, secret := range []string{w.ping.ClientID, w.ping.ClientSecret, w.credentials().ClientSecret.Reveal()} {
		if strings.Contains(w.events.details[0], secret) {
			t.Errorf("a credential in %s", w.events.details[0])
		}
	}
}

// The tries of a transform that never gets through end no run, so each says
// so itself.
func TestEventOfATransformThatBreaksOff(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.fetchAll()
	w.store = broken{w.store}
	w.expectFailure(w.transform(completed), observe.InvocationFailed{Run: observedRun, Function: "transform", Class: observe.FailedOtherwise})
}

func TestEventOfAnEventThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	f := &fetchFunction{observer: w.observer("users", observe.PingOne)}
	_, err := f.handle(w.ctx(), json.RawMessage(`{"rnu":"20261123T090000Z"}`))
	w.expectFailure(err, observe.InvocationFailed{Function: "users", Class: observe.FailedByEvent, Final: true})
	tr := &transformFunction{observer: w.observer("transform", observe.Authomize)}
	if _, err := tr.handle(w.ctx(), json.RawMessage(`{}`)); err == nil || len(w.events.details) != 2 {
		t.Errorf("transform: error %v, %d events", err, len(w.events.details))
	}
}

func TestFailureThatCannotBeSent(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.ping.ClientSecret = "of-another-application"
	w.events.err = errors.New("no bus")
	if _, err := w.fetch(staging.Environments, syncEvent); !errors.Is(err, pingone.ErrCredentials) {
		t.Errorf("error %v", err)
	}
	if got := w.metrics(); got["EventsFailed"] != 1 || !strings.Contains(w.log.String(), "no bus") {
		t.Errorf("metrics %v, log %s", got, w.log.String())
	}
}

func TestClassOf(t *testing.T) {
	t.Parallel()
	call := func(service string) error {
		return fmt.Errorf("get: %w", &smithy.OperationError{ServiceID: service, Err: errors.New("503")})
	}
	for _, c := range []struct {
		err  error
		want observe.FailureClass
	}{
		{pingone.ErrCredentials, "credentials"},
		{&pingone.Error{Status: 401}, "credentials"},
		{eventError{errors.New("no run")}, "event"},
		{staging.ErrClosed, "event"},
		{transform.ErrNotApprovable, "event"},
		{fetch.ErrOutage, "pingone"},
		{authomize.ErrForbidden, "authomize"},
		{secret.ErrUnusable, "secret"},
		{call("Secrets Manager"), "secret"},
		{&pingone.Error{Status: 429}, "throttled"},
		{&authomize.Error{Status: 429}, "throttled"},
		{staging.ErrCorrupt, "staging"},
		{call("S3"), "staging"},
		{call("Lambda"), "other"},
		{&pingone.Error{Status: 503}, "pingone"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "pingone"},
		{&authomize.Error{Status: 503}, "authomize"},
		{errNoProgress, "other"},
	} {
		s := &seen{observer: &observer{api: observe.PingOne}, run: staging.RunID(observedRun)}
		if got := s.classOf(fmt.Errorf("read users: %w", c.err)); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
}
