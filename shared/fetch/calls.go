package fetch

import (
	"context"
	"errors"
	"math"
	"net/http"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/transport"
)

func isUnauthorized(err error) bool { return errors.Is(err, pingone.ErrUnauthorized) }

func isTooLarge(err error) bool { return errors.Is(err, transport.ErrBodyTooLarge) }

// isFatal tells whether an error ends the invocation, whatever list it came
// from: credentials that PingOne refuses, and whatever is not PingOne's answer.
func isFatal(err error) bool {
	if errors.Is(err, pingone.ErrCredentials) {
		return true
	}
	for _, kind := range []error{pingone.ErrBadLink, pingone.ErrPageLoop, pingone.ErrBadPage} {
		if errors.Is(err, kind) {
			return false
		}
	}
	var reply *pingone.Error
	return !errors.As(err, &reply) && !pingone.IsTransient(err) && !isTooLarge(err)
}

// An answer is what PingOne says of something absent that was asked for.
type answer uint8

const (
	unclear   answer = iota // it does not say
	there                   // 200, or shown by the member's own list
	notThere                // 404, or not shown
	forbidden               // 403
	inherited               // shown as INDIRECT, where it was direct: it is gone
)

// answerOf reads what a refusal says. What is no answer is an error.
func answerOf(err error) (answer, error) {
	if err == nil {
		return there, nil
	}
	switch refusal := pingone.Refusal(err); {
	case refusal == nil && isFatal(err), errors.Is(err, transport.ErrOutOfTime):
		return unclear, err
	case refusal == nil && pingone.IsTransient(err):
		return unclear, err
	case refusal != nil && refusal.Status == http.StatusNotFound:
		return notThere, nil
	case refusal != nil && refusal.Status == http.StatusForbidden:
		return forbidden, nil
	}
	return unclear, nil
}

// transientAsNo: a witness who can't be heard says nothing.
func transientAsNo(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil && pingone.IsTransient(err) {
		return nil
	}
	return err
}

// probe tells whether PingOne answers at all: a refusal is an answer, too.
func (r *reading) probe(ctx context.Context) (up bool, err error) {
	_, err = r.o.Client.First(ctx, pingone.List{Path: "/v1/environments", Query: "limit=1", Key: "environments"})
	switch {
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case errors.Is(err, transport.ErrOutOfTime), errors.Is(err, pingone.ErrCredentials):
		return false, err
	}
	return err == nil || pingone.Refusal(err) != nil && !isUnauthorized(err), nil
}

// workersFor is how many requests are in flight at most: enough to keep the
// pace when a page takes a second and a half.
func workersFor(perSecond float64, lists int) int {
	return max(1, min(int(math.Ceil(1.5*perSecond))+1, maxWorkers, lists))
}

// maxWorkers bounds the pages in flight, and so the memory: a thousand users
// are 1 to 2 MB.
const maxWorkers = 48
