package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/staging"
)

// The stack's outputs that this command needs, as template.yaml names them:
// UsersFunctionName and so on, and the bucket.
const (
	functionOutput = "FunctionName"
	bucketOutput   = "StagingBucketName"
)

// openStack finds a deployed stack with the caller's AWS credentials.
func openStack(ctx context.Context, w world, name string) (site, error) {
	cfg, err := assemble.AWS(ctx, w.AWS...)
	if err != nil {
		return site{}, err
	}
	if cfg.Region == "" {
		return site{}, errors.New("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that names one")
	}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return site{}, noStack(err, name, cfg.Region)
	}
	if len(out.Stacks) != 1 {
		return site{}, fmt.Errorf("stack %s: CloudFormation names %d stacks, not one", name, len(out.Stacks))
	}
	s := &stack{name: aws.ToString(out.Stacks[0].StackName), lambda: lambda.NewFromConfig(cfg), functions: map[string]string{}}
	bucket := ""
	for _, o := range out.Stacks[0].Outputs {
		key, value := aws.ToString(o.OutputKey), aws.ToString(o.OutputValue)
		if name, isFunction := strings.CutSuffix(key, functionOutput); isFunction {
			s.functions[strings.ToLower(name)] = value
		}
		if key == bucketOutput {
			bucket = value
		}
	}
	lacks := func(c staging.Collection) bool { return s.functions[string(c)] == "" }
	if bucket == "" || s.functions[transformName] == "" || slices.ContainsFunc(staging.Collections, lacks) {
		return site{}, fmt.Errorf("stack %s lacks outputs that every stack of pingone-authomize has once its deployment is complete (its state is %s): check --stack, or deploy once more", name, out.Stacks[0].StackStatus)
	}
	store, err := assemble.Store(ctx, "s3://"+bucket, w.AWS...)
	return site{permitted{store}, where{Stack: s.name}.flags(), s}, err
}

func noStack(err error, name, region string) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist") {
		return fmt.Errorf("there is no stack %s in region %s: check --stack, and AWS_REGION and AWS_PROFILE, which say where to look", name, region)
	}
	return denied(err, "cloudformation:DescribeStacks", "stack "+name)
}

// start has a function go on with a run, without waiting for it.
func (s *stack) start(ctx context.Context, what string, run staging.RunID) error {
	_, err := s.invoke(ctx, what, fmt.Appendf(nil, `{"run":%q}`, run), types.InvocationTypeEvent)
	return err
}

// call invokes a function and waits for its answer, up to its time limit.
func (s *stack) call(ctx context.Context, what string, payload []byte) ([]byte, error) {
	return s.invoke(ctx, what, payload, types.InvocationTypeRequestResponse)
}

// invoke is sent once: another try could meet the first one at work.
func (s *stack) invoke(ctx context.Context, what string, payload []byte, how types.InvocationType) ([]byte, error) {
	name := s.functions[what]
	out, err := s.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, InvocationType: how, Payload: payload},
		func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
	switch {
	case err != nil:
		return nil, fmt.Errorf("invoke %s: %w", what, denied(err, "lambda:InvokeFunction", "function "+name))
	case out.FunctionError != nil:
		return nil, functionError(what, out.Payload)
	}
	return out.Payload, nil
}

// functionError is what a function answered in place of a result.
func functionError(what string, payload []byte) error {
	var in struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &in) != nil || in.Message == "" {
		return fmt.Errorf("%s failed without saying why: see its log", what)
	}
	return fmt.Errorf("%s failed: %s", what, in.Message)
}

// env is what a function's environment variables are set to.
func (s *stack) env(ctx context.Context, what string) (map[string]string, error) {
	out, err := s.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(s.functions[what])})
	if err != nil {
		return nil, fmt.Errorf("read the settings of %s: %w", what, denied(err, "lambda:GetFunctionConfiguration", "function "+s.functions[what]))
	}
	if out.Environment == nil {
		return map[string]string{}, nil
	}
	if out.Environment.Error != nil {
		return nil, fmt.Errorf("read the settings of %s: AWS can't decrypt them: the identity that you use needs kms:Decrypt on their key", what)
	}
	return out.Environment.Variables, nil
}

// settings are those of all functions together, as getenv: what transform
// has, and the fetch functions that heed more than the others.
func (s *stack) settings(ctx context.Context) (func(string) string, error) {
	all := map[string]string{}
	for _, what := range []string{transformName, string(staging.Environments), string(staging.RoleAssignments), string(staging.Devices), string(staging.Roles)} {
		env, err := s.env(ctx, what)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, env)
	}
	return func(name string) string { return all[name] }, nil
}

// transformSettings are those of the transform function.
func (s *stack) transformSettings(ctx context.Context) (config.Transform, error) {
	env, err := s.env(ctx, transformName)
	if err != nil {
		return config.Transform{}, err
	}
	set, err := config.LoadTransform(func(name string) string { return env[name] })
	if err != nil {
		err = fmt.Errorf("the settings of stack %s: %w", s.name, err)
	}
	return set, err
}
