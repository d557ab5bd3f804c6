package awssecret_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/secret/awssecret"
)

// manager speaks as much of Secrets Manager as reading a secret takes. Its
// secrets are JSON members of the reply, by name.
func manager(t *testing.T, secrets map[string]string) *secretsmanager.Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			ID string `json:"SecretId"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
			t.Errorf("%s, %v", r.Header.Get("X-Amz-Target"), err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		member, ok := secrets[in.ID]
		switch {
		case in.ID == "denied":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","Message":"User is not authorized"}`)
		case !ok:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."}`)
		default:
			_, _ = io.WriteString(w, `{"Name":"x",`+member+`}`)
		}
	}))
	t.Cleanup(s.Close)
	return secretsmanager.New(secretsmanager.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(s.URL), Credentials: aws.AnonymousCredentials{}, HTTPClient: s.Client(),
	})
}

func text(s string) string {
	b, _ := json.Marshal(s) // a string never fails
	return `"SecretString":` + string(b)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"good":      text(`{"clientId":"id","clientSecret":"cs","tokenEndpoint":"https://t","authomizeToken":"at","authMethod":"post"}`),
		"binary":    `"SecretBinary":"Y2FuYXJ5"`,
		"malformed": text(`canary`),
		"faulty":    text(`{"clientId":"id","clientSecret":"canary"}`),
	}
	api := manager(t, secrets)
	c, err := awssecret.Source{API: api, ID: "good"}.Credentials(t.Context())
	got := []string{c.ClientID, c.ClientSecret.Reveal(), c.TokenEndpoint, c.AuthomizeToken.Reveal(), string(c.AuthMethod)}
	if diff := cmp.Diff([]string{"id", "cs", "https://t", "at", "post"}, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}

	for id, want := range map[string]string{
		"gone":      "secret gone does not exist in this account and region: create it, or correct SECRET_ID: ",
		"denied":    "read secret denied: ",
		"binary":    "secret binary holds bytes, not text: store the JSON as SecretString",
		"malformed": "secret malformed: the secret is not a JSON object of strings: it needs clientId, clientSecret, tokenEndpoint and authomizeToken",
		"faulty":    "secret faulty: the secret has no tokenEndpoint; the secret has no authomizeToken",
	} {
		c, err := awssecret.Source{API: api, ID: id}.Credentials(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error\n%v, want\n%s", id, err, want)
			continue
		}
		if strings.Contains(err.Error(), "canary") || c.ClientID != "" || c.ClientSecret.Reveal() != "" {
			t.Errorf("%s: half a secret, or one in the error %v", id, err)
		}
		var missing *types.ResourceNotFoundException
		if errors.As(err, &missing) != (id == "gone") {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestEachCallReadsTheSecretAnew(t *testing.T) {
	t.Parallel()
	one := `{"clientId":"id","clientSecret":"cs","tokenEndpoint":"https://t","authomizeToken":"at"}`
	secrets := map[string]string{"s": text(one)}
	source := awssecret.Source{API: manager(t, secrets), ID: "s"}
	if _, err := source.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	secrets["s"] = text(strings.Replace(one, "cs", "rotated", 1))
	if c, err := source.Credentials(t.Context()); err != nil || c.ClientSecret.Reveal() != "rotated" {
		t.Errorf("%q, %v", c.ClientSecret.Reveal(), err)
	}
}
