package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

func TestStore(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "some/where"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			t.Parallel()
			stagingtest.Run(t, func(t testing.TB) staging.Store {
				return s3store.New(newClient(t, nil), bucket, prefix)
			})
		})
	}
}

// answer replies to the nth PUT by itself, after the real one was applied or not.
func answer(n int64, applied bool, reply http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		var puts atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPut || puts.Add(1) != n {
				next.ServeHTTP(w, r)
				return
			}
			if applied {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			reply(w, r)
		})
	}
}

func s3Error(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as told</Message></Error>", code)
	}
}

func TestLostAnswerOfAPutIsSuccess(t *testing.T) {
	t.Parallel()
	lost := answer(1, true, s3Error(http.StatusServiceUnavailable, "ServiceUnavailable"))
	s := s3store.New(newClient(t, lost), bucket, "")
	version, err := s.Put(t.Context(), "k", []byte("mine"), staging.IfAbsent)
	if err != nil {
		t.Fatalf("the first attempt was applied, yet: %v", err)
	}
	if _, err := s.Put(t.Context(), "k", []byte("next"), staging.IfVersion(version)); err != nil {
		t.Errorf("the version is of no use: %v", err)
	}
	if _, err := s.Put(t.Context(), "k", []byte("other"), staging.IfAbsent); !errors.Is(err, staging.ErrConflict) {
		t.Errorf("got error %v, want ErrConflict", err)
	}
}

func TestAnswersOfS3(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		status   int
		code     string
		cond     staging.Condition
		conflict bool
	}{
		{"a conflicting request", 409, "ConditionalRequestConflict", staging.IfAbsent, true},
		{"an object that is missing", 404, "NoSuchKey", staging.IfVersion("v"), true},
		{"a bucket that is missing", 404, "NoSuchBucket", staging.IfVersion("v"), false},
		{"no right", 403, "AccessDenied", staging.IfAbsent, false},
		{"a condition that nobody asked for", 412, "PreconditionFailed", staging.Always, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := s3store.New(newClient(t, answer(1, false, s3Error(test.status, test.code))), bucket, "p")
			_, err := s.Put(t.Context(), "k", []byte("x"), test.cond)
			if err == nil || errors.Is(err, staging.ErrConflict) != test.conflict {
				t.Errorf("got error %v; want a conflict: %v", err, test.conflict)
			}
			if err != nil && !strings.Contains(err.Error(), "put k to s3://staging/p") {
				t.Errorf("error does not name key and place: %v", err)
			}
		})
	}
}

func TestMissingBucketIsNotAMissingObject(t *testing.T) {
	t.Parallel()
	s := s3store.New(newClient(t, nil), "elsewhere", "")
	_, err := s.Get(t.Context(), "k")
	if err == nil || errors.Is(err, staging.ErrNotFound) {
		t.Errorf("got error %v", err)
	}
	if _, err := s.List(t.Context(), ""); err == nil {
		t.Error("the missing bucket was listed")
	}
}

func TestBrokenBodyIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, breaks := range []int64{2, 3} {
		var gets atomic.Int64
		s := s3store.New(newClient(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && gets.Add(1) <= breaks {
					w.Header().Set("Content-Length", "3")
					_, _ = w.Write([]byte("on")) // the server then cuts the connection
					return
				}
				next.ServeHTTP(w, r)
			})
		}), bucket, "")
		if _, err := s.Put(t.Context(), "k", []byte("one"), staging.Always); err != nil {
			t.Fatal(err)
		}
		object, err := s.Get(t.Context(), "k")
		if breaks < 3 && (err != nil || string(object.Data) != "one") {
			t.Errorf("%d breaks: got %q, error %v", breaks, object.Data, err)
		}
		if breaks == 3 && (err == nil || gets.Load() != 3) {
			t.Errorf("%d breaks: error %v after %d gets", breaks, err, gets.Load())
		}
	}
}

func TestListOfSeveralPages(t *testing.T) {
	t.Parallel()
	client := newClient(t, nil)
	s := s3store.New(client, bucket, "p")
	// As the console makes them, and something beside the prefix.
	for _, key := range []string{"p/runs/", "pp/runs/x"} {
		in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("")}
		if _, err := client.PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	const count = 1003 // S3 lists at most 1000 at a time
	for i := range count {
		if _, err := s.Put(t.Context(), fmt.Sprintf("runs/%04d", i), nil, staging.Always); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := s.List(t.Context(), "runs/")
	if err != nil || len(keys) != count || keys[0] != "runs/0000" || keys[count-1] != "runs/1002" {
		t.Errorf("got %d keys, error %v; want %d", len(keys), err, count)
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
	tests := []struct {
		url, bucket, prefix string
		ok                  bool
	}{
		{"s3://bucket", "bucket", "", true},
		{"s3://bucket/", "bucket", "", true},
		{"s3://my.bucket-1/a/b/", "my.bucket-1", "a/b", true},
		{"s3://bucket/a//b", "", "", false},
		{"s3://bucket/../b", "", "", false},
		{"s3:///prefix", "", "", false},
		{"s3:bucket", "", "", false},
		{"s3://bucket:1/a", "", "", false},
		{"s3://user:word@bucket/a", "", "", false},
		{"s3://bucket/a?b", "", "", false},
		{"https://bucket/a", "", "", false},
		{"", "", "", false},
	}
	for _, test := range tests {
		b, p, err := s3store.ParseURL(test.url)
		if b != test.bucket || p != test.prefix || (err == nil) != test.ok {
			t.Errorf("%q: got %q, %q, error %v", test.url, b, p, err)
		}
		if err != nil && strings.Contains(err.Error(), "word") {
			t.Errorf("error quotes a password: %v", err)
		}
	}
	if got := s3store.New(nil, "bucket", "/a/b/").String(); got != "s3://bucket/a/b" {
		t.Errorf("got %q", got)
	}
}
