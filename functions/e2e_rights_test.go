package functions_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rights are what the roles of template.yaml allow on objects of the bucket, and
// what they may list: patterns by action, by the name of a function.
var rights = sync.OnceValues(readRights)

var (
	resourceLine = regexp.MustCompile(`^  (\w+):$`)
	actionLine   = regexp.MustCompile(`Action: (\[[^\]]*\]|[\w:*]+)`)
	objectOf     = regexp.MustCompile(`(?:\$\{StagingBucket\.Arn\}/|s3:prefix: )([^" ]+)`)
)

// readRights reads the template line by line: the tests in Python read it as
// CloudFormation does, and hold what every statement says.
func readRights() (map[string]map[string][]string, error) {
	data, err := os.ReadFile("../template.yaml")
	if err != nil {
		return nil, err
	}
	all := map[string]map[string][]string{}
	name, actions := "", ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if m := resourceLine.FindStringSubmatch(line); m != nil {
			name = strings.ToLower(strings.TrimSuffix(m[1], "Role"))
			actions = ""
		}
		if m := actionLine.FindStringSubmatch(line); m != nil {
			actions = m[1]
		}
		for _, m := range objectOf.FindAllStringSubmatch(line, -1) {
			for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket"} {
				if !strings.Contains(actions, action) {
					continue
				}
				if all[name] == nil {
					all[name] = map[string][]string{}
				}
				all[name][action] = append(all[name][action], m[1])
			}
		}
	}
	return all, nil
}

// mayTouch says whether the role of a function allows an action on an object.
// As in IAM, * stands for any text, slashes too.
func mayTouch(function, action, key string) (bool, error) {
	all, err := rights()
	if err != nil {
		return false, err
	}
	patterns := slices.Concat(all[function][action], all["commonpolicy"][action])
	return slices.ContainsFunc(patterns, func(p string) bool {
		expr := "^" + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*") + "$"
		return regexp.MustCompile(expr).MatchString(key)
	}), nil
}

// behindRights is an address of the fake AWS that refuses to a function what
// its role in template.yaml does not allow, as S3 does.
func (d *deployment) behindRights(function string) string {
	d.t.Helper()
	target, err := url.Parse(d.aws.URL)
	if err != nil {
		d.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0), // functions that are killed in tests
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, isOurs := strings.CutPrefix(r.URL.Path, path.Join("/", d.bucket, prefix)+"/")
		action := map[string]string{http.MethodGet: "s3:GetObject", http.MethodHead: "s3:GetObject", http.MethodPut: "s3:PutObject"}[r.Method]
		if query := r.URL.Query(); query.Has("list-type") {
			key, isOurs = strings.TrimPrefix(query.Get("prefix"), prefix+"/"), true
			action = "s3:ListBucket"
		}
		if !isOurs {
			proxy.ServeHTTP(w, r)
			return
		}
		allowed, err := mayTouch(function, action, key)
		if err != nil || !allowed {
			d.t.Errorf("template.yaml does not allow %s %s of %s: %v", function, action, key, err)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fronts = append(d.fronts, s)
	return s.URL
}

func TestRightsAreRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		function, action, key string
		want                  bool
	}{
		{"users", "s3:PutObject", "runs/r/users/manifest.json", true},
		{"users", "s3:PutObject", "runs/r/groups/manifest.json", false},
		{"users", "s3:GetObject", "runs/r/groups/complete.json", true},
		{"users", "s3:PutObject", "runs/open.json", false},
		{"users", "s3:PutObject", "runs/r/run.json", false},
		{"environments", "s3:PutObject", "runs/open.json", true},
		{"environments", "s3:PutObject", "runs/r/run.json", true},
		{"environments", "s3:PutObject", "runs/r/report.json", false},
		{"devices", "s3:PutObject", "runs/r/devices/part-000001.jsonl.gz", true},
		{"transform", "s3:PutObject", "runs/r/report.json", true},
		{"transform", "s3:PutObject", "runs/r/transform.json", true},
		{"transform", "s3:PutObject", "runs/r/users/manifest.json", false},
		{"transform", "s3:PutObject", "runs/open.json", false},
		{"transform", "s3:GetObject", "state/transform.json", false},
		{"transform", "s3:ListBucket", "runs/", true},
		{"transform", "s3:ListBucket", "", false},
	} {
		if got, err := mayTouch(tt.function, tt.action, tt.key); err != nil || got != tt.want {
			t.Errorf("%s %s %s: %t, %v; want %t", tt.function, tt.action, tt.key, got, err, tt.want)
		}
	}
}
