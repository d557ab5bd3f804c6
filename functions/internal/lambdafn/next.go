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

var errNoProgress = errors.New("this invocation ran out of time before it could save anything, and another would get no further: raise the function's timeout, and see the log for throttling")

// invoker is what this package needs of a Lambda client.
type invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// goOn invokes this function for the same run, asynchronously, when an
// invocation ended before its work did. The template allows the recursion
// that Lambda would stop after 16 invocations (RecursiveLoop: Allow); its
// bound is maxContinuations.
func goOn(ctx context.Context, client invoker, run staging.RunID, dryRun bool, payload []byte, tune ...func(*aws.Config)) error {
	done := event.Continuation(payload)
	if done >= maxContinuations {
		return fmt.Errorf("run %s is unfinished after %d continuations, the most that are allowed: something is far slower than planned", run, done)
	}
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return errors.New("unfinished, and no Lambda function to invoke: call once more to go on")
	}
	if client == nil {
		var err error
		if client, err = assemble.Lambda(ctx, tune...); err != nil {
			return err
		}
	}
	next, err := event.Continue(run, dryRun, done+1)
	if err != nil {
		return err
	}
	_, err = client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName:   aws.String(lc.InvokedFunctionArn),
		InvocationType: types.InvocationTypeEvent,
		Payload:        next,
	})
	if err != nil {
		return fmt.Errorf("unfinished, and it could not invoke itself to go on with run %s: %w", run, err)
	}
	return nil
}
