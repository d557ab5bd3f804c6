package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
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
	if found.fault() != "" {
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
	c.checkPingOne(ctx, s, found)
	if client := s.checkAuthomize(ctx, found); client != nil && c.Probe {
		c.probeAuthomize(ctx, s.transform, client, found)
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
		return s.stack.settings(ctx)
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
	for header, cond := range map[string]staging.Condition{"If-None-Match": staging.IfAbsent, "If-Match": staging.IfVersion(`"` + strings.Repeat("0", 32) + `"`)} {
		if err != nil {
			break
		}
		switch _, second := store.Put(ctx, checkKey, append(data, ' '), cond); {
		case second == nil:
			err = fmt.Errorf("it ignores conditional writes (%s), without which two invocations could mix their readings: use S3 itself, or a folder", header)
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

func (c *checkCommand) checkPingOne(ctx context.Context, s settings, found *findings) {
	options := transport.Options{Retry: transport.RetryPolicy{Attempts: checkTries}}
	tokens := pingone.NewTokens(s.secret, options)
	if _, err := tokens.Token(ctx); err != nil {
		found.add(fault, "PingOne token", err.Error())
		return
	}
	found.add(ok, "PingOne token", "the worker application gets one")
	h := pingone.NewHTTP(tokens, pingone.Pacing(s.root.PerSecond, options))
	defer h.CloseIdleConnections()
	endpoint, err := pingone.ParseTokenEndpoint(s.credentials.TokenEndpoint)
	if err != nil {
		found.add(fault, "PingOne token", err.Error())
		return
	}
	p := pingOneCheck{
		client: pingone.New(s.root.APIURL, h).InFrontOf(endpoint.APIURL), found: found, devices: s.fetch[staging.Devices].Devices, appRoles: s.fetch[staging.Roles].ApplicationRoles,
	}
	environments := s.root.Environments
	if s.root.All {
		environments = p.listEnvironments(ctx)
	}
	p.readable(ctx, environments)
	p.limits(ctx, environments, asked(s.fetch))
	p.grants(ctx, endpoint.Environment, s.credentials.ClientID)
	if c.Probe {
		p.probe(ctx, environments)
	}
}

// checkAuthomize looks at token and app. It returns what sends requests; nil
// where the token is refused.
func (s settings) checkAuthomize(ctx context.Context, found *findings) *http.Client {
	h := authomize.NewHTTP(s.secret, transport.Options{Retry: transport.RetryPolicy{Attempts: checkTries}})
	client, err := authomize.New(authomize.Options{BaseURL: s.transform.AuthomizeURL, AppID: s.transform.AppID, HTTP: h})
	if err != nil {
		found.add(fault, "Authomize", err.Error())
		return nil
	}
	me, err := client.Me(ctx)
	if err != nil {
		found.add(fault, "Authomize token", err.Error())
		return nil
	}
	found.add(ok, "Authomize token", "works; its tenant is "+cmp.Or(me.Tenant, "not named"))
	switch err := client.App(ctx); {
	case errors.Is(err, authomize.ErrNoApp):
		found.add(fault, "Authomize app", err.Error())
	case err != nil: // a token that may post need not be able to look
		found.add(warning, "Authomize app", "it can't be looked at: "+err.Error())
	default:
		found.add(ok, "Authomize app", "is there")
	}
	return h
}

// probeAuthomize asks its questions in an app that is nobody's: one that is made
// here, or one that is empty and not the one that runs post to.
func (c *checkCommand) probeAuthomize(ctx context.Context, set config.Transform, h *http.Client, found *findings) {
	o := authomize.Options{BaseURL: set.AuthomizeURL, AppID: c.ProbeApp, HTTP: h}
	p := &probeIn{set: set, wait: c.ProbeWait, every: min(c.ProbeWait/20, mostBetweenLooks)}
	if c.ProbeApp != "" {
		client, err := emptyApp(ctx, o, set.AppID)
		if err != nil {
			found.add(fault, probeApp, err.Error())
			return
		}
		p.client = client
		p.all(ctx, found)
		found.add(warning, probeApp, "the records that were posted are left in app "+c.ProbeApp+": delete it by hand")
		return
	}
	made, err := authomize.NewThrowaway(ctx, o, "pingone-authomize probe "+time.Now().UTC().Format(time.RFC3339))
	if err != nil {
		found.add(warning, probeApp, err.Error()+"; if the token may not make one, make an app by hand and name it by --probe-app")
		return
	}
	p.client = made.Client()
	p.all(ctx, found)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
	defer cancel()
	if err := made.Delete(ctx); err != nil {
		found.add(fault, probeApp, err.Error())
		return
	}
	found.add(ok, probeApp, "was made, and is deleted")
}
