// Package assemble puts the parts together as the settings say. It is the one
// package that sees all of them; the functions and the command share it.
package assemble

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/secret/awssecret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
	"pingone-authomize/shared/staging/s3store"
)

// awsAttempts is how often the SDK sends a request to AWS at most.
const awsAttempts = 5

// Store opens the staging store at url: s3://bucket/prefix or file:///folder.
func Store(ctx context.Context, url string, tune ...func(*aws.Config)) (staging.Store, error) {
	if strings.HasPrefix(url, "file:") {
		dir, err := dirstore.Parse(url)
		if err != nil {
			return nil, fmt.Errorf("STAGING_URL: %w", err)
		}
		return dirstore.New(dir)
	}
	bucket, prefix, err := s3store.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("STAGING_URL: %w", err)
	}
	cfg, err := AWS(ctx, tune...)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		// Parts have sums of their own; the SDK's line about an object
		// without a checksum is no news.
		o.DisableLogOutputChecksumValidationSkipped = true
		// A name like bucket.127.0.0.1 resolves nowhere.
		o.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_S3") != ""
	})
	return s3store.New(client, bucket, prefix), nil
}

// Secret opens the secret by name or ARN.
func Secret(ctx context.Context, c config.Common, tune ...func(*aws.Config)) (secret.Source, error) {
	cfg, err := AWS(ctx, tune...)
	if err != nil {
		return nil, err
	}
	return awssecret.Source{API: secretsmanager.NewFromConfig(cfg), ID: c.SecretID, Check: tokenEndpoint}, nil
}

// tokenEndpoint refuses one that PingOne can't have, if there is one.
func tokenEndpoint(c secret.Credentials) error {
	if c.TokenEndpoint == "" {
		return nil
	}
	_, err := pingone.ParseTokenEndpoint(c.TokenEndpoint)
	return err
}

// Lambda returns what invokes functions.
func Lambda(ctx context.Context, tune ...func(*aws.Config)) (*lambda.Client, error) {
	cfg, err := AWS(ctx, tune...)
	if err != nil {
		return nil, err
	}
	return lambda.NewFromConfig(cfg), nil
}

// AWS reads the SDK's own settings, and lets tune add to them.
func AWS(ctx context.Context, tune ...func(*aws.Config)) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRetryMaxAttempts(awsAttempts))
	if err != nil {
		return aws.Config{}, fmt.Errorf("AWS configuration: %w", err)
	}
	for _, t := range tune {
		t(&cfg)
	}
	return cfg, nil
}
