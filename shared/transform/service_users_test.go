package transform_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/transform"
	"pingone-authomize/shared/transport"
)

// Where Authomize takes only users into groupings, the roles of a worker
// application hold each run, until service accounts are posted as users.
func TestServiceAccountsAsUsers(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t, authomizetest.WithoutServiceAccountsInGroupings())
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Held, false, "1 accountAssociations were refused by Authomize and not refreshed: see quarantine")

	r.settings.ServiceAccounts = config.ServiceAccountsAsUsers
	c.set(day2)
	r.fetch(run2)
	o := r.options()
	o.Client = r.asUsers()
	got := r.run(run2, o)
	r.wantState(got, report.Done, true)
	if got.Posted["users"] != 5 || got.Posted["serviceAccounts"] != 1 {
		t.Errorf("posted %v, want 5 users and 1 service account", got.Posted)
	}
	var tags []string
	for _, u := range authomizetest.Get[authomize.User](r.app) {
		if u.UniqueID == "client:"+id("sync").String() {
			tags = u.Tags
		}
	}
	if diff := cmp.Diff([]string{"service-account", "CLIENT_CREDENTIALS"}, tags); diff != "" {
		t.Errorf("tags of the user that stands for the worker (-want +got):\n%s", diff)
	}
	if n := r.app.Count(authomize.ServiceAccounts); n != 0 {
		t.Errorf("%d service accounts are left beside the users that replace them", n)
	}
	r.wantGone(run2)
}

// asUsers is a client that posts service accounts as users.
func (r *rig) asUsers() transform.Authomize {
	r.t.Helper()
	client, err := authomize.New(authomize.Options{
		BaseURL: r.app.URL, AppID: r.app.AppID, ServiceAccountsAsUsers: true,
		HTTP: authomize.NewHTTP(r.credentials(), transport.Options{Retry: quick}),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return client
}
