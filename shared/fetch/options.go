package fetch

import (
	"log/slog"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// Options are what a reading needs.
type Options struct {
	Store  staging.Store
	Client *pingone.Client
	// Stats are those of Client; they must be fresh for each Run.
	Stats *transport.Stats
	// Home is the environment of the worker application, and ClientID its id:
	// by them it reads its own rights. Zero: they can't be read.
	Home     pingone.ID
	ClientID string
	// PerSecond is the pace of Client; it decides how many requests are in
	// flight.
	PerSecond float64
	// MaxAge is how old a reading may be of what is due by age.
	MaxAge time.Duration
	// Devices tells that MFA devices are asked for.
	Devices bool
	// ApplicationRoles tells that roles within applications are asked for.
	ApplicationRoles bool
	// Holder names this invocation, the same when it is tried again. "" takes
	// no lease.
	Holder string
	Now    func() time.Time // nil is time.Now
	// Pause is the first pause of an outage; 0 is five seconds.
	Pause time.Duration
	Log   *slog.Logger
	// OnProgress, if set, is called after each reply, by one goroutine.
	OnProgress func(Progress)

	commitEvery time.Duration // of tests; 0 is the constant
}

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Stats == nil {
		o.Stats = &transport.Stats{}
	}
	return o
}

// Progress is how far a reading is.
type Progress struct {
	Collection   staging.Collection
	Lists, Total int // ended, and planned
	Pages        int
	Records      int
}
