package lambdafn

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/staging"
)

// maxContinuations bounds a chain of invocations: at fifteen minutes each,
// more than five days, in which one function reads the roles of more than a
// million users at PingOne's slowest limit.
const maxContinuations = 500

var errNoProgress = errors.New("this invocation ran out of time without committing anything, so another would not get further: raise the function's timeout or PINGONE_REQUESTS_PER_SECOND, and see the log for throttling")

// invoker is what this package needs of a Lambda client.
type invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// goOn invokes this function again for the same run, asynchronously, when an
// invocation ended before its work did. The template allows the recursion
// that Lambda would stop after 16 invocations (RecursiveLoop: Allow); its
// bounds are progress and maxContinuations.
func goOn(ctx context.Context, client invoker, run staging.RunID, payload []byte, progressed bool, tune ...func(*aws.Config)) error {
	done := event.Continuation(payload)
	switch {
	case !progressed:
		return errNoProgress
	case done >= maxContinuations:
		return fmt.Errorf("run %s is unfinished after %d continuations, the most that are allowed: something is far slower than planned", run, done)
	}
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return errors.New("unfinished, and no Lambda function to invoke again: call again to go on")
	}
	if client == nil {
		var err error
		if client, err = assemble.Lambda(ctx, tune...); err != nil {
			return err
		}
	}
	next, err := event.Continue(payload, run, done+1)
	if err != nil {
		return err
	}
	_, err = client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName:   aws.String(lc.InvokedFunctionArn),
		InvocationType: types.InvocationTypeEvent,
		Payload:        next,
	})
	if err != nil {
		return fmt.Errorf("unfinished, and it could not invoke itself again to go on with run %s: %w", run, err)
	}
	return nil
}
