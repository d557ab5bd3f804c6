// Command pingone-authomize does on one machine what the functions do in AWS:
// it reads PingOne, posts to Authomize, and shows what a run did.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	code := command(ctx, os.Args[1:], world{
		Getenv: os.Getenv, Setenv: os.Setenv, Getwd: os.Getwd, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	stop()
	os.Exit(code)
}
