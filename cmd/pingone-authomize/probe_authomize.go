package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
)

const (
	// mostBetweenLooks is the longest pause between two looks for a record.
	mostBetweenLooks = 5 * time.Second
	// deleteTimeout bounds the deletion of a probe's app, also when the rest
	// was interrupted.
	deleteTimeout = 30 * time.Second
)

const probeApp = "probe Authomize: an app to throw away"

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

// The records that a probe posts. None is a person's.
const (
	probeUser    = "probe:user"
	probeOld     = "probe:user-old"
	probeService = "probe:service"
	probeGroup   = "probe:group"
)

// probeIn asks questions in an app, which is empty before. What Authomize
// accepts it works off later; how much later is not documented.
type probeIn struct {
	client *authomize.Client
	set    config.Transform // that a run would have
	wait   time.Duration    // how long a record may take to appear, or to go
	every  time.Duration    // between two looks, and between posts whose times must differ
	lag    time.Duration    // how long a record took to appear
	none   bool             // it never did
}

func (p *probeIn) all(ctx context.Context, found *findings) {
	for _, q := range []struct {
		check string
		ask   func(context.Context) finding
	}{
		{"can records be read back", p.readBack},
		{"may service accounts be in groupings", p.serviceAccount},
		{"does the sweep spare what was posted twice", p.sweep},
	} {
		if ctx.Err() != nil {
			return
		}
		f := q.ask(ctx)
		f.Check = "probe Authomize: " + q.check + "?"
		found.all = append(found.all, f)
	}
}

var errNotAccepted = errors.New("the records that the question needs were not accepted, or did not appear in time")

// post sends records, which may be refused.
func (p *probeIn) post(ctx context.Context, records ...authomize.Record) (receipt authomize.Receipt, err error) {
	for _, r := range records {
		item, err := json.Marshal(r)
		if err != nil {
			return receipt, err
		}
		receipt, err = p.client.Post(ctx, r.Kind(), [][]byte{item})
		if errors.Is(err, authomize.ErrInvalid) || err == nil && (receipt.Accepted != 1 || len(receipt.Invalid) > 0) {
			err = errNotAccepted
		}
		if err != nil {
			return receipt, err
		}
	}
	return receipt, nil
}

// becomes waits until a record is there, or gone.
func (p *probeIn) becomes(ctx context.Context, kind authomize.Kind, key string, there bool, patience time.Duration) (bool, error) {
	for end := time.Now().Add(patience); ; {
		keys, err := p.client.Keys(ctx, kind)
		if err != nil || slices.Contains(keys, key) == there {
			return err == nil, err
		}
		if time.Now().After(end) {
			return false, nil
		}
		if err := p.pause(ctx); err != nil {
			return false, err
		}
	}
}

