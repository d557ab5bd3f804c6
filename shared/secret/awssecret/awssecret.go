// Package awssecret reads the credentials from AWS Secrets Manager.
package awssecret

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"pingone-authomize/shared/secret"
)

// API is what this package needs of a Secrets Manager client.
type API interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// A Source is one secret, by name or ARN.
type Source struct {
	API API
	ID  string
	// Check, if set, finds the faults that take knowledge of PingOne or
	// Authomize. They are said together with the others.
	Check func(secret.Credentials) error
}

// Credentials implements secret.Source. Transient faults are retried by the
// SDK; an error names the secret and what to do.
func (s Source) Credentials(ctx context.Context) (secret.Credentials, error) {
	out, err := s.API.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(s.ID)})
	var absent *types.ResourceNotFoundException
	switch {
	case errors.As(err, &absent):
		return secret.Credentials{}, fmt.Errorf("secret %s does not exist in this account and region: create it, or correct SECRET_ID: %w", s.ID, err)
	case err != nil:
		return secret.Credentials{}, fmt.Errorf("read secret %s: %w", s.ID, err)
	case out.SecretString == nil:
		return secret.Credentials{}, fmt.Errorf("secret %s holds bytes, not text: store the JSON as SecretString", s.ID)
	}
	c, err := secret.Parse([]byte(*out.SecretString))
	if s.Check != nil {
		err = errors.Join(err, s.Check(c))
	}
	if err != nil {
		return secret.Credentials{}, fmt.Errorf("secret %s: %w", s.ID, err)
	}
	return c, nil
}
