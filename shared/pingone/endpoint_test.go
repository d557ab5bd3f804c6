package pingone_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
)

func TestParseTokenEndpoint(t *testing.T) {
	t.Parallel()
	const path = "/" + envText + "/as/token"
	const hostFault = "its host must be a plain name or address; an international name is written in its xn-- form"
	good := func(url, api string, id pingone.ID) pingone.Endpoint {
		return pingone.Endpoint{TokenURL: url, APIURL: api, Environment: id}
	}
	tests := []struct {
		in    string
		want  pingone.Endpoint
		fault string // of the error, which begins with "token endpoint: "
	}{
		{"https://auth.pingone.com" + path, good("https://auth.pingone.com"+path, "https://api.pingone.com", env), ""},
		{"https://auth.pingone.eu" + path, good("https://auth.pingone.eu"+path, "https://api.pingone.eu", env), ""},
		{"https://auth.pingone.com.au" + path, good("https://auth.pingone.com.au"+path, "https://api.pingone.com.au", env), ""},
		{"https://auth.pingone.asia" + path, good("https://auth.pingone.asia"+path, "https://api.pingone.asia", env), ""},
		{"HTTPS://Auth.PingOne.EU" + path, good("https://auth.pingone.eu"+path, "https://api.pingone.eu", env), ""},
		{" https://auth.pingone.eu" + path + "\n", good("https://auth.pingone.eu"+path, "https://api.pingone.eu", env), ""},
		{"https://auth.pingone.eu" + path + "/", good("https://auth.pingone.eu"+path, "https://api.pingone.eu", env), ""},
		{"https://auth.pingone.eu/" + strings.ToUpper(envText) + "/as/token", good("https://auth.pingone.eu/"+strings.ToUpper(envText)+"/as/token", "https://api.pingone.eu", env), ""},

		// None of these is a host of PingOne's: they don't say where the API is.
		{"https://auth.pingone.com.evil.example" + path, good("https://auth.pingone.com.evil.example"+path, "", env), ""},
		{"https://evil.auth.pingone.com" + path, good("https://evil.auth.pingone.com"+path, "", env), ""},
		{"https://auth.pingone.co" + path, good("https://auth.pingone.co"+path, "", env), ""},
		{"https://login.example.com/as/token", good("https://login.example.com/as/token", "", pingone.ID{}), ""},
		{"http://127.0.0.1:8080/as/token", good("http://127.0.0.1:8080/as/token", "", pingone.ID{}), ""},
		{"http://localhost" + path, good("http://localhost"+path, "", env), ""},
		{"http://[::1]:1" + path, good("http://[::1]:1"+path, "", env), ""},

		{"", pingone.Endpoint{}, "it is no absolute URL"},
		{"canary", pingone.Endpoint{}, "it is no absolute URL"},
		{"auth.pingone.eu" + path, pingone.Endpoint{}, "it is no absolute URL"},
		{"https://:443" + path, pingone.Endpoint{}, "it is no absolute URL"},
		{"https:canary", pingone.Endpoint{}, "it is no absolute URL"},
		{"https://canary\x7f" + path, pingone.Endpoint{}, "it is no absolute URL"},
		{"https://u:canary@auth.pingone.eu" + path, pingone.Endpoint{}, "it must have no user, query or fragment"},
		{"https://auth.pingone.eu" + path + "?canary=1", pingone.Endpoint{}, "it must have no user, query or fragment"},
		{"https://auth.pingone.eu" + path + "?", pingone.Endpoint{}, "it must have no user, query or fragment"},
		{"https://[::%25\xff]" + path, pingone.Endpoint{}, hostFault},
		{"https://canary%E4.example" + path, pingone.Endpoint{}, hostFault},
		{"https://bücher.example" + path, pingone.Endpoint{}, hostFault},
		{"https://xn--bcher-kva.example/as/token", good("https://xn--bcher-kva.example/as/token", "", pingone.ID{}), ""},
		{"http://auth.pingone.eu" + path, pingone.Endpoint{}, "it must begin with https://"},
		{"http://localhost.evil.example" + path, pingone.Endpoint{}, "it must begin with https://"},
		{"https://auth.pingone.eu/as/token", pingone.Endpoint{}, "there is no environment id before /as/token"},
		{"https://auth.pingone.eu/canary/as/token", pingone.Endpoint{}, "before /as/token is no environment id (a UUID)"},
		{"https://auth.pingone.eu/00000000-0000-0000-0000-000000000000/as/token", pingone.Endpoint{}, "before /as/token is no environment id (a UUID)"},
		{"https://auth.pingone.eu/" + envText + "/as/authorize", pingone.Endpoint{}, "its path must be /<environment id>/as/token, or /as/token on a custom domain: copy it from the worker application's Configuration tab"},
		{"https://login.example.com/", pingone.Endpoint{}, "its path must be /<environment id>/as/token, or /as/token on a custom domain: copy it from the worker application's Configuration tab"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := pingone.ParseTokenEndpoint(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			switch {
			case tt.fault == "" && err != nil:
				t.Error(err)
			case tt.fault != "" && (err == nil || err.Error() != "token endpoint: "+tt.fault):
				t.Errorf("error %v, want %q", err, tt.fault)
			}
		})
	}
}

func TestParseAPIURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://api.pingone.eu":          "https://api.pingone.eu",
		"https://API.pingone.eu/":         "https://api.pingone.eu",
		" https://api.pingone.eu/v1":      "https://api.pingone.eu",
		"https://api.pingone.eu/v1/":      "https://api.pingone.eu",
		"http://127.0.0.1:1":              "http://127.0.0.1:1",
		"https://api.pingone.eu/v2":       "it must end behind the host, without a path",
		"https://api.pingone.eu/v1/v1":    "it must end behind the host, without a path",
		"https://api.pingone.eu//":        "it must end behind the host, without a path",
		"https://canary:x@api.pingone.eu": "it must have no user, query or fragment",
		"http://api.pingone.eu":           "it must begin with https://",
		"api.pingone.eu":                  "it is no absolute URL",
	} {
		got := ""
		u, err := pingone.ParseAPIURL(in)
		if err != nil {
			got = err.Error()
		} else {
			got = u.String()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzTokenEndpoint(f *testing.F) {
	for _, s := range []string{
		"https://auth.pingone.com.au/" + envText + "/as/token", "https://login.example.com/as/token/", "http://127.0.0.1/as/token",
		"https://auth.pingone.com:443/%2e/as/token", "", "https://[::1%25x]/as/token", "https://[::%25\xff]/as/token",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := pingone.ParseTokenEndpoint(s)
		if err != nil {
			if e != (pingone.Endpoint{}) {
				t.Errorf("%+v with an error", e)
			}
			return
		}
		if e.APIURL != "" && (e.Environment.IsZero() || !strings.HasPrefix(e.TokenURL, "https://auth.pingone."+strings.TrimPrefix(e.APIURL, "https://api.pingone.")+"/")) {
			t.Errorf("API %s for %s", e.APIURL, e.TokenURL)
		}
		second, err := pingone.ParseTokenEndpoint(e.TokenURL)
		if err != nil || second != e {
			t.Errorf("%+v read second is %+v, %v", e, second, err)
		}
	})
}