func (p *probeIn) pause(ctx context.Context) error {
	select {
	case <-time.After(p.every):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *probeIn) readBack(ctx context.Context) finding {
	began := time.Now()
	if _, err := p.post(ctx, authomize.User{UniqueID: probeUser, Name: "Probe A"}); err != nil {
		return failed(err)
	}
	seen, err := p.becomes(ctx, authomize.Users, probeUser, true, p.wait)
	p.lag, p.none = time.Since(began), !seen
	switch {
	case err != nil:
		return finding{State: warning, Detail: fmt.Sprintf("no: %v", err), Follows: "nothing to set; the receipts are all that there is to see"}
	case !seen:
		return finding{
			State: warning, Detail: fmt.Sprintf("a user that was posted could not be read within %s", p.wait),
			Follows: "repeat it with a longer --probe-wait",
		}
	}
	return finding{State: ok, Detail: fmt.Sprintf("yes, after %s", p.lag.Round(time.Second)), Follows: "nothing to set"}
}

func (p *probeIn) serviceAccount(ctx context.Context) finding {
	if _, err := p.post(ctx, authomize.ServiceAccount{UniqueID: probeService, Type: authomize.ApplicationPrincipal, Name: "Probe"},
		authomize.Grouping{UniqueID: probeGroup, Name: "Probe"}); err != nil {
		return failed(err)
	}
	a := authomize.AccountAssociation{SourceID: probeService, TargetID: probeGroup}
	_, err := p.post(ctx, a)
	isTaken := err == nil
	switch {
	case errors.Is(err, errNotAccepted):
		err = nil
	case isTaken && !p.none:
		isTaken, err = p.becomes(ctx, authomize.AccountAssociations, a.Key(), true, p.wait)
	}
	isSet := p.set.ServiceAccounts == config.ServiceAccountsAsUsers
	switch {
	case err != nil:
		return failed(err)
	case isTaken && isSet:
		return finding{State: ok, Detail: "yes", Follows: "SERVICE_ACCOUNTS=users is not needed; SERVICE_ACCOUNTS=apart shows them as what they are"}
	case isTaken:
		return finding{State: ok, Detail: "yes", Follows: "SERVICE_ACCOUNTS=apart, as it is set"}
	case isSet:
		return finding{State: ok, Detail: "no", Follows: "SERVICE_ACCOUNTS=users, as it is set"}
	}
	return finding{State: fault, Detail: "no: the roles of worker applications and gateways would go to quarantine", Follows: "SERVICE_ACCOUNTS=users"}
}

// sweep posts a user, later another one for the second time, and sweeps what is
// older: all that a run's own sweep relies on.
func (p *probeIn) sweep(ctx context.Context) finding {
	if p.none {
		return finding{State: warning, Detail: "it can't be seen, as nothing can be read back", Follows: "SWEEP=report until it can be seen"}
	}
	receipt, err := p.postTwice(ctx)
	switch {
	case err != nil:
		return failed(err)
	case receipt.AcceptedAt.IsZero():
		return p.never("receipts name no time, so there is no safe moment to sweep from")
	}
	began := time.Now()
	if _, err := p.client.Sweep(ctx, receipt.AcceptedAt); err != nil {
		return failed(err)
	}
	gone, err := p.becomes(ctx, authomize.Users, probeOld, false, p.wait)
	took := time.Since(began).Round(time.Second)
	switch {
	case err != nil:
		return failed(err)
	case !gone:
		return finding{
			State: warning, Detail: fmt.Sprintf("what was to go was still there after %s", took),
			Follows: "SWEEP=report until it can be seen; repeat it with a longer --probe-wait",
		}
	}
	// It may never go: wait for longer than what came.
	lost, err := p.becomes(ctx, authomize.Users, probeUser, false, min(p.wait, 10*p.lag+5*p.every))
	switch {
	case err != nil:
		return failed(err)
	case lost:
		return p.never("no: posting a record twice does not refresh it, so a sweep would delete what exists")
	}
	return finding{State: ok, Detail: fmt.Sprintf("yes; what was to go was gone after %s", took), Follows: "nothing to set; SWEEP=apply is safe"}
}

// postTwice posts a user once and then another one for the second time, whose
// receipt it returns.
func (p *probeIn) postTwice(ctx context.Context) (authomize.Receipt, error) {
	if _, err := p.post(ctx, authomize.User{UniqueID: probeOld, Name: "Probe old"}); err != nil {
		return authomize.Receipt{}, err
	}
	there, err := p.becomes(ctx, authomize.Users, probeOld, true, p.wait)
	if err == nil && !there {
		err = errNotAccepted
	}
	if err == nil {
		err = p.pause(ctx)
	}
	if err != nil {
		return authomize.Receipt{}, err
	}
	return p.post(ctx, authomize.User{UniqueID: probeUser, Name: "Probe A"})
}

// never asks for SWEEP=never where it is not set.
func (p *probeIn) never(why string) finding {
	if p.set.Sweep == config.SweepNever {
		return finding{State: ok, Detail: why, Follows: "SWEEP=never, as it is set"}
	}
	return finding{State: fault, Detail: why, Follows: "SWEEP=never"}
}
