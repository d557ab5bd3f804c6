// Package functions_test runs the eleven binaries as Lambda does, between a fake
// PingOne and a fake Authomize, with S3 and Secrets Manager in between, and
// checks the whole way from one to the other.
package functions_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"pingone-authomize/functions/internal/awsfake"
	_ "pingone-authomize/functions/internal/lambdafn" // what the binaries are made of: its changes must not find an old result in go's cache
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/staging"
)

// functionNames are the eleven functions: one a collection, and transform.
func functionNames() []string {
	names := []string{"transform"}
	for _, c := range staging.Collections {
		names = append(names, string(c))
	}
	return names
}

// A suite is what all tests share.
type suite struct {
	bin     string               // <bin>/<name>/bootstrap
	quick   *awsfake.Server      // in this process: what is read and posted hangs on no AWS
	peer    *awsfake.Server      // of other hands, where there is one: for what conditional writes decide
	openAPI authomizetest.Option // nil where there is no API description
}

// started is filled by the first test that needs it, and not before: go test
// only notes what it must know for its cache while tests run.
var started struct {
	once  sync.Once
	suite suite
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, aws := range []*awsfake.Server{started.suite.quick, started.suite.peer} {
		if aws != nil {
			aws.Close()
		}
	}
	if bin := started.suite.bin; bin != "" {
		_ = os.RemoveAll(bin) // a folder of the system's for temporary files
	}
	os.Exit(code)
}

// theSuite builds the binaries and starts AWS, once.
func theSuite(t *testing.T) *suite {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the binaries: not with -short")
	}
	started.once.Do(func() { started.err = started.suite.start(context.WithoutCancel(t.Context())) })
	if started.err != nil {
		t.Fatal(started.err)
	}
	return &started.suite
}

func (s *suite) start(ctx context.Context) error {
	path, ok := authomizetest.OpenAPIPath()
	switch {
	case ok:
		s.openAPI = authomizetest.WithOpenAPI(path)
		fmt.Println("end to end: every request to Authomize is checked against", filepath.Base(path))
	case os.Getenv("REQUIRE_SHARED") != "":
		return fmt.Errorf("%s is not there, and REQUIRE_SHARED is set", path)
	default:
		fmt.Println("end to end: the API description is not beside this checkout; the fake Authomize checks requests by its own rules only")
	}
	var err error
	if s.bin, err = os.MkdirTemp("", "functions"); err != nil {
		return err
	}
	if err := build(ctx, s.bin); err != nil {
		return err
	}
	if s.quick, err = awsfake.Start(ctx, awsfake.Go); err == nil {
		s.peer, err = awsfake.Start(ctx, awsfake.Any)
	}
	return err
}

// build makes the binaries for this machine with the flags of the Makefile.
func build(ctx context.Context, bin string) error {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc,grpcnotrace", "-ldflags", "-s -w", "-o", bin + string(filepath.Separator)}
	for _, name := range functionNames() {
		args = append(args, "./"+name)
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions: %w\n%s", err, out)
	}
	for _, name := range functionNames() {
		built := filepath.Join(bin, name)
		if err := os.Rename(built, built+".bin"); err != nil {
			return err
		}
		if err := os.Mkdir(built, 0o700); err != nil {
			return err
		}
		if err := os.Rename(built+".bin", filepath.Join(built, "bootstrap")); err != nil {
			return err
		}
	}
	return nil
}
