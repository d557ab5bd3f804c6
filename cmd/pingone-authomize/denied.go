package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"pingone-authomize/shared/staging"
)

// Codes by which AWS services refuse a caller.
var (
	codesOfDenial = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"}
	codesOfNobody = []string{
		"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId",
		"SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken",
	}
)

// denied says what an error of AWS means to the caller: which permission is
// lacking, and on what, or that the credentials are none. Others are as they
// were.
func denied(err error, permission, on string) error {
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && slices.Contains(codesOfDenial, api.ErrorCode()):
		if strings.Contains(strings.ToLower(api.ErrorMessage()), "kms") {
			permission = "kms:Decrypt and kms:GenerateDataKey on the stack's key, besides " + permission
		}
		return fmt.Errorf("AWS refuses it: the identity that you use needs the permission %s on %s (aws sts get-caller-identity shows which identity that is): %w", permission, on, err)
	case errors.As(err, &api) && slices.Contains(codesOfNobody, api.ErrorCode()):
		return fmt.Errorf("AWS does not take your credentials: sign in anew, or check AWS_PROFILE: %w", err)
	case strings.Contains(err.Error(), "failed to refresh cached credentials"), strings.Contains(err.Error(), "get identity"):
		return fmt.Errorf("there are no AWS credentials that work: set AWS_PROFILE, or sign in: %w", err)
	}
	return err
}

// permitted is a store that says which permission the caller lacks.
type permitted struct{ staging.Store }

// Get implements staging.Store.
func (p permitted) Get(ctx context.Context, key string) (staging.Object, error) {
	o, err := p.Store.Get(ctx, key)
	return o, denied(err, "s3:GetObject", p.String()+"/"+key)
}

// Put implements staging.Store.
func (p permitted) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	version, err := p.Store.Put(ctx, key, data, cond)
	return version, denied(err, "s3:PutObject", p.String()+"/"+key)
}

// Folders implements staging.Store.
func (p permitted) Folders(ctx context.Context, prefix string) ([]string, error) {
	names, err := p.Store.Folders(ctx, prefix)
	return names, denied(err, "s3:ListBucket", p.String())
}
