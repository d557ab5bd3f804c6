package probe

import (
	"context"
	"errors"

	"pingone-authomize/shared/pingone"
)

// a tenant is asked.
type tenant struct {
	client       *pingone.Client
	environments []pingone.ID
}

// errNoAnswer tells that an environment doesn't answer a question.
var errNoAnswer = errors.New("no answer here")

// first is the answer of the first environment that has one; why says what it
// means if none has.
func (t *tenant) first(ctx context.Context, question, why string, ask func(context.Context, pingone.ID) (Finding, error)) Finding {
	var failure error
	for _, env := range t.environments {
		f, err := ask(ctx, env)
		switch {
		case err == nil:
			return f
		case !errors.Is(err, errNoAnswer):
			failure = err
		}
	}
	if failure != nil {
		return failed(question, failure)
	}
	return open(question, why, "nothing to set")
}

// items are those of the first page of a list.
func items[T any](ctx context.Context, c *pingone.Client, l pingone.List) ([]T, error) {
	page, err := c.First(ctx, l)
	if err != nil {
		return nil, err
	}
	var d pingone.Decoder[T]
	all, _, err := d.Items(page.Body, l.Key)
	return all, err
}

// The questions about PingOne.
const (
	askInherited = "do a user's roles include those of groups"
	askDevices   = "are MFA devices listed in bulk, and users without one"
)
