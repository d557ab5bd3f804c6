package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/observe"
)

const (
	sampled   = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
	unsampled = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"
)

// daemon stands for X-Ray's: a UDP socket.
func daemon(t *testing.T) (*observe.Tracer, *net.UDPConn) {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	tracer := newTracer("Active", conn.LocalAddr().String())
	if tracer == nil {
		t.Fatal("no tracer, though there is a daemon")
	}
	return tracer, conn
}

// packets reads what has arrived: on the loopback that is at once.
func packets(t *testing.T, conn *net.UDPConn) []string {
	t.Helper()
	var all []string
	buf := make([]byte, 64<<10)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			return all
		}
		all = append(all, string(buf[:n]))
	}
}

// segments reads the packets, without ids and times of their own.
func segments(t *testing.T, conn *net.UDPConn) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, p := range packets(t, conn) {
		head, body, _ := strings.Cut(p, "\n")
		if head != `{"format": "json", "version": 1}` {
			t.Errorf("packet begins with %s", head)
		}
		var s map[string]any
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		if id, _ := s["id"].(string); len(id) != 16 || id == "0000000000000000" {
			t.Errorf("id %q", id)
		}
		if from, to := s["start_time"].(float64), s["end_time"].(float64); from > to || from < 1.7e9 {
			t.Errorf("from %v to %v", from, to)
		}
		for _, k := range []string{"id", "start_time", "end_time", "Dummy"} {
			delete(s, k)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"])) })
	return all
}

// lambdaContext is one as Lambda's runtime client makes it.
func lambdaContext(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, "x-amzn-trace-id", header) //nolint:staticcheck // the key of aws-lambda-go
}

