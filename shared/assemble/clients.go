package assemble

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"pingone-authomize/shared/secret/awssecret"
	"pingone-authomize/shared/staging/s3store"
)

// An operation is one of an AWS client's. Clients are held as the operations
// in use because of the size of transform: its report page needs
// html/template, with which the linker keeps all methods of every client that
// an interface holds, and all that these reach.
type operation[I, O, P any] func(context.Context, *I, ...func(*P)) (*O, error)

type bucket struct {
	get  operation[s3.GetObjectInput, s3.GetObjectOutput, s3.Options]
	put  operation[s3.PutObjectInput, s3.PutObjectOutput, s3.Options]
	list operation[s3.ListObjectsV2Input, s3.ListObjectsV2Output, s3.Options]
}

var _ s3store.Client = bucket{}

func bucketOf(c *s3.Client) bucket {
	return bucket{get: c.GetObject, put: c.PutObject, list: c.ListObjectsV2}
}

// GetObject implements s3store.Client.
func (b bucket) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return b.get(ctx, in, o...)
}

// PutObject implements s3store.Client.
func (b bucket) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return b.put(ctx, in, o...)
}

// ListObjectsV2 implements s3store.Client.
func (b bucket) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, o ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return b.list(ctx, in, o...)
}

type secrets struct {
	get operation[secretsmanager.GetSecretValueInput, secretsmanager.GetSecretValueOutput, secretsmanager.Options]
}

var _ awssecret.API = secrets{}

// GetSecretValue implements awssecret.API.
func (s secrets) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return s.get(ctx, in, o...)
}

// An Invoker invokes Lambda functions.
type Invoker struct {
	invoke operation[lambda.InvokeInput, lambda.InvokeOutput, lambda.Options]
}

// Invoke is the operation of that name.
func (i Invoker) Invoke(ctx context.Context, in *lambda.InvokeInput, o ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return i.invoke(ctx, in, o...)
}
