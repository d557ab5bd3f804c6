package lambdafn

import (
	"context"
	"errors"
	"net"
	"slices"

	"github.com/aws/smithy-go"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
	"pingone-authomize/shared/transport"
)

// announceFailure puts the event of a failed invocation on the bus.
func (s *seen) announceFailure(ctx context.Context, err error) {
	s.announce(ctx, func(put observe.PutEvents) error {
		return observe.AnnounceFailure(ctx, put, observe.InvocationFailed{
			Stack: s.stack, Run: string(s.run), Function: s.function, RequestID: holder(s.ctx), Class: s.classOf(err), Error: err.Error(),
		})
	})
}

// announce sends an event, and counts one that could not be sent.
func (s *seen) announce(ctx context.Context, send func(observe.PutEvents) error) {
	if s.stack == "" {
		return
	}
	put, err := s.bus(ctx)
	if err == nil {
		err = send(put)
	}
	if err != nil {
		s.log.ErrorContext(ctx, "an event was not sent: it changes nothing else", "err", err)
	}
	s.put("", observe.Values{observe.EventsFailed: flag(err != nil)})
}

// bus makes the client of EventBridge when it is first needed.
func (s *seen) bus(ctx context.Context) (observe.PutEvents, error) {
	if s.putEvents == nil {
		cfg, err := assemble.AWS(ctx, s.tracer.AWS)
		if err != nil {
			return nil, err
		}
		s.putEvents = observe.NewPutEvents(cfg)
	}
	return s.putEvents, nil
}

// eventError is an event that is not understood.
type eventError struct{ error }

// classes are the kinds of error of each class, in the order in which they are
// looked for.
var classes = []struct {
	class observe.FailureClass
	kinds []error
}{
	{observe.FailedByCredentials, []error{pingone.ErrCredentials, pingone.ErrUnauthorized, authomize.ErrUnauthorized}},
	{observe.FailedBySecret, []error{secret.ErrUnusable}},
	{observe.FailedByEvent, []error{staging.ErrClosed, staging.ErrUnknownRun, transform.ErrRefused, transform.ErrNotApprovable}},
	{observe.FailedByThrottling, []error{pingone.ErrThrottled, authomize.ErrThrottled}},
	{observe.FailedByStaging, []error{staging.ErrConflict, staging.ErrCorrupt, staging.ErrIncomplete, staging.ErrNotFound, staging.ErrLeased, staging.ErrLeaseLost}},
	{observe.FailedByPingOne, []error{fetch.ErrOutage, pingone.ErrBadLink, pingone.ErrPageLoop, pingone.ErrBadPage}},
	{observe.FailedByAuthomize, []error{
		authomize.ErrNoApp, authomize.ErrTooLarge, authomize.ErrInvalid, authomize.ErrServer, authomize.ErrRedirect, authomize.ErrBadReceipt,
		authomize.ErrForbidden, authomize.ErrBlocked, authomize.ErrConflict,
	}},
}

// services are the classes of faults of AWS, by the service that failed.
var services = map[string]observe.FailureClass{
	"Secrets Manager": observe.FailedBySecret,
	"S3":              observe.FailedByStaging,
}

// apis are the classes of faults of a connection, by the API it leads to.
var apis = map[observe.API]observe.FailureClass{
	observe.PingOne:   observe.FailedByPingOne,
	observe.Authomize: observe.FailedByAuthomize,
}

// classOf says what kind of thing an invocation failed with.
func (s *seen) classOf(err error) observe.FailureClass {
	var bad eventError
	if errors.As(err, &bad) {
		return observe.FailedByEvent
	}
	is := func(kind error) bool { return errors.Is(err, kind) }
	for _, c := range classes {
		if slices.ContainsFunc(c.kinds, is) {
			return c.class
		}
	}
	var call *smithy.OperationError
	if errors.As(err, &call) {
		if class, ok := services[call.ServiceID]; ok {
			return class
		}
		return observe.FailedOtherwise
	}
	var reply *pingone.Error
	var broken net.Error
	if errors.As(err, &reply) || errors.As(err, &broken) || is(transport.ErrBodyTooLarge) {
		return apis[s.api]
	}
	return observe.FailedOtherwise
}
