package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/probe"
)

const (
	// mostBetweenLooks is the longest pause between two looks for a record.
	mostBetweenLooks = 5 * time.Second
	// deleteTimeout bounds the deletion of a probe's app, also when the rest
	// was interrupted.
	deleteTimeout = 30 * time.Second
)

// probing is how check --probe goes about it.
type probing struct {
	app   string // made by hand; "": one is made, and deleted afterwards
	times probe.Times
}

// addProbes adds what probes found of an API.
func (f *findings) addProbes(api string, all []probe.Finding) {
	for _, one := range all {
		state := map[probe.State]grade{probe.Fine: ok, probe.Act: missing, probe.Open: warning}[one.State]
		f.all = append(f.all, finding{
			Check: fmt.Sprintf("probe %s: %s?", api, one.Question), State: state, Detail: one.Answer, Follows: one.Follows,
		})
	}
}

const probeApp = "probe Authomize: an app to throw away"

// authomize asks its questions in an app that is nobody's: one that is made
// here, or one that is empty and not the one that runs post to.
func (p *probing) authomize(ctx context.Context, set config.Transform, h *http.Client, found *findings) {
	o := authomize.Options{BaseURL: set.AuthomizeURL, AppID: p.app, HTTP: h}
	if p.app != "" {
		client, err := emptyApp(ctx, o, set.AppID)
		if err != nil {
			found.add(fault, probeApp, err.Error())
			return
		}
		found.addProbes("Authomize", probe.Authomize(ctx, client, set, p.times))
		found.add(warning, probeApp, "the records that were posted are left in app "+p.app+": delete it by hand")
		return
	}
	made, err := authomize.NewThrowaway(ctx, o, "pingone-authomize probe "+time.Now().UTC().Format(time.RFC3339))
	if err != nil {
		found.add(warning, probeApp, err.Error()+"; if the token may not make one, make an app by hand and name it by --probe-app")
		return
	}
	found.addProbes("Authomize", probe.Authomize(ctx, made.Client(), set, p.times))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
	defer cancel()
	if err := made.Delete(ctx); err != nil {
		found.add(fault, probeApp, err.Error())
		return
	}
	found.add(ok, probeApp, "was made, and is deleted")
}

// emptyApp opens an app that was made by hand, after a look at every kind.
func emptyApp(ctx context.Context, o authomize.Options, inUse string) (*authomize.Client, error) {
	if o.AppID == inUse {
		return nil, errors.New("--probe-app is the app that runs post to: nothing was written; make another one")
	}
	client, err := authomize.New(o)
	if err != nil {
		return nil, err
	}
	held, err := client.Holds(ctx)
	if err != nil {
		return nil, fmt.Errorf("see whether app %s is empty: %w", o.AppID, err)
	}
	for kind := range held {
		return nil, fmt.Errorf("app %s holds %s: nothing was written; make an empty one", o.AppID, kind)
	}
	return client, nil
}
