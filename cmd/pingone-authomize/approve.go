package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

type approveCommand struct {
	where
	Run    string   `help:"The run, such as 20261123T090000Z, or latest." default:"latest" placeholder:"ID"`
	Codes  []string `help:"What you approve: codes as the report lists them, such as shrunk,unproven:users." required:"" placeholder:"CODE"`
	Reason string   `help:"Why. It is stored with the approval." required:"" placeholder:"TEXT"`
	Yes    bool     `help:"Show no preview and ask nothing."`
}

// errNotApproved tells that the question was not answered by yes.
var errNotApproved = errors.New("not approved, so nothing was changed: answer yes, or give --yes")

// run approves codes of a run: what they cover goes with its sweep.
func (c *approveCommand) run(ctx context.Context, w world) (int, error) {
	s, err := c.open(ctx, w)
	if err != nil {
		return exitFailed, err
	}
	run, err := s.reported(ctx, c.Run)
	if err != nil {
		return exitFailed, err
	}
	approve := event.Approve{Codes: c.Codes, Reason: c.Reason, By: localUser()}
	if s.stack != nil {
		if approve.By, err = caller(ctx, w); err != nil {
			return exitFailed, err
		}
	}
	var t *assemble.Transformer
	if !c.Yes || s.stack == nil {
		if t, err = s.transformer(ctx, w, false); err != nil {
			return exitFailed, err
		}
	}
	if !c.Yes {
		if err := c.confirm(ctx, w, t, run, approve); err != nil {
			return exitFailed, err
		}
	}
	if s.stack != nil {
		return s.approve(ctx, w, run, approve)
	}
	return s.here(ctx, w, t, run, func() (transform.Result, error) { return t.Approve(ctx, run, approve) })
}

// approve lets the transform function do it, and follows that.
func (s site) approve(ctx context.Context, w world, run staging.RunID, a event.Approve) (int, error) {
	before, err := s.store.Get(ctx, staging.ReportKey(run))
	if err != nil {
		return exitFailed, err
	}
	payload, err := event.Transform{Run: run, Approve: &a}.Event()
	if err != nil {
		return exitFailed, err
	}
	if _, err := s.stack.call(ctx, transformName, payload); err != nil {
		return exitFailed, err
	}
	return s.follow(ctx, w, staging.Run{Run: run}, nil, before.Version)
}

// confirm shows what would go, and asks.
func (c *approveCommand) confirm(ctx context.Context, w world, t *assemble.Transformer, run staging.RunID, a event.Approve) error {
	if _, err := t.Secret.Credentials(ctx); err != nil {
		return denied(err, "secretsmanager:GetSecretValue", "the secret (on a stack --yes needs none, and shows no preview)")
	}
	going, err := t.Preview(ctx, run, a)
	if err != nil {
		return err
	}
	if err := preview(w, going, t.Settings); err != nil {
		return err
	}
	w.say("approve %s of run %s as %s? Type yes:", strings.Join(c.Codes, ", "), run, a.By)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(w.Stdin).ReadString('\n')
		answer <- line
	}()
	select {
	case line := <-answer:
		if !strings.EqualFold(strings.TrimSpace(line), "yes") {
			return errNotApproved
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// preview prints what a sweep would delete: how many of each kind, and the ids
// of the first.
func preview(w world, going transform.Going, set config.Transform) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s records would be deleted in app %s", report.Number(going.Count()), set.AppID)
	if set.Sweep != config.SweepApply {
		fmt.Fprintf(&b, ", were it not for SWEEP=%s", set.Sweep)
	}
	b.WriteString("\n")
	for _, k := range going.Kinds {
		fmt.Fprintf(&b, "\n%s %s\n", report.Number(k.Count), report.KindName(k.Kind))
		for _, id := range k.IDs {
			b.WriteString("  " + id + "\n")
		}
		if more := k.Count - int64(len(k.IDs)); more > 0 {
			fmt.Fprintf(&b, "  and %s more\n", report.Number(more))
		}
	}
	_, err := fmt.Fprintln(w.Stdout, b.String())
	return err
}

// caller is the ARN of who uses the command.
func caller(ctx context.Context, w world) (string, error) {
	cfg, err := assemble.AWS(ctx, w.AWS...)
	if err != nil {
		return "", err
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("find out who approves: %w", denied(err, "sts:GetCallerIdentity", "your own identity"))
	}
	return aws.ToString(out.Arn), nil
}
