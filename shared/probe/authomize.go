package probe

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

// Times say how patient a probe is. What Authomize accepts it works off later;
// how much later is not documented.
type Times struct {
	// Wait is how long a record may take to appear, or to go.
	Wait time.Duration
	// Every is the pause between two looks, and between posts whose times
	// must differ.
	Every time.Duration
}

// The questions about Authomize.
const (
	askReadBack = "can records be read back"
	askService  = "may service accounts be in groupings"
	askVirtual  = "may a VirtualGroup have members and permissions"
	askSweep    = "does the sweep spare what was posted twice"
)

// The records that a probe posts. None is a person's.
const (
	userA     = "probe:user-a"
	userOld   = "probe:user-old"
	service   = "probe:service"
	group     = "probe:group"
	virtual   = "probe:virtual"
	privilege = "probe:privilege"
	asset     = "probe:asset"
)

// Authomize asks its questions in the app of c, which must be empty, and leaves
// records there. set are the settings that a run would have.
func Authomize(ctx context.Context, c *authomize.Client, set config.Transform, times Times) []Finding {
	p := &app{client: c, set: set, times: times}
	var all []Finding
	for _, ask := range []func(context.Context) Finding{
		p.readBack, p.serviceAccount, p.virtualGroup, p.sweep,
	} {
		if ctx.Err() != nil {
			return all
		}
		all = append(all, ask(ctx))
	}
	return all
}

// an app is asked.
type app struct {
	client *authomize.Client
	set    config.Transform
	times  Times
	// lag is how long a record took to appear; none tells that it never did.
	lag  time.Duration
	none bool
}

// post sends records of one kind.
func (p *app) post(ctx context.Context, records ...authomize.Record) (authomize.Receipt, error) {
	items := make([][]byte, len(records))
	for i, r := range records {
		item, err := json.Marshal(r)
		if err != nil {
			return authomize.Receipt{}, err
		}
		items[i] = item
	}
	return p.client.Post(ctx, records[0].Kind(), items)
}

// postAll sends records of several kinds, and tells whether all were accepted.
func (p *app) postAll(ctx context.Context, records ...authomize.Record) (accepted bool, err error) {
	accepted = true
	for _, r := range records {
		receipt, err := p.post(ctx, r)
		switch {
		case errors.Is(err, authomize.ErrInvalid):
			accepted = false
		case err != nil:
			return false, err
		default:
			accepted = accepted && receipt.Accepted == 1 && len(receipt.Invalid) == 0
		}
	}
	return accepted, nil
}

