package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"pingone-authomize/functions/internal/awsfake"
	"pingone-authomize/functions/internal/runtimeapi"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
	"pingone-authomize/shared/staging/s3store"
)

const bucket = "bench"

// A bench has the binaries and the fakes that all measurements share.
type bench struct {
	options
	dir       string // everything that is written
	aws       *awsfake.Server
	authomize *authomizetest.Server
	log       io.Writer
}

func newBench(ctx context.Context, o options, log io.Writer) (*bench, error) {
	b := &bench{options: o, log: log}
	var err error
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	b.say("building")
	err = build(ctx, b.bin("here"), runtime.GOOS, runtime.GOARCH)
	if err == nil && o.starts > 0 {
		err = build(ctx, b.bin("lambda"), "linux", "arm64")
	}
	if err == nil {
		b.aws, err = awsfake.Start(ctx, awsfake.Go)
	}
	if err == nil {
		err = b.aws.CreateBucket(ctx, bucket)
	}
	if err == nil {
		b.authomize, err = authomizetest.Start(authomizetest.Discard())
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	if b.authomize != nil {
		b.authomize.Close()
	}
	if b.aws != nil {
		b.aws.Close()
	}
	_ = os.RemoveAll(b.dir) // a folder of the system's for temporary files
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%s %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (b *bench) bin(target string) string { return filepath.Join(b.dir, "bin", target) }

// A location is where a measurement stages: not the same for two.
type location struct {
	url   string
	store staging.Store
}

func (b *bench) location(name string) (location, error) {
	if b.s3 {
		return location{"s3://" + bucket + "/" + name, s3store.New(b.aws.S3(), bucket, name)}, nil
	}
	dir := filepath.Join(b.dir, "staging", name)
	store, err := dirstore.New(dir)
	return location{"file://" + filepath.ToSlash(dir), store}, err
}

// A deployed function, with a PingOne of its own, so that calls are counted
// function by function.
type deployed struct {
	*runtimeapi.Function
	name    string
	run     staging.RunID
	front   *front
	pingone *pingonetest.Server
}

// A deployment is what differs between measurements.
type deployment struct {
	org     *pingonetest.Organization
	run     staging.RunID
	at      location
	pace    float64
	latency time.Duration
	env     map[string]string
}

func (b *bench) start(ctx context.Context, name string, d deployment) (*deployed, error) {
	f := &deployed{name: name, run: d.run}
	err := b.startFakes(ctx, f, d)
	if err == nil {
		f.Function, err = runtimeapi.Start(ctx, runtimeapi.Config{
			Name: name, Bootstrap: filepath.Join(b.bin("here"), name, "bootstrap"), Env: b.env(f, d), Timeout: b.timeout,
		})
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return f, nil
}

func (b *bench) startFakes(ctx context.Context, f *deployed, d deployment) error {
	var err error
	if f.pingone, err = pingonetest.Start(d.org, pingonetest.CountOnly(), pingonetest.WithLatency(d.latency)); err != nil {
		return err
	}
	if f.front, err = startFront(ctx, b.aws.URL); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]string{
		"clientId": f.pingone.ClientID, "clientSecret": f.pingone.ClientSecret,
		"tokenEndpoint": f.pingone.TokenEndpoint(environmentID()), "authomizeToken": b.authomize.Token,
	})
	if err != nil {
		return err
	}
	return b.aws.CreateSecret(ctx, f.front.url, string(text))
}

func (b *bench) env(f *deployed, d deployment) map[string]string {
	env := map[string]string{
		"AWS_ENDPOINT_URL":                f.front.url,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(b.memory),
		"SECRET_ID":                       f.front.url,
		"STAGING_URL":                     d.at.url,
		"PINGONE_API_URL":                 f.pingone.URL,
		"AUTHOMIZE_API_URL":               b.authomize.URL,
		"AUTHOMIZE_APP_ID":                b.authomize.AppID,
	}
	if d.pace > 0 {
		env["PINGONE_REQUESTS_PER_SECOND"] = strconv.FormatFloat(d.pace, 'g', -1, 64)
	}
	maps.Copy(env, d.env)
	return env
}

func (f *deployed) close() {
	if f.Function != nil {
		f.Close()
	}
	if f.front != nil {
		f.front.close()
	}
	if f.pingone != nil {
		f.pingone.Close()
	}
}

// invokeAll invokes the function, as often as it invokes itself, and
// fills in what that took. It ends the process.
func (f *deployed) invokeAll(ctx context.Context, into any) (spent, error) {
	defer f.close()
	var s spent
	began := time.Now()
	for event := []byte(`{"run":"` + string(f.run) + `"}`); event != nil; event = f.front.continuation() {
		answer, err := f.Invoke(ctx, event)
		if err != nil {
			return s, fmt.Errorf("%w\n%s", err, f.Output())
		}
		if answer.Failure != nil {
			return s, fmt.Errorf("%s: %s\n%s", f.name, answer.Failure, f.Output())
		}
		if err := json.Unmarshal(answer.Payload, into); err != nil {
			return s, fmt.Errorf("%s answers %s: %w", f.name, answer.Payload, err)
		}
		s.Invocations++
	}
	s.Wall = time.Since(began).Seconds()
	s.PeakBytes = f.PeakBytes()
	f.Close()
	s.CPU = f.CPU().Seconds()
	if n := f.front.requests(); len(n) > 0 {
		s.S3 = n
	}
	if v := f.pingone.Violations(); len(v) > 0 {
		return s, errors.New(f.name + ": " + v[0])
	}
	return s, nil
}
