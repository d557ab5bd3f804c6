package functions_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pingone-authomize/functions/internal/runtimeapi"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/s3store"
)

// The process that reads users is killed without warning, twice, each
// further on, and Lambda retries the event. The next process goes on from
// what was committed, and at the end every user is staged once.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	const users, usersPath, requestID = 12_000, "/v1/environments/*/users", "request-1"
	org, shared := pingonetest.Sized(pingonetest.Size{Users: users}), theSuite(t)
	d := deployOn(t, shared, shared.peer, org)
	d.begin(run1, staging.Users)
	event := objectCreated(t, d.bucket, prefix+"/"+staging.CompleteKey(run1, staging.Populations))
	staged := 0 // pages; a part is about three, and the one after it waits for its commit
	for _, request := range []int{5, 5} {
		d.pingone.ResetLog()
		f := d.start("users", nil)
		d.pingone.Inject(pingonetest.Fault{Match: usersPath, From: request, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) { f.Kill() }})
		if answer, err := f.InvokeAs(t.Context(), requestID, event); !errors.Is(err, runtimeapi.ErrExited) {
			t.Fatalf("killed at request %d: got %s%s, %v", request, answer.Payload, answer.Failure, err)
		}
		// The fake notes a request once it is answered, killed caller or not.
		for d.pingone.Calls(usersPath) < request {
			select {
			case <-t.Context().Done():
				t.Fatal("the fake never noted the request")
			case <-time.After(time.Millisecond):
			}
		}
		m, err := staging.LoadManifest(t.Context(), d.store(), run1, staging.Users)
		if err != nil || m.Complete || m.Pages <= staged {
			t.Fatalf("killed at request %d: manifest %+v, %v; want more than %d pages", request, m, err, staged)
		}
		staged = m.Pages
	}
	d.pingone.ResetLog()
	if other := d.mustFetch(d.function("users"), event); other.Complete || d.pingone.Calls(usersPath) != 0 {
		t.Errorf("another invocation answered %+v and asked for %d pages, want it to leave the users to the one that was killed", other, d.pingone.Calls(usersPath))
	}
	last, err := d.function("users").InvokeAs(t.Context(), requestID, event)
	if err != nil || last.Failure != nil {
		t.Fatalf("the last process: %s, %v", last.Failure, err)
	}
	answer := answerOf[fetchAnswer](t, last.Payload, "run", "collection", "pages", "records", "carried", "complete")
	if !answer.Complete || answer.Records != users || answer.Carried != 0 {
		t.Errorf("the last process answered %+v", answer)
	}
	if got, want := d.pingone.Calls(usersPath), users/1000-staged; got != want {
		t.Errorf("the last process asked for %d pages, want the %d that were not staged", got, want)
	}
	var got, want []pingone.ID
	s, err := staging.Load(t.Context(), d.store(), run1, staging.Users)
	if err != nil {
		t.Fatal(err)
	}
	var decoder pingone.Decoder[pingone.User]
	for reply, err := range s.Replies(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		page, broken, err := decoder.Items(reply.Body, "users")
		if err != nil || broken > 0 {
			t.Fatalf("%d broken users, %v", broken, err)
		}
		for i := range page {
			got = append(got, page[i].ID)
		}
	}
	for i := range org.Environments[0].Users {
		want = append(want, org.Environments[0].Users[i].ID)
	}
	slices.SortFunc(got, pingone.ID.Compare)
	slices.SortFunc(want, pingone.ID.Compare)
	if !slices.Equal(want, got) {
		t.Errorf("%d users are staged, %d different ones; want each of %d once", len(got), len(slices.Compact(got)), users)
	}
	if s.Complete.Carried != nil {
		t.Errorf("carried %+v", s.Complete.Carried)
	}
}

// store is the deployment's staging, read from outside.
func (d *deployment) store() *s3store.Store { return s3store.New(d.aws.S3(), d.bucket, prefix) }
