package runtimeapi

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// FirstPoll waits until the process asks for its first event, and returns how
// long after its start that was: what Lambda calls init. The error is ctx's,
// or ErrExited.
func (f *Function) FirstPoll(ctx context.Context) (time.Duration, error) {
	select {
	case <-f.api.ready:
		return f.api.polledAt.Sub(f.began), nil
	case <-f.exited:
		return 0, fmt.Errorf("start %s: %w", f.config.Name, ErrExited)
	case <-ctx.Done():
		return 0, fmt.Errorf("start %s: it never asked for an event: %w", f.config.Name, ctx.Err())
	}
}

// PeakBytes is the most memory that the process has had resident so far; 0 if
// it has ended, or the system doesn't say. Only Linux does. The maximum that
// wait(2) reports will not do: it counts what the parent held at the fork.
func (f *Function) PeakBytes() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.command.Process.Pid))
	if err != nil {
		return 0
	}
	return peakOf(status)
}

// peakOf finds the high water mark in the text of /proc/<pid>/status.
func peakOf(status []byte) int64 {
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte("kB"))
	kib, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// CPU is the processor time that the process took, user and system, once it
// has ended; 0 before.
func (f *Function) CPU() time.Duration {
	select {
	case <-f.exited:
		return f.command.ProcessState.UserTime() + f.command.ProcessState.SystemTime()
	default:
		return 0
	}
}
