package fetch

import (
	"errors"
	"slices"

	"pingone-authomize/shared/staging"
)

// ErrTerms is the error when a run that was begun is asked for under terms that
// are not its own.
var ErrTerms = errors.New("it was begun as another sort of run (dry or not, narrowed to these environments or not), and stays that: start a new run")

// agree gives a collection that begins its terms. One that was begun keeps
// them, and goes on if nothing else is asked for.
func agree(m *staging.Manifest, o Options) error {
	switch {
	case len(m.Plan) == 0 && m.Planning == nil && !m.Complete:
		m.Terms = o.Terms
		if o.MFADevices && m.Collection == staging.Users {
			m.Devices = &staging.Devices{}
		}
		return nil
	case o.Terms == staging.Terms{}:
		return nil
	case o.Terms != m.Terms, o.Terms.Narrowed && !slices.Equal(o.Environments, m.Environments):
		return ErrTerms
	}
	return nil
}
