// Command bench builds an organization of a chosen size in the fakes, runs the
// eleven functions on it as Lambda does, and reports what that took: calls, time,
// memory, storage, and the size and start of the binaries, beside the bars
// that the project has set itself. Run it at the top of the module.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"pingone-authomize/shared/staging"
)

// options are what the command line says.
type options struct {
	size    size
	pace    float64
	latency time.Duration
	// together runs the fetch functions at once, as the schedule does; then
	// they share the cores.
	together bool
	s3       bool
	timeout  time.Duration
	memory   int

	later        bool
	paced        bool
	pacedPace    float64
	pacedLatency time.Duration

	starts   int
	jsonFile string

	// reference and run are for the process that measures the reference.
	reference string
	run       string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) // what was staged must not stay behind
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.size.Users, "users", 10_000, "users of the organization")
	f.IntVar(&o.size.Groups, "groups", 0, "groups; 0: a fiftieth of the users, at least 10")
	f.IntVar(&o.size.Memberships, "memberships", 5, "groups that a user is in, at most")
	f.IntVar(&o.size.Largest, "largest", -1, "members of the largest group; -1: a quarter of the users")
	f.IntVar(&o.size.Holders, "holders", -1, "users who hold a role; -1: a fifth of the users")
	f.IntVar(&o.size.Populations, "populations", 10, "populations, of unequal size")
	f.IntVar(&o.size.Applications, "applications", 100, "applications, of which a tenth are workers")
	f.Float64Var(&o.pace, "pace", 10_000, "requests a second that a function may make; 0: its default")
	f.DurationVar(&o.latency, "latency", 0, "how long the fake PingOne takes for an answer")
	f.BoolVar(&o.together, "together", false, "run the fetch functions at once")
	f.BoolVar(&o.s3, "s3", false, "stage in a fake S3 and count its requests, instead of in a folder")
	f.DurationVar(&o.timeout, "timeout", 15*time.Minute, "of one invocation")
	f.IntVar(&o.memory, "memory", 256, "MiB that a function is told to have")
	f.BoolVar(&o.later, "later", false, "make a second run of the same organization at once, which begins with what the first one read")
	f.BoolVar(&o.paced, "paced", true, "measure time against calls and pace as well: about two minutes")
	f.Float64Var(&o.pacedPace, "paced-pace", 10, "requests a second of that measurement")
	f.DurationVar(&o.pacedLatency, "paced-latency", 200*time.Millisecond, "latency of that measurement")
	f.IntVar(&o.starts, "starts", 11, "cold starts of each function; 0: leave them and the sizes of the binaries out")
	f.StringVar(&o.reference, "reference", "", "only write the processor time that decoding and encoding a run takes, which is staged at this URL")
	f.StringVar(&o.run, "run", "", "that run")
	f.StringVar(&o.jsonFile, "json", "", "write the results to this file too")
	if err := f.Parse(args); err != nil {
		return options{}, err
	}
	if o.size.Users < 1 || o.size.Populations < 1 {
		return options{}, fmt.Errorf("%d users in %d populations: give at least one of each", o.size.Users, o.size.Populations)
	}
	o.size = o.size.withDefaults()
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.reference != "" {
		return writeReference(ctx, stdout, o.reference, staging.RunID(o.run))
	}
	b, err := newBench(ctx, o, stderr)
	if err != nil {
		return err
	}
	defer b.close()
	r, err := b.measure(ctx)
	if err != nil {
		return err
	}
	write(stdout, r)
	if o.jsonFile == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.jsonFile, append(data, '\n'), 0o600)
}
