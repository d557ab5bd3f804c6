package main

import (
	"context"

	"github.com/alecthomas/kong"
)

type cli struct {
	Run      runCommand     `cmd:"" help:"Sync once: read PingOne, post to Authomize, sweep, report; or go on with the run that has not ended. Without credentials, a demonstration on this machine."`
	Check    checkCommand   `cmd:"" help:"Before the first run: are the credentials good, what can be read, what is granted beyond need?"`
	Report   reportCommand  `cmd:"" help:"Show what a past run did."`
	Approve  approveCommand `cmd:"" help:"Overrule what holds a sweep, or delete what a run carried forward: shows what would go, and asks."`
	Invoke   invokeCommand  `cmd:"" help:"Start a run of a deployed stack at once, or go on with the open one, follow it, and show its report. It uses the AWS SDK's settings (AWS_PROFILE, AWS_REGION)."`
	Findings risksCommand   `cmd:"" help:"What an administrator should look at in PingOne, and which risks were accepted."`
	Version  versionCommand `cmd:"" help:"Show version, commit and Go."`
	Replay   replayCommand  `cmd:"" help:"Post a run once more from what was read then."`
}

// command parses args, does what they say and returns the exit code.
func command(ctx context.Context, args []string, w world) int {
	exited := -1
	var commands cli
	parser, err := kong.New(&commands,
		kong.Name("pingone-authomize"),
		kong.Description("Carries access data from PingOne to Authomize."),
		kong.Writers(w.Stdout, w.Stderr),
		kong.Exit(func(code int) { exited = code }), // of --help
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		w.say("%v", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		w.say("%v; pingone-authomize --help lists the commands", err)
		return exitUsage
	}
	chosen := parsed.Selected().Target.Addr().Interface().(interface {
		run(context.Context, world) (int, error)
	})
	code, err := chosen.run(ctx, w)
	switch {
	case err != nil && ctx.Err() != nil && code != exitInterrupted:
		w.say("interrupted")
		return exitInterrupted
	case err != nil:
		w.say("%v", err)
	}
	return code
}
