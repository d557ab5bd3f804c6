// Package awsfake gives tests an S3 and a Secrets Manager on 127.0.0.1:
// moto_server where it is installed, else gofakes3 and a handler of its own in
// this process. It is for tests only.
package awsfake

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Region is where the fakes are.
const Region = "eu-west-1"

// A Kind says what serves.
type Kind string

// The kinds.
const (
	Any  Kind = ""     // Moto where it works or MOTO_SERVER names it, else Go
	Moto Kind = "moto" // moto_server, a process of its own
	Go   Kind = "go"   // gofakes3 and a Secrets Manager handler, in this process
)

// A Server is a running fake.
type Server struct {
	// URL is for AWS_ENDPOINT_URL.
	URL  string
	Kind Kind
	// Note says which fake it is, and why not another.
	Note string

	stop func()
}

// Start starts a fake of that kind; the caller closes it.
func Start(ctx context.Context, kind Kind) (*Server, error) {
	switch kind {
	case Moto:
		return startMoto(ctx)
	case Go:
		return startGo(ctx, "as asked for")
	case Any:
		s, err := startMoto(ctx)
		if err == nil || os.Getenv(motoVariable) != "" {
			return s, err
		}
		return startGo(ctx, err.Error())
	}
	return nil, fmt.Errorf("there is no fake AWS %q: it is moto or go", kind)
}

// Close stops the fake.
func (s *Server) Close() { s.stop() }

// S3 returns a client for tests.
func (s *Server) S3() *s3.Client {
	return s3.New(s3.Options{
		Region: Region, BaseEndpoint: &s.URL, UsePathStyle: true, Credentials: credentials(),
		// Else the SDK asks for, and sends, more than gofakes3 understands.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
}

// CreateBucket makes a bucket.
func (s *Server) CreateBucket(ctx context.Context, name string) error {
	_, err := s.S3().CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    &name,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: Region},
	})
	if err != nil {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	return nil
}

// CreateSecret stores a secret as text.
func (s *Server) CreateSecret(ctx context.Context, name, text string) error {
	client := secretsmanager.New(secretsmanager.Options{Region: Region, BaseEndpoint: &s.URL, Credentials: credentials()})
	if _, err := client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text}); err != nil {
		return fmt.Errorf("create secret %s: %w", name, err)
	}
	return nil
}

func credentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})
}

func listen(ctx context.Context) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the fake AWS: %w", err)
	}
	return l, nil
}
