package fetch

import (
	"context"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// isDevices tells whether a task is about the MFA devices of a user. Nobody's
// access hangs on them, so what can't be read is noted apart and holds nothing.
func isDevices(t task) bool { return t.Key == pingone.DevicesKey }

// finishUsers proves that all users were read and then, if the run reads
// devices, asks for those of each user who may use MFA. Devices are a second
// part of the plan. Once that is committed, the proof is as well, and neither
// is made again.
func (r *reading) finishUsers(ctx context.Context) error {
	m := r.w.Manifest()
	if m.Devices != nil && m.Devices.Planned {
		return nil // an earlier invocation did, and the devices are read with the plan
	}
	if err := r.proveUsers(ctx); err != nil || m.Devices == nil {
		return err
	}
	if err := r.planDevices(ctx); err != nil {
		return err
	}
	return r.readAll(ctx, false)
}

// planDevices adds a task for each user who may use MFA. PingOne lists devices
// for one user at a time only.
func (r *reading) planDevices(ctx context.Context) error {
	m := r.w.Manifest()
	users, order, err := usersWithMFA(ctx, r.o.Store, m)
	if err != nil {
		return err
	}
	if err := r.w.ExtendPlan(); err != nil {
		return err
	}
	p := &planner{put: func(line []byte) error { return r.w.AddTask(ctx, line) }, place: &place{}}
	for _, env := range order {
		for _, id := range users[env] {
			parent := &staging.Parent{Kind: parentKinds[pingone.UserPrincipal], ID: id}
			if err := p.addExpecting(env, pingone.DevicesOf(env, id), parent, unknown); err != nil {
				return err
			}
		}
	}
	if err := r.w.EndPlan(ctx); err != nil {
		return err
	}
	m.Devices.Planned = true
	r.countTasks()
	r.log.InfoContext(ctx, "MFA devices are asked for, one call a user", "users", p.added)
	return r.save(ctx)
}

// usersWithMFA are the users who may use MFA, each once and in order, and
// their environments. It takes 16 bytes a user.
func usersWithMFA(ctx context.Context, store staging.Store, m *staging.Manifest) (users map[pingone.ID][]pingone.ID, order []pingone.ID, err error) {
	type member struct {
		ID         pingone.ID `json:"id"`
		MFAEnabled bool       `json:"mfaEnabled,omitzero"`
	}
	var d pingone.Decoder[member]
	users = map[pingone.ID][]pingone.ID{}
	for reply, err := range staging.Replies(ctx, store, m) {
		if err != nil {
			return nil, nil, err
		}
		all, _, err := staging.ItemsOf(&d, reply, usersName)
		if err != nil {
			return nil, nil, err
		}
		for _, u := range all {
			if u.MFAEnabled && !u.ID.IsZero() {
				users[reply.Environment] = append(users[reply.Environment], u.ID)
			}
		}
	}
	for env, ids := range users {
		slices.SortFunc(ids, pingone.ID.Compare)
		users[env] = slices.Compact(ids)
		order = append(order, env)
	}
	slices.SortFunc(order, pingone.ID.Compare)
	return users, order, nil
}

// settleDevices counts how a task about devices ended.
func (r *reading) settleDevices(ev event, s *staging.Slice) {
	s.Asked++
	if ev.kind == finished {
		s.Read += ev.records
		return
	}
	s.Refused++
	d := r.w.Manifest().Devices
	i := slices.IndexFunc(d.Refused, func(u staging.Unread) bool {
		return u.Environment == ev.Environment && u.Status == ev.refusal.Status
	})
	if i >= 0 {
		d.Refused[i].Skipped++
		return
	}
	d.Refused = append(d.Refused, unreadOf(ev.Environment, ev.Path, ev.Parent, ev.refusal))
}

// reportDevices writes a line for what could not be read of devices.
func (r *reading) reportDevices(ctx context.Context) {
	m := r.w.Manifest()
	if m.Devices == nil {
		return
	}
	for _, u := range m.Devices.Refused {
		r.log.WarnContext(ctx, "MFA devices could not be read: hasMFA is left out for these users", "environment", u.Environment,
			"users", 1+u.Skipped, "path", u.Path, "status", u.Status, "code", u.Code, "correlation_id", u.CorrelationID)
	}
}
