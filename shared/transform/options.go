package transform

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/staging"
)

const (
	// Margin is the time that a caller should keep back between the deadline of
	// the ctx it passes to Run and its own end.
	Margin = 30 * time.Second

	// finishTimeout is the time for giving the lease back and writing what was
	// reached, out of the margin.
	finishTimeout = 10 * time.Second
	// leaseTime is how long a lease lasts when its holder dies. It is shorter
	// than Lambda's pause before the second retry of a failed invocation.
	leaseTime = 90 * time.Second
)

// Authomize is the app that records go to. *authomize.Client is one.
type Authomize interface {
	authomize.Poster
	Sweep(ctx context.Context, modifiedBefore time.Time) (authomize.SweepReceipt, error)
	Holds(ctx context.Context) (map[authomize.Kind]string, error)
	Refreshed(ctx context.Context, kind authomize.Kind, since time.Time) iter.Seq2[string, error]
	Older(ctx context.Context, kind authomize.Kind, before time.Time) iter.Seq2[string, error]
}

// Options are what a transform needs.
type Options struct {
	Store    staging.Store
	Client   Authomize // may be nil in a dry run
	Settings config.Transform
	// Holder names this invocation, the same when it is tried again.
	Holder string
	// ByPerson tells that a person named the run: what has ended is done once more.
	ByPerson bool
	Log      *slog.Logger     // nil: nothing is logged
	Now      func() time.Time // nil: time.Now
	// SaveEvery is how often it is saved at most how far the posting is; 0: ten
	// seconds.
	SaveEvery time.Duration
	// MaxItems are the most records a request; 0: what Authomize takes.
	MaxItems int
	// OnProgress, if set, is called after each batch, and while Authomize does
	// not show yet what was posted.
	OnProgress func(Progress)
}

// Progress is how far the posting is.
type Progress struct {
	Kind   authomize.Kind
	Posted int64 // of this kind; mapped only, in a dry run
	Done   bool  // with this kind
	// ReadingBack tells that all is posted, and Authomize is asked for it.
	ReadingBack bool
}