// becomes waits until a record is there, or gone.
func (p *app) becomes(ctx context.Context, kind authomize.Kind, key string, there bool, patience time.Duration) (bool, error) {
	for end := time.Now().Add(patience); ; {
		keys, err := p.client.Keys(ctx, kind)
		if err != nil {
			return false, err
		}
		if slices.Contains(keys, key) == there {
			return true, nil
		}
		if time.Now().After(end) {
			return false, nil
		}
		select {
		case <-time.After(p.times.Every):
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// enough is how long to wait for what may never come: longer than what came.
func (p *app) enough() time.Duration { return min(p.times.Wait, 10*p.lag+5*p.times.Every) }

func (p *app) readBack(ctx context.Context) Finding {
	began := time.Now()
	if _, err := p.post(ctx, authomize.User{UniqueID: userA, Name: "Probe A"}); err != nil {
		return failed(askReadBack, err)
	}
	seen, err := p.becomes(ctx, authomize.Users, userA, true, p.times.Wait)
	p.lag, p.none = time.Since(began), !seen
	switch {
	case err != nil:
		return open(askReadBack, fmt.Sprintf("no: %v", err), "nothing to set; the receipts are all that there is to see")
	case !seen:
		return open(askReadBack, fmt.Sprintf("a user that was posted could not be read within %s", p.times.Wait), "repeat it with a longer --probe-wait")
	}
	return fine(askReadBack, fmt.Sprintf("yes, after %s", p.lag.Round(time.Second)), "nothing to set")
}

func (p *app) serviceAccount(ctx context.Context) Finding {
	if ok, err := p.postAll(ctx, authomize.ServiceAccount{UniqueID: service, Type: authomize.ApplicationPrincipal, Name: "Probe"},
		authomize.Grouping{UniqueID: group, Name: "Probe"}); err != nil || !ok {
		return failed(askService, orRefused(err))
	}
	a := authomize.AccountAssociation{SourceID: service, TargetID: group}
	ok, err := p.postAll(ctx, a)
	if ok && !p.none {
		ok, err = p.becomes(ctx, authomize.AccountAssociations, a.Key(), true, p.times.Wait)
	}
	const asUsers = "SERVICE_ACCOUNTS=users"
	switch {
	case err != nil:
		return failed(askService, err)
	case ok && p.set.ServiceAccounts == config.ServiceAccountsAsUsers:
		return fine(askService, "yes", asUsers+" is not needed; SERVICE_ACCOUNTS=apart shows them as what they are")
	case ok:
		return fine(askService, "yes", "SERVICE_ACCOUNTS=apart, as it is set")
	case p.set.ServiceAccounts == config.ServiceAccountsAsUsers:
		return fine(askService, "no", asUsers+", as it is set")
	}
	return act(askService, "no: the roles of worker applications and gateways would go to quarantine", asUsers)
}

func (p *app) virtualGroup(ctx context.Context) Finding {
	if ok, err := p.postAll(ctx, authomize.Privilege{UniqueID: privilege, OriginName: "Probe", Type: "Use"},
		authomize.Asset{UniqueID: asset, Name: "Probe", Type: authomize.Application},
		authomize.Grouping{UniqueID: virtual, Name: "Probe", Type: authomize.VirtualGroup}); err != nil || !ok {
		return failed(askVirtual, orRefused(err))
	}
	member := authomize.AccountAssociation{SourceID: userA, TargetID: virtual}
	permission := authomize.Permission{SourceUniqueID: virtual, SourceType: authomize.FromGrouping, PrivilegeID: privilege, AssetID: asset}
	ok, err := p.postAll(ctx, member, permission)
	for _, r := range []authomize.Record{member, permission} {
		if ok && err == nil && !p.none {
			ok, err = p.becomes(ctx, r.Kind(), r.Key(), true, p.times.Wait)
		}
	}
	switch {
	case err != nil:
		return failed(askVirtual, err)
	case ok:
		return fine(askVirtual, "yes", "nothing to set")
	}
	return act(askVirtual, "no: access to applications that are open to everyone, or to several groups together, would go to quarantine",
		"ask for a release that posts ordinary groups")
}

// sweep posts a user, later another one for the second time, and sweeps what is
// older: all that a run's own sweep relies on.
func (p *app) sweep(ctx context.Context) Finding {
	const never = "SWEEP=never"
	if _, err := p.post(ctx, authomize.User{UniqueID: userOld, Name: "Probe old"}); err != nil {
		return failed(askSweep, err)
	}
	if p.none {
		return open(askSweep, "it can't be seen, as nothing can be read back", "SWEEP=report until it can be seen")
	}
	if there, err := p.becomes(ctx, authomize.Users, userOld, true, p.times.Wait); err != nil || !there {
		return failed(askSweep, orRefused(err))
	}
	select {
	case <-time.After(p.times.Every):
	case <-ctx.Done():
		return failed(askSweep, context.Cause(ctx))
	}
	receipt, err := p.post(ctx, authomize.User{UniqueID: userA, Name: "Probe A"})
	switch {
	case err != nil:
		return failed(askSweep, err)
	case receipt.AcceptedAt.IsZero():
		return p.unless(never, act(askSweep, "receipts name no time, so there is no safe moment to sweep from", never))
	}
	began := time.Now()
	if _, err := p.client.Sweep(ctx, receipt.AcceptedAt); err != nil {
		return failed(askSweep, err)
	}
	gone, err := p.becomes(ctx, authomize.Users, userOld, false, p.times.Wait)
	switch took := time.Since(began).Round(time.Second); {
	case err != nil:
		return failed(askSweep, err)
	case !gone:
		return open(askSweep, fmt.Sprintf("what was to go was still there after %s", took), "SWEEP=report until it can be seen; repeat it with a longer --probe-wait")
	}
	lost, err := p.becomes(ctx, authomize.Users, userA, false, p.enough())
	switch {
	case err != nil:
		return failed(askSweep, err)
	case lost:
		return p.unless(never, act(askSweep, "no: posting a record twice does not refresh it, so a sweep would delete what exists", never))
	}
	return fine(askSweep, fmt.Sprintf("yes; what was to go was gone after %s", time.Since(began).Round(time.Second)), "nothing to set; SWEEP=apply is safe")
}

// unless turns act into fine where the setting is as it should be.
func (p *app) unless(setting string, f Finding) Finding {
	if setting == "SWEEP="+string(p.set.Sweep) {
		f.State, f.Follows = Fine, setting+", as it is set"
	}
	return f
}

var errNotAccepted = errors.New("the records that the question needs were not accepted, or did not appear in time")

// orRefused is err, or that what was posted was not accepted.
func orRefused(err error) error {
	if err == nil {
		return errNotAccepted
	}
	return err
}
