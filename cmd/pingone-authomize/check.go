package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/probe"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

type checkCommand struct {
	where
	JSON bool `help:"Write the findings as JSON."`

	Probe     bool          `help:"Also try out what the documentation of the two APIs leaves open: PingOne is only read; in Authomize an app is made for it, filled with made-up records, and deleted afterwards."`
	ProbeWait time.Duration `help:"How long a record may take to appear in Authomize, or to go." default:"2m"`
	ProbeApp  string        `help:"For --probe, where the token may not make an app: the id of an empty one that you made for it by hand, and delete afterwards." placeholder:"ID"`
}

// checkKey is written to see whether staging can be.
const checkKey = "check.json"

// checkTries is how often a request of a check is sent: a person waits.
const checkTries = 3

// run checks all that a run depends on.
func (c *checkCommand) run(ctx context.Context, w world) (int, error) {
	found := &findings{}
	if err := c.all(ctx, w, found); err != nil {
		return exitFailed, err
	}
	if ctx.Err() != nil {
		return exitInterrupted, errors.New("interrupted")
	}
	if err := found.show(w, c.JSON); err != nil {
		return exitFailed, fmt.Errorf("show the findings: %w", err)
	}
	if !found.areGood() {
		return exitFailed, nil
	}
	return exitDone, nil
}

func (c *checkCommand) all(ctx context.Context, w world, found *findings) error {
	getenv, err := c.getenv(ctx, w)
	if err != nil {
		return err
	}
	s, err := loadSettings(ctx, getenv, w.AWS...)
	var bad settingsError
	switch {
	case errors.As(err, &bad):
		for _, text := range bad {
			found.add(fault, "settings and secret", text)
		}
		return nil // nothing else can be asked
	case err != nil:
		return err
	}
	found.add(ok, "settings and secret", "all there and well-formed")
	if store, err := assemble.Store(ctx, s.staging, w.AWS...); err != nil {
		found.add(fault, "staging", err.Error())
	} else {
		checkStaging(ctx, permitted{store}, found)
	}
	checker{settings: s, found: found, probe: c.probing()}.apis(ctx)
	return nil
}

// mostBeforeRun is how many environments a run looks into before it reads.
const mostBeforeRun = 3

