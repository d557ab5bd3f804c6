package shared_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "pingone-authomize/"

// arrows are the imports that each package under shared may have of the
// others; "*" is all of them. A new package needs a line here.
var arrows = map[string][]string{
	"transport":        {},
	"secret":           {},
	"secret/awssecret": {"secret"},
	"observe":          {"event"},
	"staging":          {"pingone"},
	"staging/dirstore": {"staging"},
	"staging/s3store":  {"staging"},
	"pingone":          {"transport", "secret"},
	"authomize":        {"transport", "secret"},
	"collection":       {"pingone", "staging"},
	"feed":             {"collection", "pingone", "staging", "transport"},
	"fetch":            {"collection", "feed", "pingone", "staging", "transport"},
	"mapping":          {"pingone", "authomize"},
	"records":          {"authomize", "insight", "mapping", "pingone", "staging"},
	"config":           {"collection", "insight", "pingone", "secret", "staging"},
	"event":            {"pingone", "staging"},
	"insight":          {"pingone"},
	"sweep":            {"pingone", "staging"},
	"report":           {"insight", "pingone", "staging", "sweep"},
	"transform":        {"authomize", "collection", "config", "insight", "mapping", "pingone", "records", "report", "staging", "sweep", "transport"},
	"oracle":           {"*"},
	"assemble":         {"*"},
}

// foreign are where modules of others may appear, by the start of their paths;
// each place with what is below it.
var foreign = map[string][]string{
	"github.com/aws/":                 {"shared/staging/s3store", "shared/secret/awssecret", "shared/assemble", "shared/observe", "functions", "cmd"},
	"github.com/aws/aws-xray-sdk-go/": {"shared/observe"},
	"go.opentelemetry.io/":            {"shared/observe"},
}

// A pkg is what go list tells of a package.
type pkg struct {
	ImportPath, Doc string
	Imports         []string
	GoFiles         []string // without those of tests
}

// name is the path within the module.
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// isTest tells whether a package exists for tests only.
func isTest(name string) bool { return strings.HasSuffix(name, "test") }

func within(name string, places ...string) bool {
	return slices.ContainsFunc(places, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
}

// goList runs go list in the module's root.
func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = ".."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	return out
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out := goList(t, "-json=ImportPath,Doc,Imports,GoFiles", "./...")
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) < len(arrows) {
		t.Fatalf("go list names %d packages only", len(all))
	}
	return all
}

// dragged are X-Ray's SDK and what it brings along, by the start of the path.
var dragged = []string{
	"github.com/aws/aws-xray-sdk-go/", "github.com/aws/aws-sdk-go/", "google.golang.org/grpc/", "github.com/valyala/fasthttp/",
}

// The command traces nothing, so it links nothing of X-Ray; the functions do.
func TestTheCommandLinksNoXRay(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"cmd/pingone-authomize": false, "functions/users": true} {
		found := slices.DeleteFunc(strings.Fields(string(goList(t, "-deps", "./"+name))), func(path string) bool {
			return !slices.ContainsFunc(dragged, func(start string) bool { return strings.HasPrefix(path+"/", start) })
		})
		if len(found) > 0 != want {
			t.Errorf("%s links X-Ray's SDK or what it drags in: %t, want %t: %q", name, !want, want, found)
		}
	}
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if strings.TrimSpace(p.Doc) == "" {
			t.Errorf("%s has no package comment", p.name())
		}
		for _, i := range p.Imports {
			if fault := judge(p.name(), i); fault != "" {
				t.Errorf("%s imports %s: %s", p.name(), i, fault)
			}
		}
		if own, ok := strings.CutPrefix(p.name(), "shared/"); ok && !isTest(own) && arrows[own] == nil {
			t.Errorf("%s has no line in the table of arrows", p.name())
		}
	}
}

// judge says what is wrong with an import, "" if nothing is.
func judge(name, imported string) string {
	ours, isOurs := strings.CutPrefix(imported, module)
	own, isShared := strings.CutPrefix(name, "shared/")
	switch {
	case isTest(name):
		return ""
	case !isOurs:
		for start, places := range foreign {
			if strings.HasPrefix(imported, start) && !within(name, places...) {
				return start + " is not to be known here"
			}
		}
		return ""
	case isTest(ours) && !within(name, "cmd", "functions/internal/bench", "test/conformance"):
		return "a package for tests"
	case !isShared:
		return ""
	}
	target, ok := strings.CutPrefix(ours, "shared/")
	if allowed := arrows[own]; !ok || !slices.Contains(allowed, "*") && !slices.Contains(allowed, target) {
		return "the arrow is not in the table"
	}
	return ""
}

func TestTheRulesHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, imported string
		good           bool
	}{
		{"shared/fetch", module + "shared/pingone", true},
		{"shared/pingone", module + "shared/fetch", false},
		{"shared/pingone", module + "shared/authomize", false},
		{"shared/pingone", module + "functions/internal/lambdafn", false},
		{"shared/pingone", "github.com/aws/aws-sdk-go-v2/aws", false},
		{"shared/secret", "github.com/aws/aws-sdk-go-v2/aws", false},
		{"shared/secret/awssecret", "github.com/aws/aws-sdk-go-v2/aws", true},
		{"functions/users", "github.com/aws/aws-lambda-go/lambda", true},
		{"functions/users", "github.com/aws/aws-xray-sdk-go/xray", false},
		{"shared/observe", "github.com/aws/aws-xray-sdk-go/xray", true},
		{"functions/users", module + "shared/pingone/pingonetest", false},
		{"cmd/pingone-authomize", module + "shared/pingone/pingonetest", true},
		{"shared/assemble", module + "shared/transform", true},
		{"shared/pingone/pingonetest", module + "shared/pingone", true},
		{"shared/mapping", "strings", true},
	} {
		if got := judge(tt.name, tt.imported) == ""; got != tt.good {
			t.Errorf("%s imports %s: good is %t, want %t", tt.name, tt.imported, got, tt.good)
		}
	}
}
