package fetch

import (
	"context"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A listing is who was read, each user once, and where: in the environment and
// population of the reply that came last, since users move while they are
// read. It takes some 40 bytes a user.
type listing struct {
	users   map[pingone.ID]uint32 // number of the home
	numbers map[home]uint32
	homes   []home
	counts  []int
	decoder pingone.Decoder[located]
}

// A home is where a user lives.
type home struct{ environment, population pingone.ID }

// A located user is as much of one as matters here.
type located struct {
	ID         pingone.ID  `json:"id"`
	Population pingone.Ref `json:"population,omitzero"`
}

func newListing(users int) *listing {
	return &listing{users: make(map[pingone.ID]uint32, users), numbers: map[home]uint32{}}
}

// listUsers goes through all that is staged, by earlier invocations too.
func listUsers(ctx context.Context, store staging.Store, m *staging.Manifest) (*listing, error) {
	l := newListing(m.Records)
	for reply, err := range staging.Replies(ctx, store, m) {
		if err != nil {
			return nil, err
		}
		if reply.IsDevices() {
			continue
		}
		if err := l.addReply(reply); err != nil {
			return nil, err
		}
	}
	return l, nil
}

const usersName = "users"

// addReply adds the users of a page, or the one who was asked for.
func (l *listing) addReply(reply staging.Reply) error {
	users, _, err := staging.ItemsOf(&l.decoder, reply, usersName)
	for _, u := range users {
		if u.Population.ID.IsZero() && reply.Parent != nil {
			u.Population.ID = reply.Parent.ID
		}
		if !u.ID.IsZero() {
			l.add(u, reply.Environment)
		}
	}
	return err
}

func (l *listing) add(u located, env pingone.ID) {
	p := home{env, u.Population.ID}
	n, ok := l.numbers[p]
	if !ok {
		n = uint32(len(l.homes)) //nolint:gosec // far fewer populations than 2^32
		l.numbers[p] = n
		l.homes, l.counts = append(l.homes, p), append(l.counts, 0)
	}
	if before, ok := l.users[u.ID]; ok {
		l.counts[before]--
	}
	l.users[u.ID] = n
	l.counts[n]++
}

func (l *listing) has(user pingone.ID) bool { _, ok := l.users[user]; return ok }

// in is how many users a population has.
func (l *listing) in(p home) int {
	if n, ok := l.numbers[p]; ok {
		return l.counts[n]
	}
	return 0
}

// inEnvironment is how many users an environment has.
func (l *listing) inEnvironment(env pingone.ID) int {
	sum := 0
	for n, p := range l.homes {
		if p.environment == env {
			sum += l.counts[n]
		}
	}
	return sum
}
