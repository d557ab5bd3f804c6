package main

import (
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// world is what a command may touch outside of its arguments.
type world struct {
	Getenv         func(string) string
	Setenv         func(name, value string) error
	Getwd          func() (string, error)
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// AWS adds to the SDK's own settings; none outside of tests.
	AWS []func(*aws.Config)
	// LookEvery is how often a run in AWS is looked at; 0 is lookEvery.
	LookEvery time.Duration
}

// say writes a line to stderr. Where that fails there is nobody to tell.
func (w world) say(format string, args ...any) {
	_, _ = fmt.Fprintf(w.Stderr, format+"\n", args...)
}

// Exit codes; docs/operations.md has them for readers.
const (
	exitDone        = 0
	exitFailed      = 1 // faults, errors, or a run that failed
	exitHeld        = 2 // all was posted, nothing was swept
	exitUsage       = 64
	exitInterrupted = 130
)
