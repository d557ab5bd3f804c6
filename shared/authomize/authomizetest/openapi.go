package authomizetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// OpenAPIPath finds the API description that lies beside a checkout of this
// module, starting from the working folder. It is not part of the module:
// tests that need it skip without it.
func OpenAPIPath() (path string, ok bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
	path = filepath.Join(filepath.Dir(dir), "shared", "data", "authomize-connectors-openapi.json")
	_, err = os.Stat(path)
	return path, err == nil
}

// A spec checks requests and replies against an API description.
type spec struct{ router routers.Router }

func loadSpec(path string) (*spec, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	// Examples, defaults and patterns of the published description are wrong in places.
	err = doc.Validate(context.Background(), openapi3.DisableExamplesValidation(),
		openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation())
	if err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	return &spec{router: router}, nil
}

func (s *spec) input(c *call) (*openapi3filter.RequestValidationInput, error) {
	r := c.r.Clone(c.r.Context())
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: requireHeader, SkipSettingDefaults: true, IncludeResponseStatus: true,
		},
	}, nil
}

// requireHeader is what the description says of authentication.
func requireHeader(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	r := in.RequestValidationInput.Request
	if r.Header.Get(in.SecurityScheme.Name) == "" {
		return in.NewError(errors.New("header is missing"))
	}
	return nil
}

func (s *spec) checkRequest(c *call) error {
	in, err := s.input(c)
	if err != nil {
		return err
	}
	return plain(openapi3filter.ValidateRequest(c.r.Context(), in))
}

func (s *spec) checkReply(c *call, status int, body []byte) error {
	in, err := s.input(c)
	if err != nil {
		return err
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Options: in.Options,
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	return plain(openapi3filter.ValidateResponse(c.r.Context(), out.SetBodyBytes(body)))
}

// plain words a finding without the values that it was found in.
func plain(err error) error {
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		return fmt.Errorf("at %v: %s", schema.JSONPointer(), schema.SchemaField)
	}
	return err
}
