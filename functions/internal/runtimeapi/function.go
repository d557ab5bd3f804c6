package runtimeapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// ErrExited means that the process ended instead of an answer; Exit has the
// code, Output the reason.
var ErrExited = errors.New("the process ended")

// shutdownTime is what Lambda leaves between SIGTERM and SIGKILL.
const shutdownTime = 2 * time.Second

// Config says what to start.
type Config struct {
	Name      string // AWS_LAMBDA_FUNCTION_NAME
	Bootstrap string // path of the executable
	// Env are the function's own variables. They win over those that Lambda
	// sets, which are the only others.
	Env     map[string]string
	Timeout time.Duration // of an invocation; 0 is one minute
}

// An Answer is what became of one event: Payload, or Failure if the handler
// returned an error (JSON with errorMessage and errorType).
type Answer struct {
	RequestID string
	Payload   []byte
	Failure   []byte
}

// A Function is one running process. Its methods are safe for concurrent
// use; events wait for each other.
type Function struct {
	config  Config
	api     *api
	command *exec.Cmd
	began   time.Time // of the process
	output  *buffer
	turn    sync.Mutex
	exited  chan struct{}
	stop    sync.Once
}

// Start starts the process. It runs until Close.
func Start(ctx context.Context, c Config) (*Function, error) {
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the runtime API: %w", err)
	}
	f := &Function{
		config: c,
		api:    newAPI(listener, "arn:aws:lambda:eu-west-1:111122223333:function:"+c.Name),
		output: &buffer{},
		exited: make(chan struct{}),
	}
	f.command = exec.Command(c.Bootstrap) //nolint:gosec,noctx // a binary of ours, and Close ends it as Lambda would
	f.command.Dir = filepath.Dir(c.Bootstrap)
	f.command.Env = environment(c, listener.Addr().String())
	f.command.Stdout, f.command.Stderr = f.output, f.output
	f.began = time.Now()
	if err := f.command.Start(); err != nil {
		f.api.close()
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	go func() {
		_ = f.command.Wait() // Exit reads the state
		close(f.exited)
	}()
	return f, nil
}

// environment is what Lambda sets for provided.al2023, and the function's own.
func environment(c Config, runtimeAPI string) []string {
	all := map[string]string{
		"_HANDLER":                        "bootstrap",
		"AWS_ACCESS_KEY_ID":               "ASIAEXAMPLE",
		"AWS_SECRET_ACCESS_KEY":           "example",
		"AWS_SESSION_TOKEN":               "example",
		"AWS_DEFAULT_REGION":              "eu-west-1",
		"AWS_EXECUTION_ENV":               "AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
		"AWS_LAMBDA_FUNCTION_NAME":        c.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_FORMAT":           "JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + c.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"AWS_REGION":                      "eu-west-1",
		"AWS_XRAY_CONTEXT_MISSING":        "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":         "127.0.0.1:2000",
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LAMBDA_TASK_ROOT":                filepath.Dir(c.Bootstrap),
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ":                              ":UTC",
	}
	maps.Copy(all, c.Env)
	list := make([]string, 0, len(all))
	for _, k := range slices.Sorted(maps.Keys(all)) {
		list = append(list, k+"="+all[k])
	}
	return list
}

// Invoke hands the process an event and waits for the answer, at most until
// the invocation times out. A process that ends is ErrExited.
func (f *Function) Invoke(ctx context.Context, event []byte) (Answer, error) {
	return f.InvokeAs(ctx, uuid.NewString(), event)
}

// InvokeAs is like Invoke with a request id, which stays the same when
// Lambda retries an event.
func (f *Function) InvokeAs(ctx context.Context, requestID string, event []byte) (Answer, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	i := &invocation{
		id: requestID, event: event, answer: make(chan Answer, 1),
		deadline: time.Now().Add(f.config.Timeout),
	}
	ctx, cancel := context.WithDeadline(ctx, i.deadline)
	defer cancel()
	select {
	case f.api.events <- i:
	case <-f.exited:
		return Answer{}, fmt.Errorf("invoke %s: %w", f.config.Name, ErrExited)
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("invoke %s: it never asked for an event: %w", f.config.Name, ctx.Err())
	}
	select {
	case a := <-i.answer:
		return a, nil
	case <-f.exited:
		return Answer{}, fmt.Errorf("invoke %s: %w", f.config.Name, ErrExited)
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("invoke %s: no answer: %w", f.config.Name, ctx.Err())
	}
}

// Exit waits for the process to end by itself and returns its code.
func (f *Function) Exit(ctx context.Context) (int, error) {
	select {
	case <-f.exited:
		return f.command.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("%s still runs: %w", f.config.Name, ctx.Err())
	}
}

// Output is what the process wrote so far, to stdout and stderr.
func (f *Function) Output() string { return f.output.String() }

// InitError is what the process posted to init/error; nil if nothing.
func (f *Function) InitError() []byte {
	f.api.mu.Lock()
	defer f.api.mu.Unlock()
	return f.api.initErr
}

// Unknown are the requests to the runtime API that Lambda would have refused.
func (f *Function) Unknown() []string {
	f.api.mu.Lock()
	defer f.api.mu.Unlock()
	return slices.Clone(f.api.unknown)
}

// Close ends the process as Lambda does: SIGTERM, and SIGKILL two seconds
// later. It may be called twice.
func (f *Function) Close() {
	f.stop.Do(func() {
		_ = f.command.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		timer := time.NewTimer(shutdownTime)
		defer timer.Stop()
		select {
		case <-f.exited:
		case <-timer.C:
			_ = f.command.Process.Signal(os.Kill)
			<-f.exited
		}
		f.api.close()
	})
}

// Kill ends the process at once, as when Lambda's machine dies: an invocation
// under way is ErrExited. It returns when the process is gone; Close must
// still be called.
func (f *Function) Kill() {
	_ = f.command.Process.Kill() // it may have ended by itself
	<-f.exited
}

// A buffer takes stdout and stderr at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