// api answers by path and fails the test if it is sent anything of the trace.
func api(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "trace") {
				t.Errorf("%s was sent the header %s", r.URL.Path, name)
			}
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/throttled"):
			w.WriteHeader(http.StatusTooManyRequests)
		case strings.HasSuffix(r.URL.Path, "/broken"):
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func send(ctx context.Context, t *testing.T, rt http.RoundTripper, method, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader("a body"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret-token")
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// takeBusy removes the one number that depends on the clock.
func takeBusy(t *testing.T, s map[string]any) {
	t.Helper()
	data := s["metadata"].(map[string]any)["default"].(map[string]any)
	if _, ok := data["busy_ms"].(float64); !ok {
		t.Errorf("no busy_ms in %v", data)
	}
	delete(data, "busy_ms")
}

func segment(name string, more map[string]any) map[string]any {
	s := map[string]any{
		"name": name, "type": "subsegment", "trace_id": "1-5bef4de7-ad49b0e87f6ef6c87fc2e700", "parent_id": "9a9197af755a6419",
		"annotations": map[string]any{"run": "20261123T090000Z", "collection": "users"},
	}
	for k, v := range more {
		s[k] = v
	}
	return s
}

func called(calls float64, statuses map[string]any) map[string]any {
	return map[string]any{"default": map[string]any{"calls": calls, "statuses": statuses}}
}

func TestCallGroups(t *testing.T) {
	t.Parallel()
	tracer, conn := daemon(t)
	url := api(t)
	ctx, end := tracer.Begin(lambdaContext(t.Context(), sampled), "", "users")
	ctx = observe.WithRun(ctx, "20261123T090000Z")
	ping, auth := tracer.Calls(observe.PingOne, http.DefaultTransport), tracer.Calls(observe.Authomize, http.DefaultTransport)
	const env, user = "/v1/environments/5bef4de7-ad49-40e8-8f6e-f6c87fc2e700", "/users/9a9197af-755a-4419-8f6e-f6c87fc2e700"
	for range 500 {
		send(ctx, t, ping, http.MethodGet, url+env+user+"/roleAssignments?cursor=secret-cursor")
	}
	send(ctx, t, ping, http.MethodGet, url+env+"/users?limit=1000&filter=secret-filter")
	send(ctx, t, ping, http.MethodGet, url+env+"/throttled")
	send(ctx, t, ping, http.MethodPost, url+"/5bef4de7-ad49-40e8-8f6e-f6c87fc2e700/as/token")
	send(ctx, t, auth, http.MethodPost, url+"/v2/apps/word/accounts/users")
	send(ctx, t, auth, http.MethodDelete, url+"/v2/apps/word/data?modifiedBefore=secret-time")
	send(ctx, t, auth, http.MethodPost, url+"/v2/apps/word/broken")
	if got := packets(t, conn); len(got) > 0 {
		t.Errorf("sent before the end: %v", got)
	}
	end()

	got := segments(t, conn)
	for _, s := range got {
		takeBusy(t, s)
	}
	want := []map[string]any{
		segment("Authomize DELETE data", map[string]any{"namespace": "remote", "metadata": called(1, map[string]any{"200": 1.0})}),
		segment("Authomize POST accounts/users", map[string]any{"namespace": "remote", "metadata": called(1, map[string]any{"200": 1.0})}),
		segment("Authomize POST broken", map[string]any{"namespace": "remote", "fault": true, "metadata": called(1, map[string]any{"502": 1.0})}),
		segment("PingOne GET environments/throttled", map[string]any{"namespace": "remote", "throttle": true, "error": true, "metadata": called(1, map[string]any{"429": 1.0})}),
		segment("PingOne GET environments/users", map[string]any{"namespace": "remote", "metadata": called(1, map[string]any{"200": 1.0})}),
		segment("PingOne GET environments/users/roleAssignments", map[string]any{"namespace": "remote", "metadata": called(500, map[string]any{"200": 500.0})}),
		segment("PingOne POST as/token", map[string]any{"namespace": "remote", "metadata": called(1, map[string]any{"200": 1.0})}),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// serveBucket is an S3 that has one object.
func serveBucket(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/there") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code><Message>secret-message</Message></Error>`)
			return
		}
		_, _ = io.WriteString(w, "data")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func bucket(tracer *observe.Tracer, url string) *s3.Client {
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	tracer.AWS(&cfg)
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func get(ctx context.Context, client *s3.Client, key string) error {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key)})
	if err == nil {
		out.Body.Close()
	}
	return err
}

func TestAWSCalls(t *testing.T) {
	t.Parallel()
	tracer, conn := daemon(t)
	nowhere := "http://127.0.0.1:1"
	ctx, end := tracer.Begin(lambdaContext(t.Context(), sampled), "20261123T090000Z", "users")
	there := bucket(tracer, serveBucket(t))
	for range 300 {
		if err := get(ctx, there, "there"); err != nil {
			t.Fatal(err)
		}
	}
	if err := get(ctx, there, "absent"); err == nil {
		t.Fatal("no error")
	}
	// A call that never reached AWS has an address, with its query, in its error.
	if err := get(ctx, bucket(tracer, nowhere), "key"); err == nil || !strings.Contains(err.Error(), "x-id=GetObject") {
		t.Fatalf("this test is of no use: the error is %v", err)
	}
	end()
	got := segments(t, conn)
	for _, s := range got {
		takeBusy(t, s)
	}
	want := []map[string]any{segment("S3", map[string]any{
		"namespace": "aws", "aws": map[string]any{"operation": "GetObject"}, "error": true, "fault": true,
		"metadata": called(302, map[string]any{"200": 300.0, "404 NoSuchKey": 1.0, "none": 1.0}),
	})}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOff(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{"not sampled": unsampled, "undecided": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700", "no header": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracer, conn := daemon(t)
			ctx := t.Context()
			if header != "" {
				ctx = lambdaContext(ctx, header)
			}
			ctx, end := tracer.Begin(ctx, "20261123T090000Z", "users")
			client := bucket(tracer, serveBucket(t))
			send(ctx, t, tracer.Calls(observe.PingOne, http.DefaultTransport), http.MethodGet, api(t)+"/v1/roles")
			if err := get(ctx, client, "there"); err != nil {
				t.Fatal(err)
			}
			end()
			if got := packets(t, conn); len(got) > 0 {
				t.Errorf("sent %v", got)
			}
		})
	}
}

func newTracer(tracing, daemon string) *observe.Tracer {
	return observe.NewTracer(func(name string) string {
		return map[string]string{"TRACING": tracing, "AWS_XRAY_DAEMON_ADDRESS": daemon}[name]
	})
}

func TestOffCostsNothing(t *testing.T) {
	t.Parallel()
	for _, env := range [][2]string{{"PassThrough", "127.0.0.1:2000"}, {"", "127.0.0.1:2000"}, {"Active", "no address"}} {
		if newTracer(env[0], env[1]) != nil {
			t.Errorf("a tracer with %q", env)
		}
	}
	tracer := newTracer("Active", "")
	if tracer != nil {
		t.Fatal("a tracer without a daemon")
	}
	ctx := lambdaContext(t.Context(), sampled)
	begun, end := tracer.Begin(ctx, "20261123T090000Z", "users")
	end()
	if begun != ctx {
		t.Error("the context is another")
	}
	base := http.DefaultTransport
	if tracer.Calls(observe.PingOne, base) != base {
		t.Error("the transport is another")
	}
	var cfg aws.Config
	if tracer.AWS(&cfg); cfg.APIOptions != nil {
		t.Error("the AWS configuration is another")
	}
}

// No byte of what was sent holds a query, a header, a body, or an address.
func TestNothingSecretLeaves(t *testing.T) {
	t.Parallel()
	tracer, conn := daemon(t)
	client := bucket(tracer, serveBucket(t))
	url := api(t)
	ctx, end := tracer.Begin(lambdaContext(t.Context(), sampled), "20261123T090000Z", "users")
	send(ctx, t, tracer.Calls(observe.PingOne, http.DefaultTransport), http.MethodGet, url+"/v1/roles?cursor=secret-cursor")
	_ = get(ctx, client, "absent")
	end()
	got := packets(t, conn)
	if len(got) != 2 {
		t.Fatalf("%d packets, want 2", len(got))
	}
	for _, p := range got {
		for _, secret := range []string{"secret", "Bearer", "a body", "?", "127.0.0.1", "http:", "working_directory", "cause"} {
			if bytes.Contains([]byte(p), []byte(secret)) {
				t.Errorf("%q is in %s", secret, p)
			}
		}
	}
}
