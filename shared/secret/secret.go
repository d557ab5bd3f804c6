// Package secret holds the credentials of a deployment, in a form that no log,
// error or trace can show.
package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/go-json-experiment/json"
)

// A Value is a credential. Reveal is the only way to its text, which sits
// behind a func since fmt prints unexported fields of an enclosing struct
// without asking their methods.
type Value struct{ text func() string }

const redacted = "[redacted]"

// NewValue hides text.
func NewValue(text string) Value { return Value{text: func() string { return text }} }

// Reveal returns the text, "" for the zero Value. Call it where the text is
// sent, nowhere else.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return v.text()
}

// Format implements fmt.Formatter.
func (Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// String implements fmt.Stringer.
func (Value) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// An AuthMethod is how a worker application proves itself at the token
// endpoint. It must equal the application's setting: PingOne accepts exactly
// one.
type AuthMethod string

// The methods, as the secret spells them.
const (
	Basic AuthMethod = "basic" // CLIENT_SECRET_BASIC
	Post  AuthMethod = "post"  // CLIENT_SECRET_POST
)

// Credentials are what the two APIs ask for.
type Credentials struct {
	ClientID       string
	ClientSecret   Value
	TokenEndpoint  string
	AuthMethod     AuthMethod
	AuthomizeToken Value
}

// A Source reads the credentials anew at each call, so that a rotated secret
// is seen.
type Source interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// ErrUnusable is the kind of every error of Parse.
var ErrUnusable = errors.New("the secret is not usable")

// unusable gives an error that kind, without a word more.
type unusable struct{ error }

func (unusable) Is(target error) bool { return target == ErrUnusable }

// Parse reads the secret's JSON and reports every fault at once, by name and
// never by value. The credentials are returned all the same, as far as there
// are any: what a token endpoint may be is for others to judge.
func Parse(data []byte) (Credentials, error) {
	var in struct {
		ClientID       string `json:"clientId"`
		ClientSecret   string `json:"clientSecret"`
		TokenEndpoint  string `json:"tokenEndpoint"`
		AuthomizeToken string `json:"authomizeToken"`
		AuthMethod     string `json:"authMethod"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &in); err != nil {
		// The decoder's message may quote the input.
		return Credentials{}, unusable{errors.New("the secret is not a JSON object of strings: it needs clientId, clientSecret, tokenEndpoint and authomizeToken")}
	}
	// A line end that was copied along is refused by both APIs with an error
	// that doesn't say so; none of these holds white space.
	c := Credentials{
		ClientID:       strings.TrimSpace(in.ClientID),
		ClientSecret:   NewValue(strings.TrimSpace(in.ClientSecret)),
		TokenEndpoint:  strings.TrimSpace(in.TokenEndpoint),
		AuthMethod:     AuthMethod(strings.TrimSpace(in.AuthMethod)),
		AuthomizeToken: NewValue(strings.TrimSpace(in.AuthomizeToken)),
	}
	return c, c.validate()
}

func (c *Credentials) validate() error {
	var faults []string
	for _, f := range []struct{ name, value string }{
		{"clientId", c.ClientID},
		{"clientSecret", c.ClientSecret.Reveal()},
		{"tokenEndpoint", c.TokenEndpoint},
		{"authomizeToken", c.AuthomizeToken.Reveal()},
	} {
		if f.value == "" {
			faults = append(faults, "the secret has no "+f.name)
		}
	}
	switch c.AuthMethod {
	case "":
		c.AuthMethod = Basic
	case Basic, Post:
	default:
		faults = append(faults, "the secret's authMethod is neither basic nor post")
	}
	if len(faults) == 0 {
		return nil
	}
	return unusable{errors.New(strings.Join(faults, "; "))} // on one line, as others put words before it
}
