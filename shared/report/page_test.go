package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"pingone-authomize/shared/report"
)

var update = flag.Bool("update", false, "write testdata anew")

// White space around a tag that has a line break in it shows nowhere.
var breaks = regexp.MustCompile(`(>)\s*\n\s*|\s*\n\s*(<)`)

// lines is a page with each tag that follows another on a line of its own.
func lines(page string) string {
	return strings.ReplaceAll(breaks.ReplaceAllString(page, "$1$2"), "><", ">\n<") + "\n"
}

// TestPageGolden holds the whole page, but for white space that does not show.
func TestPageGolden(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*report.Report{
		"swept": sample(), "held": sampleHeld(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, path := lines(page(t, r)), filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// hostile are values that would become something else than text if they were
// not escaped, or not for the place where they stand.
var hostile = map[string]string{
	"element":       `<script>alert(1)</script>`,
	"attribute":     `"><img src=x onerror=alert(1)>`,
	"single quotes": `' onmouseover='alert(1)`,
	"end of raw":    `</title></style></code></textarea><svg onload=alert(1)>`,
	"link":          `<a href="javascript:alert(1)">javascript:alert(1)</a>`,
	"URL":           `javascript:alert(1)`,
	"comment":       `<!-- --!> ]]> <?x`,
	"entity":        `&lt;b&gt; &amp;amp; &#60;b&#62; &`,
	"style":         `;background:url(https://example.com)}`,
	"template":      `{{.Run}} ${run} <%= run %>`,
	"UTF-7":         `+ADw-script+AD4-alert(1)+ADw-/script+AD4-`,
	"NUL":           "<\x00script>\x00</script\x00>",
	"invalid UTF-8": "\xff<b>\xc0\xbcb\xc0\xbe\xe2\x80",
	"line breaks":   "a\n<b>\u2028</b>\u2029",
}

// TestPageTakesValuesForText parses the page with one and the same value in
// all places: whatever it is, the elements stay and the value is read back.
func TestPageTakesValuesForText(t *testing.T) {
	t.Parallel()
	const harmless = "harmless"
	for _, on := range []bool{true, false} {
		plain := parse(t, page(t, filled(harmless, on)))
		if n := strings.Count(strings.Join(plain, "\n"), harmless); n < 25 {
			t.Errorf("the value shows %d times: it is not in all places", n)
		}
		for name, value := range hostile {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				shown := strings.ReplaceAll(value, "\x00", "\uFFFD") // HTML has no NUL
				var want []string
				for _, token := range plain {
					want = append(want, strings.ReplaceAll(token, harmless, shown))
				}
				if diff := cmp.Diff(want, parse(t, page(t, filled(value, on)))); diff != "" {
					t.Errorf("the value changed the page (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestPageHasNoPlaceForCode holds the elements and attributes of the page: in
// none of them a value can be a link, a script or a style. One that is added
// and may hold a link needs a check of its scheme, beside the escaping.
func TestPageHasNoPlaceForCode(t *testing.T) {
	t.Parallel()
	elements := strings.Fields("html head meta title style body main header section footer h1 h2 h3 p div span strong code br ul li dl dt dd table thead tbody tfoot tr th td details summary")
	attributes := strings.Fields("lang charset name content http-equiv class scope colspan open")
	for _, r := range []*report.Report{sample(), sampleHeld(), sampleReport(), filled("text", true), filled("text", false), {}} {
		text := page(t, r)
		if hit := regexp.MustCompile(`(?i)@import|url\(|https?://`).FindString(text); hit != "" {
			t.Errorf("the page holds %q", hit)
		}
		for n := range tree(t, text).Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if !slices.Contains(elements, n.Data) {
				t.Errorf("the page has an element %s", n.Data)
			}
			for _, a := range n.Attr {
				if !slices.Contains(attributes, a.Key) {
					t.Errorf("the page has an attribute %s of %s", a.Key, n.Data)
				}
			}
		}
	}
}

func tree(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// parse lists the elements, attributes and texts of a page as a browser reads
// them.
func parse(t *testing.T, page string) []string {
	t.Helper()
	var all []string
	for n := range tree(t, page).Descendants() {
		switch n.Type {
		case html.ElementNode:
			all = append(all, "element "+n.Data)
			for _, a := range n.Attr {
				all = append(all, "attribute "+a.Key+" = "+a.Val)
			}
		case html.TextNode:
			all = append(all, "text "+n.Data)
		default:
			all = append(all, "other "+n.Data)
		}
	}
	return all
}

// filled is a report with text in every string, on in every bool, and
// something in every other place.
func filled(text string, on bool) *report.Report {
	r := new(report.Report)
	fill(reflect.ValueOf(r).Elem(), text, on)
	return r
}

func fill(v reflect.Value, text string, on bool) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(on)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(7)
	case reflect.Uint8: // of an id
		v.SetUint(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, on)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), text, on)
		fill(v.Index(1), text, on)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), text, on)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, text, on)
		fill(value, text, on)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if _, ok := v.Interface().(time.Time); ok {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text, on)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}