// checkFirst is the check that a run makes before it reads. What can't be read
// is said and does not stop the run, which carries it forward.
func checkFirst(ctx context.Context, w world, s settings, store staging.Store) error {
	found := &findings{}
	checkStaging(ctx, store, found)
	checker{settings: s, found: found, most: mostBeforeRun, pingOneOnly: s.transform.DryRun}.apis(ctx)
	var faults []error
	for _, f := range found.all {
		switch {
		case f.State == ok:
		case f.State == fault && f.Environment == "":
			faults = append(faults, fmt.Errorf("%s: %s", f.Check, f.Detail))
		case f.Environment != "":
			w.say("check: environment %s: %s: %s", f.Environment, f.Check, f.Detail)
		default:
			w.say("check: %s: %s", f.Check, f.Detail)
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("no run can work, so nothing was read and nothing was posted:\n%w", errors.Join(faults...))
	}
	return nil
}

// getenv is where the settings come from: a stack, or the environment.
func (c *checkCommand) getenv(ctx context.Context, w world) (func(string) string, error) {
	if c.Stack != "" {
		s, err := openStack(ctx, w, c.Stack)
		if err != nil {
			return nil, err
		}
		return s.settings(ctx)
	}
	if err := loadEnvFile(w, c.EnvFile); err != nil {
		return nil, err
	}
	url, err := stagingURL(w, c.Staging)
	return override(w.Getenv, url, false), err
}

// checkStaging writes and reads a small object, and sees that a conditional
// write is refused where it must be: what keeps two invocations apart.
func checkStaging(ctx context.Context, store staging.Store, found *findings) {
	data := fmt.Appendf(nil, `{"checkedAt":%q}`, time.Now().UTC().Format(time.RFC3339Nano))
	_, err := store.Put(ctx, checkKey, data, staging.Always)
	var object staging.Object
	if err == nil {
		object, err = store.Get(ctx, checkKey)
	}
	if err == nil && string(object.Data) != string(data) {
		err = errors.New("what was written is not what is read: is another check at work?")
	}
	if err == nil {
		_, err = store.Folders(ctx, "runs/")
	}
	if err == nil {
		switch _, second := store.Put(ctx, checkKey, append(data, ' '), staging.IfAbsent); {
		case second == nil:
			err = errors.New("it ignores conditional writes (If-None-Match), without which two invocations could mix their readings: use S3 itself, or a folder")
		case !errors.Is(second, staging.ErrConflict):
			err = second
		}
	}
	if err != nil {
		found.add(fault, "staging", err.Error())
		return
	}
	found.add(ok, "staging", "can be read and written: "+store.String())
}

// checker asks both APIs.
type checker struct {
	settings settings
	found    *findings
	// most environments are looked into; 0 is all.
	most int
	// pingOneOnly leaves Authomize out.
	pingOneOnly bool
	// probe tries out what is not documented; nil: nothing is tried out.
	probe *probing
}

// apis checks PingOne and then Authomize.
func (c checker) apis(ctx context.Context) {
	c.pingOne(ctx)
	if !c.pingOneOnly {
		c.authomize(ctx)
	}
}

func (c checker) pingOne(ctx context.Context) {
	clock := &clock{RoundTripper: transport.NewBase()}
	// The login and the API run on different clocks; only the API's matters.
	tokens := pingone.NewTokens(c.settings.secret, transport.Options{Retry: transport.RetryPolicy{Attempts: checkTries}})
	if _, err := tokens.Token(ctx); err != nil {
		c.found.add(fault, "PingOne token", err.Error())
		return
	}
	c.found.add(ok, "PingOne token", "the worker application gets one")
	credentials, err := c.settings.secret.Credentials(ctx)
	if err != nil {
		c.found.add(fault, "settings and secret", err.Error())
		return
	}
	set, err := c.settings.fetch[staging.Environments].Resolve(credentials, true)
	if err != nil {
		c.found.add(fault, "settings and secret", err.Error())
		return
	}
	h := pingone.NewHTTP(tokens, pingone.Pacing(set.PerSecond, transport.Options{
		Base: clock, Retry: transport.RetryPolicy{Attempts: checkTries},
	}))
	defer h.CloseIdleConnections()
	p := pingOneCheck{client: pingone.New(set.APIURL, h), found: c.found, most: c.most, devices: c.settings.fetch[staging.Devices].Devices}
	environments := set.Environments
	if set.All {
		environments = p.listEnvironments(ctx)
	}
	p.readable(ctx, environments)
	endpoint, err := pingone.ParseTokenEndpoint(credentials.TokenEndpoint)
	if err == nil {
		p.grants(ctx, endpoint.Environment, credentials.ClientID, environments)
	}
	if c.probe != nil {
		c.found.addProbes("PingOne", probe.PingOne(ctx, p.client, environments))
	}
	clock.judge(c.found, "PingOne clock")
}

func (c checker) authomize(ctx context.Context) {
	clock := &clock{RoundTripper: transport.NewBase()}
	h := authomize.NewHTTP(c.settings.secret, transport.Options{
		Base: clock, Retry: transport.RetryPolicy{Attempts: checkTries},
	})
	defer h.CloseIdleConnections()
	client, err := authomize.New(authomize.Options{BaseURL: c.settings.transform.AuthomizeURL, AppID: c.settings.transform.AppID, HTTP: h})
	if err != nil {
		c.found.add(fault, "Authomize", err.Error())
		return
	}
	me, err := client.Me(ctx)
	if err != nil {
		c.found.add(fault, "Authomize token", err.Error())
		return
	}
	c.found.add(ok, "Authomize token", "works; its tenant is "+cmp.Or(me.Tenant, "not named"))
	switch err := client.App(ctx); {
	case errors.Is(err, authomize.ErrNoApp):
		c.found.add(fault, "Authomize app", err.Error())
	case err != nil: // a token that may post need not be able to look
		c.found.add(missing, "Authomize app", "it can't be looked at: "+err.Error())
	default:
		c.found.add(ok, "Authomize app", "is there")
	}
	clock.judge(c.found, "Authomize clock")
	if c.probe != nil {
		c.probe.authomize(ctx, c.settings.transform, h, c.found)
	}
}

// probing is nil where nobody asked for it.
func (c *checkCommand) probing() *probing {
	if !c.Probe {
		return nil
	}
	return &probing{app: c.ProbeApp, times: probe.Times{Wait: c.ProbeWait, Every: min(c.ProbeWait/20, mostBetweenLooks)}}
}
