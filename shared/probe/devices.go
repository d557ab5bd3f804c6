package probe

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

// devices has PingOne list the MFA devices of an environment, and compares the
// rows with the users of the first page who may use MFA.
func (t *tenant) devices(ctx context.Context, env pingone.ID) (Finding, error) {
	all, err := items[pingone.User](ctx, t.client, pingone.UsersOf(env))
	if err != nil {
		return Finding{}, err
	}
	users := slices.DeleteFunc(all, func(u pingone.User) bool { return u.MFAEnabled == nil || !*u.MFAEnabled })
	if len(users) == 0 {
		return Finding{}, errNoAnswer
	}
	rows, err := t.rows(ctx, env)
	if err != nil {
		return judgeNoRows(err)
	}
	without, err := t.withoutRow(ctx, env, users, rows)
	if err != nil {
		return Finding{}, err
	}
	return fine(askDevices, "yes; deviceStatus is "+rows.values()+"; "+without, "nothing to set: a run asks for each user who has no row"), nil
}

// judgeNoRows says what it means that the list can't be read.
func judgeNoRows(err error) (Finding, error) {
	refused := pingone.Refusal(err)
	if refused == nil {
		return Finding{}, err
	}
	return fine(askDevices, strings.TrimSpace(fmt.Sprintf("no (%d %s)", refused.Status, refused.Code)),
		"with MFA_DEVICES=true a run makes a call for each user who may use MFA; Identity Data Read Only and Configuration Read Only together may open the bulk list"), nil
}

// exploration is what an exploration showed: users, and values of deviceStatus
// with how often each came.
type exploration struct {
	users  map[pingone.ID]bool
	status map[string]int
}

func (t *tenant) rows(ctx context.Context, env pingone.ID) (exploration, error) {
	x := exploration{users: map[pingone.ID]bool{}, status: map[string]int{}}
	var d pingone.Decoder[pingone.Entry]
	for page, err := range t.client.Explore(ctx, env) {
		if err != nil {
			return x, err
		}
		entries, _, err := d.Items(page.Body, pingone.EntriesKey)
		if err != nil {
			return x, err
		}
		for _, e := range entries {
			x.users[e.UserID] = true
			x.status[e.DeviceStatus]++
		}
	}
	return x, nil
}

// mostValues are named of deviceStatus.
const mostValues = 10

// values names those of deviceStatus.
func (x exploration) values() string {
	var texts []string
	for _, v := range slices.Sorted(maps.Keys(x.status)) {
		name := v
		if v == "" {
			name = "empty"
		}
		texts = append(texts, fmt.Sprintf("%s (%d)", name, x.status[v]))
	}
	switch {
	case len(texts) == 0:
		return "in no row"
	case len(texts) > mostValues:
		texts = append(texts[:mostValues], "…")
	}
	return strings.Join(texts, ", ")
}

// withoutRow says who has no row. One of them is asked for, since rows may be 15
// minutes old.
func (t *tenant) withoutRow(ctx context.Context, env pingone.ID, users []pingone.User, rows exploration) (string, error) {
	absent := slices.DeleteFunc(slices.Clone(users), func(u pingone.User) bool { return rows.users[u.ID] })
	if len(absent) == 0 {
		return fmt.Sprintf("each of %d users who may use MFA has a row", len(users)), nil
	}
	devices, err := items[pingone.Device](ctx, t.client, pingone.DevicesOf(env, absent[0].ID))
	if err != nil {
		return "", err
	}
	whom := fmt.Sprintf("%d of %d users who may use MFA have no row", len(absent), len(users))
	if len(devices) > 0 {
		return whom + ", and one of them has a device", nil
	}
	return whom + ", one of whom was asked for and has no device", nil
}
