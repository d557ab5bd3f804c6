package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/s3store"
	"pingone-authomize/shared/staging/stagingtest"
)

const bucket = "staging"

// newClient returns a client of an S3 of its own. wrap may stand in its way.
func newClient(t testing.TB, wrap func(http.Handler) http.Handler) *s3.Client {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	handler := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return s3.New(s3.Options{
		Region:       "eu-central-1",
		BaseEndpoint: &server.URL,
		UsePathStyle: true,
		HTTPClient:   server.Client(),
		Credentials:  aws.AnonymousCredentials{},
	})
}

func TestStore(t *testing.T) {
	t.Parallel()
	stagingtest.Run(t, func(t testing.TB) staging.Store { return s3store.New(newClient(t, nil), bucket, "some/where") })
}

// answer replies to the first n requests by itself, after the real one was
// applied or not.
func answer(method string, n int64, applied bool, status int, body string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		var requests atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method || requests.Add(1) > n {
				next.ServeHTTP(w, r)
				return
			}
			if applied {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			w.Header().Set("Content-Length", "99") // of more than body: the server then cuts the connection
			text := body
			if status != http.StatusOK {
				text = "<Error><Code>" + body + "</Code></Error>"
				w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		})
	}
}

func TestLostAnswerOfAPutIsSuccess(t *testing.T) {
	t.Parallel()
	s := s3store.New(newClient(t, answer(http.MethodPut, 1, true, http.StatusServiceUnavailable, "ServiceUnavailable")), bucket, "")
	version, err := s.Put(t.Context(), "k", []byte("mine"), staging.IfAbsent)
	if err != nil {
		t.Fatalf("the first attempt was applied, yet: %v", err)
	}
	if _, err := s.Put(t.Context(), "k", []byte("next"), staging.IfVersion(version)); err != nil {
		t.Errorf("the version is of no use: %v", err)
	}
}

func TestConflictingRequestIsSentAgain(t *testing.T) {
	t.Parallel()
	for times, want := range map[int64]bool{2: true, 99: false} {
		s := s3store.New(newClient(t, answer(http.MethodPut, times, false, http.StatusConflict, "ConditionalRequestConflict")), bucket, "")
		_, err := s.Put(t.Context(), "k", []byte("mine"), staging.IfAbsent)
		if (err == nil) != want || errors.Is(err, staging.ErrConflict) {
			t.Errorf("%d times: got error %v, want success: %t, and nobody else wrote", times, err, want)
		}
	}
}

func TestAnswersOfS3(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status   int
		code     string
		cond     staging.Condition
		conflict bool
	}{
		{404, "NoSuchKey", staging.IfVersion("v"), true},
		{404, "NoSuchBucket", staging.IfVersion("v"), false},
		{403, "AccessDenied", staging.IfAbsent, false},
		{412, "PreconditionFailed", staging.Always, false},
	}
	for _, test := range tests {
		s := s3store.New(newClient(t, answer(http.MethodPut, 1, false, test.status, test.code)), bucket, "p")
		_, err := s.Put(t.Context(), "k", []byte("x"), test.cond)
		if err == nil || errors.Is(err, staging.ErrConflict) != test.conflict || !strings.Contains(err.Error(), "put k to s3://staging/p") {
			t.Errorf("%s: got error %v; want a conflict: %v", test.code, err, test.conflict)
		}
	}
	s := s3store.New(newClient(t, nil), "elsewhere", "")
	if _, err := s.Get(t.Context(), "k"); err == nil || errors.Is(err, staging.ErrNotFound) {
		t.Errorf("a bucket that is not there was taken for an object: %v", err)
	}
}

func TestBrokenBodyIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for breaks, want := range map[int64]string{2: "one", 3: ""} {
		s := s3store.New(newClient(t, answer(http.MethodGet, breaks, false, http.StatusOK, "on")), bucket, "")
		if _, err := s.Put(t.Context(), "k", []byte("one"), staging.Always); err != nil {
			t.Fatal(err)
		}
		if object, err := s.Get(t.Context(), "k"); string(object.Data) != want || (err == nil) != (want != "") {
			t.Errorf("%d breaks: got %q, error %v; want %q", breaks, object.Data, err, want)
		}
	}
}

// paged lists two at a time, as S3 does a thousand, and counts the pages.
type paged struct {
	*s3.Client
	pages int
}

func (p *paged) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, opts ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	p.pages++
	in.MaxKeys = aws.Int32(2)
	return p.Client.ListObjectsV2(ctx, in, opts...)
}

func TestListsOfSeveralPages(t *testing.T) {
	t.Parallel()
	client := &paged{Client: newClient(t, nil)}
	s := s3store.New(client, bucket, "p")
	// As the console makes them, and something beside the prefix.
	for _, key := range []string{"p/runs/", "pp/runs/x"} {
		in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("")}
		if _, err := client.PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for i := range 5 {
		names = append(names, fmt.Sprintf("%04d", i))
		for _, key := range []string{"runs/" + names[i] + "/a", "runs/" + names[i] + "/b/c"} {
			if _, err := s.Put(t.Context(), key, nil, staging.Always); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := s.Folders(t.Context(), "runs/"); err != nil || !slices.Equal(got, names) || client.pages < 3 {
		t.Errorf("got folders %v in %d pages, error %v", got, client.pages, err)
	}
}

func TestObjectsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	client := newClient(t, nil)
	s := s3store.New(client, bucket, "/p/")
	for key, want := range map[string]string{
		"a.json": "application/json", "a.jsonl.gz": "application/gzip",
		"a.html": "text/html; charset=utf-8", "a": "application/octet-stream",
	} {
		if _, err := s.Put(t.Context(), key, []byte("x"), staging.Always); err != nil {
			t.Fatal(err)
		}
		out, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("p/" + key)})
		if err != nil || aws.ToString(out.ContentType) != want {
			t.Errorf("%s: got %q, error %v; want %q", key, aws.ToString(out.ContentType), err, want)
		}
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][2]string{
		"s3://bucket": {"bucket", ""}, "s3://bucket/": {"bucket", ""}, "s3://my.bucket-1/a/b/": {"my.bucket-1", "a/b"},
		"s3://bucket/a//b": {}, "s3://bucket/../b": {}, "s3:///prefix": {}, "s3:bucket": {}, "s3://bucket:1/a": {},
		"s3://user:word@bucket/a": {}, "s3://bucket/a?b": {}, "https://bucket/a": {}, "": {},
	} {
		b, p, err := s3store.ParseURL(url)
		if b != want[0] || p != want[1] || (err == nil) != (want[0] != "") {
			t.Errorf("%q: got %q, %q, error %v", url, b, p, err)
		}
		if err != nil && strings.Contains(err.Error(), "word") {
			t.Errorf("error quotes a password: %v", err)
		}
	}
	if got := s3store.New(nil, "bucket", "/a/b/").String(); got != "s3://bucket/a/b" {
		t.Errorf("got %q", got)
	}
}
