package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/staging"
)

// reference measures the least that any transform takes on this machine, in a
// process of its own, so that what this one holds in memory counts for nothing.
func (b *bench) reference(ctx context.Context, d deployment) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	//nolint:gosec // this program itself
	command := exec.CommandContext(ctx, self, "-reference", d.at.url, "-run", string(d.run))
	command.Env = append(os.Environ(), "GOMAXPROCS=1", "AWS_ENDPOINT_URL="+b.aws.URL, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_REGION=eu-west-1")
	command.Stderr = b.log
	out, err := command.Output()
	if err != nil {
		return 0, fmt.Errorf("measure the reference: %w", err)
	}
	s, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	b.say("reference: %s s of processor time", seconds(s))
	return s, err
}

// writeReference writes the processor time, in seconds, that it takes to unzip
// and decode the parts of a run, and to encode the records that are made of it.
// The settings of the garbage collection are transform's.
func writeReference(ctx context.Context, w io.Writer, url string, run staging.RunID) error {
	debug.SetGCPercent(200)
	debug.SetMemoryLimit(205 << 20)
	store, err := assemble.Store(ctx, url)
	if err != nil {
		return err
	}
	snaps := map[staging.Collection]*staging.Snapshot{}
	for _, c := range staging.Collections {
		if snaps[c], err = staging.Load(ctx, store, run, c); err != nil {
			return err
		}
	}
	began := processorTime()
	for c, decode := range decoders {
		if err := decode(ctx, snaps[c]); err != nil {
			return err
		}
	}
	took := processorTime() - began
	encoding, err := encodeAll(ctx, snaps)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%.4f\n", (took + encoding).Seconds())
	return err
}

// decoders decode what takes time: the rest is a page or two.
var decoders = map[staging.Collection]func(context.Context, *staging.Snapshot) error{
	staging.Users:           decode[pingone.User],
	staging.Groups:          decode[pingone.Group],
	staging.Memberships:     decode[pingone.Member],
	staging.RoleAssignments: decode[pingone.RoleAssignment],
}

func decode[T any](ctx context.Context, snap *staging.Snapshot) error {
	var d pingone.Decoder[T]
	for r, err := range snap.Replies(ctx) {
		if err != nil {
			return err
		}
		key := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
		if _, _, err := d.Items(r.Page(key), key); err != nil {
			return err
		}
	}
	return nil
}

// someItems are mapped at a time, so that the clock stands still meanwhile.
const someItems = 10_000

// encodeAll encodes the records of a run, and returns what the encoding took.
func encodeAll(ctx context.Context, snaps map[staging.Collection]*staging.Snapshot) (took time.Duration, err error) {
	index, err := records.Load(ctx, snaps, records.Options{})
	if err != nil {
		return 0, err
	}
	var buf bytes.Buffer
	encoder := jsontext.NewEncoder(&buf, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	some := make([]authomize.Item, 0, someItems)
	encode := func() error {
		began := processorTime()
		for _, it := range some {
			if buf.Len() > 1<<20 {
				buf.Reset()
				encoder.Reset(&buf, encoder.Options())
			}
			if err := json.MarshalEncode(encoder, it.Record); err != nil {
				return err
			}
		}
		took += processorTime() - began
		some = some[:0]
		return nil
	}
	for _, kind := range authomize.Kinds {
		for it, err := range index.Stream(ctx, kind, nil) {
			if err != nil {
				return 0, err
			}
			if some = append(some, it); len(some) == someItems {
				if err := encode(); err != nil {
					return 0, err
				}
			}
		}
		if err := encode(); err != nil {
			return 0, err
		}
	}
	return took, nil
}

// processorTime is what this process took so far, user and system.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
