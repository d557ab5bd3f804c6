package secret_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/secret"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const good = `"clientId":"id","clientSecret":"cs","tokenEndpoint":"https://t","authomizeToken":"at"`
	const notJSON = "the secret is not a JSON object of strings: it needs clientId, clientSecret, tokenEndpoint and authomizeToken"
	const all = "the secret has no clientId; the secret has no clientSecret; the secret has no tokenEndpoint; the secret has no authomizeToken"
	tests := []struct {
		in     string
		method secret.AuthMethod
		fault  string
	}{
		{`{` + good + `}`, secret.Basic, ""},
		{`{` + good + `,"authMethod":""}`, secret.Basic, ""},
		{`{` + good + `,"authMethod":"basic"}`, secret.Basic, ""},
		{`{` + good + `,"authMethod":"post","more":{"x":1}}`, secret.Post, ""},
		{"\n{" + strings.NewReplacer(`"id"`, `" id\n"`, `"cs"`, `"cs\r\n"`, `"at"`, `"\tat"`, `t"`, `t"`).Replace(good) + "}\n", secret.Basic, ""},
		{"\ufeff{" + good + `}`, secret.Basic, ""},
		{`{}`, "", all},
		{`null`, "", all},
		{`{"clientId":" ","clientSecret":"","authMethod":"canary"}`, "", all + "; the secret's authMethod is neither basic nor post"},
		{`{` + good + `,"authMethod":"POST"}`, "", "the secret's authMethod is neither basic nor post"},
		{`{"clientid":"canary","clientSecret":"cs","tokenEndpoint":"https://t"}`, "", "the secret has no clientId; the secret has no authomizeToken"},
		{``, "", notJSON},
		{`canary`, "", notJSON},
		{`"canary"`, "", notJSON},
		{`{"clientSecret":"canary`, "", notJSON},
		{`{"clientSecret":{"canary":1}}`, "", notJSON},
		{`{"clientSecret":"canary","clientSecret":"b"}`, "", notJSON},
		{`[{` + good + `}]`, "", notJSON},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			c, err := secret.Parse([]byte(tt.in))
			if tt.fault != "" {
				if err == nil || err.Error() != tt.fault || !errors.Is(err, secret.ErrUnusable) {
					t.Errorf("error\n%v, want\n%s", err, tt.fault)
				}
				return
			}
			got := []string{c.ClientID, c.ClientSecret.Reveal(), c.TokenEndpoint, c.AuthomizeToken.Reveal(), string(c.AuthMethod)}
			if diff := cmp.Diff([]string{"id", "cs", "https://t", "at", string(tt.method)}, got); err != nil || diff != "" {
				t.Errorf("%v, %s", err, diff)
			}
		})
	}
}

func TestNothingShowsAValue(t *testing.T) {
	t.Parallel()
	v := secret.NewValue("canary")
	type hidden struct {
		inner   secret.Value
		pointer *secret.Value
	}
	c := secret.Credentials{ClientID: "id", ClientSecret: v, AuthomizeToken: v}
	things := map[string]any{
		"value": v, "pointer": &v, "credentials": c, "pointer to credentials": &c,
		"slice": []secret.Value{v}, "map": map[string]secret.Value{"k": v},
		"unexported": hidden{v, &v}, "interface": []any{v, c},
	}
	for name, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3v", "%w"} {
			noCanary(t, name+" "+verb, fmt.Sprintf(verb, thing))
		}
		noCanary(t, name+" error", fmt.Errorf("x: %v", thing).Error())
		noCanary(t, name+" print", fmt.Sprint(thing)+fmt.Sprintln(thing))
		for kind, marshal := range map[string]func(any) ([]byte, error){
			"json":     func(a any) ([]byte, error) { return json.Marshal(a) },
			"std json": stdjson.Marshal,
		} {
			b, _ := marshal(thing) // what has unexported fields only, or none, may be refused
			noCanary(t, name+" "+kind, string(b))
		}
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "k", thing, slog.Group("g", "k", thing))
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "k", thing, "g", slog.AnyValue(thing))
		noCanary(t, name+" slog", out.String())
	}
	for _, got := range []string{v.String(), fmt.Sprintf("%s", v), fmt.Sprintf("%#v", v), v.LogValue().String()} {
		if got != "[redacted]" {
			t.Errorf("%q, want [redacted]", got)
		}
	}
	if b, err := json.Marshal(c); err != nil || !strings.Contains(string(b), `"ClientSecret":"[redacted]"`) {
		t.Errorf("%s, %v", b, err)
	}
}

func noCanary(t *testing.T, what, text string) {
	t.Helper()
	// In hex, too.
	for _, c := range []string{"canary", "63616e617279", "63616E617279"} {
		if strings.Contains(text, c) {
			t.Errorf("%s shows the value: %s", what, text)
		}
	}
}

func TestRevealGivesTheTextBack(t *testing.T) {
	t.Parallel()
	if got := secret.NewValue("a b\x00").Reveal(); got != "a b\x00" {
		t.Errorf("%q", got)
	}
	var zero secret.Value
	if zero.Reveal() != "" || zero.String() != "[redacted]" {
		t.Error("the zero value is not empty, or shows that it is")
	}
}
