package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/staging"
)

// transformName stands for the transform function among the collections.
const transformName = "transform"

// outputs are the stack's outputs that this command needs, as template.yaml
// names them, each with what it is to stack.functions.
var outputs = map[string]string{
	"EnvironmentsFunctionName":    string(staging.Environments),
	"PopulationsFunctionName":     string(staging.Populations),
	"UsersFunctionName":           string(staging.Users),
	"GroupsFunctionName":          string(staging.Groups),
	"MembershipsFunctionName":     string(staging.Memberships),
	"RolesFunctionName":           string(staging.Roles),
	"RoleAssignmentsFunctionName": string(staging.RoleAssignments),
	"ApplicationsFunctionName":    string(staging.Applications),
	"GatewaysFunctionName":        string(staging.Gateways),
	"TransformFunctionName":       transformName,
}

const bucketOutput = "StagingBucketName"

// stack is a deployment.
type stack struct {
	name      string
	tune      []func(*aws.Config)
	lambda    *lambda.Client
	functions map[string]string // name by collection, and of transform
	store     staging.Store
}

// openStack finds a deployed stack with the caller's AWS credentials.
func openStack(ctx context.Context, w world, name string) (*stack, error) {
	cfg, err := assemble.AWS(ctx, w.AWS...)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that names one")
	}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return nil, noStack(err, name, cfg.Region)
	}
	if len(out.Stacks) != 1 {
		return nil, fmt.Errorf("stack %s: CloudFormation names %d stacks, not one", name, len(out.Stacks))
	}
	s := &stack{name: aws.ToString(out.Stacks[0].StackName), tune: w.AWS, lambda: lambda.NewFromConfig(cfg), functions: map[string]string{}}
	bucket := ""
	for _, o := range out.Stacks[0].Outputs {
		key, value := aws.ToString(o.OutputKey), aws.ToString(o.OutputValue)
		if what, ok := outputs[key]; ok {
			s.functions[what] = value
		}
		if key == bucketOutput {
			bucket = value
		}
	}
	if bucket == "" || len(s.functions) != len(outputs) {
		return nil, fmt.Errorf("stack %s lacks outputs that every stack of pingone-authomize has once its deployment is complete (its state is %s): check --stack, or deploy again", name, out.Stacks[0].StackStatus)
	}
	store, err := assemble.Store(ctx, "s3://"+bucket, w.AWS...)
	if err != nil {
		return nil, err
	}
	s.store = permitted{store}
	return s, nil
}

func noStack(err error, name, region string) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist") {
		return fmt.Errorf("there is no stack %s in region %s: check --stack, and AWS_REGION and AWS_PROFILE, which say where to look", name, region)
	}
	return denied(err, "cloudformation:DescribeStacks", "stack "+name)
}

// start invokes a function asynchronously.
func (s *stack) start(ctx context.Context, what string, payload []byte) error {
	_, err := s.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(s.functions[what]), InvocationType: "Event", Payload: payload})
	if err != nil {
		return fmt.Errorf("start %s: %w", what, denied(err, "lambda:InvokeFunction", "function "+s.functions[what]))
	}
	return nil
}

// call invokes a function and waits for its answer. It is sent once: another
// try could meet the first one at work.
func (s *stack) call(ctx context.Context, what string, payload []byte) ([]byte, error) {
	out, err := s.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(s.functions[what]), Payload: payload},
		func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", what, denied(err, "lambda:InvokeFunction", "function "+s.functions[what]))
	}
	if out.FunctionError != nil {
		return nil, functionError(what, out.Payload)
	}
	return out.Payload, nil
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
// has, and what the fetch functions have that have settings of their own.
func (s *stack) settings(ctx context.Context) (func(string) string, error) {
	all := map[string]string{}
	for _, what := range []string{transformName, string(staging.Users), string(staging.RoleAssignments)} {
		env, err := s.env(ctx, what)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, env)
	}
	return func(name string) string { return all[name] }, nil
}

// command is a command line about a run of this stack.
func (s *stack) command(name string, run staging.RunID) string {
	return fmt.Sprintf("pingone-authomize %s --stack %s --run %s", name, s.name, run)
}
