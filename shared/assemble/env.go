package assemble

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pingone-authomize/shared/secret"
)

// The variables that hold the credentials on a machine without AWS.
const (
	EnvClientID       = "PINGONE_CLIENT_ID"
	EnvClientSecret   = "PINGONE_CLIENT_SECRET"
	EnvTokenEndpoint  = "PINGONE_TOKEN_ENDPOINT" //nolint:gosec // the name of a variable
	EnvAuthMethod     = "PINGONE_AUTH_METHOD"    // basic (default) or post
	EnvAuthomizeToken = "AUTHOMIZE_TOKEN"        //nolint:gosec // the name of a variable
)

// EnvSecretNames are the variables of EnvSecret.
var EnvSecretNames = []string{EnvClientID, EnvClientSecret, EnvTokenEndpoint, EnvAuthMethod, EnvAuthomizeToken}

// EnvSecret takes the credentials from environment variables, for use outside
// AWS. It is a secret.Source.
type EnvSecret struct{ Getenv func(string) string }

var _ secret.Source = EnvSecret{}

// Credentials implements secret.Source. The error joins every fault, each
// with the variable's name and never with its value.
func (s EnvSecret) Credentials(context.Context) (secret.Credentials, error) {
	var faults []error
	get := func(name, what string) string {
		v := strings.TrimSpace(s.Getenv(name))
		if v == "" {
			faults = append(faults, fmt.Errorf("%s: it is not set: %s", name, what))
		}
		return v
	}
	c := secret.Credentials{
		ClientID:      get(EnvClientID, "copy it from the Worker application in the PingOne console"),
		ClientSecret:  secret.NewValue(get(EnvClientSecret, "copy it from the Worker application in the PingOne console")),
		TokenEndpoint: get(EnvTokenEndpoint, "copy it from the Worker application in the PingOne console"),
		AuthMethod:    secret.AuthMethod(strings.ToLower(strings.TrimSpace(s.Getenv(EnvAuthMethod)))),
	}
	c.AuthomizeToken = secret.NewValue(get(EnvAuthomizeToken, "make an API token in Authomize"))
	if err := tokenEndpoint(c); err != nil {
		faults = append(faults, fmt.Errorf("%s: %w", EnvTokenEndpoint, err))
	}
	switch c.AuthMethod {
	case "":
		c.AuthMethod = secret.Basic
	case secret.Basic, secret.Post:
	default:
		faults = append(faults, fmt.Errorf("%s: it must be basic or post, as the Worker application's setting says", EnvAuthMethod))
	}
	return c, errors.Join(faults...)
}
