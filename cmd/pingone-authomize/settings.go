package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// secretTimeout bounds the look into Secrets Manager.
const secretTimeout = 30 * time.Second

// settings are those of all functions together.
type settings struct {
	fetch     map[staging.Collection]config.Fetch
	transform config.Transform
	secret    secret.Source
	staging   string

	credentials secret.Credentials // at the start
	root        config.Fetch       // with what follows from them
}

// hints say where the value of a variable comes from.
var hints = map[string]string{
	"AUTHOMIZE_APP_ID": "the id of the app in Authomize that stands for the PingOne organization",
	"SECRET_ID": "name the secret in AWS Secrets Manager, or give " + assemble.EnvClientID + ", " + assemble.EnvClientSecret + ", " +
		assemble.EnvTokenEndpoint + " and " + assemble.EnvAuthomizeToken + " instead",
}

// loadSettings reads the settings of every function and the secret. The error
// is one message that names every fault.
func loadSettings(ctx context.Context, getenv func(string) string, tune ...func(*aws.Config)) (settings, error) {
	s := settings{fetch: map[staging.Collection]config.Fetch{}}
	var faults settingsError
	faults.add(misspeltIn(getenv))
	lookup := s.openSecret(ctx, getenv, &faults, tune)
	for _, c := range staging.Collections {
		f, err := config.LoadFetch(lookup, c)
		faults.add(err)
		s.fetch[c] = f
	}
	t, err := config.LoadTransform(lookup)
	faults.add(err)
	s.transform, s.staging = t, t.StagingURL
	if s.secret != nil {
		s.checkSecret(ctx, &faults)
	}
	if len(faults) > 0 {
		return s, faults
	}
	return s, nil
}

// openSecret decides where the credentials come from. The lookup that it
// returns satisfies the check for SECRET_ID, which is made here.
func (s *settings) openSecret(ctx context.Context, getenv func(string) string, f *settingsError, tune []func(*aws.Config)) func(string) string {
	id := strings.TrimSpace(getenv("SECRET_ID"))
	direct := slices.ContainsFunc(assemble.EnvSecretNames, func(name string) bool { return strings.TrimSpace(getenv(name)) != "" })
	switch {
	case id != "" && direct:
		f.add(fmt.Errorf("SECRET_ID: it is set, and so is one of %s: give the one or the others", strings.Join(assemble.EnvSecretNames, ", ")))
	case direct:
		s.secret = assemble.EnvSecret{Getenv: getenv}
	case id == "":
		f.add(errors.New("SECRET_ID: it is not set"))
	default:
		source, err := assemble.Secret(ctx, config.Common{SecretID: id}, tune...)
		if err != nil {
			f.add(fmt.Errorf("SECRET_ID: %w", err))
			break
		}
		s.secret = source
	}
	return func(name string) string {
		if name == "SECRET_ID" && id == "" {
			return "none"
		}
		return getenv(name)
	}
}

// checkSecret reads the credentials once, since what is wrong with them is to
// be said together with the rest.
func (s *settings) checkSecret(ctx context.Context, f *settingsError) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	var err error
	if s.credentials, err = s.secret.Credentials(ctx); err != nil {
		f.add(denied(err, "secretsmanager:GetSecretValue", "the secret that SECRET_ID names"))
		return
	}
	s.root, err = s.fetch[staging.Environments].Resolve(s.credentials, true)
	f.add(err)
}

// checkToken gets an access token once, so that a refused secret is said once
// and not by every collection.
func (s *settings) checkToken(ctx context.Context) error {
	if _, err := pingone.NewTokens(s.secret, transport.Options{}).Token(ctx); err != nil {
		return fmt.Errorf("no access to PingOne, so nothing was read and nothing was posted: %w", err)
	}
	return nil
}

// settingsError are all faults of the settings, each once.
type settingsError []string

func (e *settingsError) add(err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok && strings.Contains(err.Error(), "\n") {
		for _, one := range joined.Unwrap() {
			e.add(one)
		}
		return
	}
	text := err.Error()
	if name, rest, _ := strings.Cut(text, ": "); rest == "it is not set" && hints[name] != "" {
		text += ": " + hints[name]
	}
	if !slices.Contains(*e, text) {
		*e = append(*e, text)
	}
}

func (e settingsError) Error() string {
	return fmt.Sprintf("the settings are not right, so nothing was read and nothing was posted:\n  - %s\n"+
		"correct this in the environment or in the env file; .env.example lists every setting", strings.Join(e, "\n  - "))
}

// loadEnvFile sets the variables of a file that are not set yet, if there is
// one.
func loadEnvFile(w world, file string) error {
	if file == "" {
		return nil
	}
	values, err := readEnvFile(file)
	if err != nil {
		return err
	}
	if err := misspelt(values); err != nil {
		return fmt.Errorf("env file %s: %w", file, err)
	}
	for name, value := range values {
		if w.Getenv(name) != "" {
			continue
		}
		if err := w.Setenv(name, value); err != nil {
			return fmt.Errorf("env file %s: set %s: %w", file, name, err)
		}
	}
	return nil
}

// stagingURL is what the flag or STAGING_URL names, else the folder
// staging in the working directory. The flag may be a plain folder, too.
func stagingURL(w world, flag string) (string, error) {
	if strings.Contains(flag, "://") {
		return flag, nil
	}
	if scheme, _, isURL := strings.Cut(flag, ":/"); isURL && (scheme == "s3" || scheme == "file") {
		return "", fmt.Errorf("--staging %s is neither a folder nor a URL: write s3://bucket/prefix or file:///folder", flag)
	}
	if env := strings.TrimSpace(w.Getenv("STAGING_URL")); flag == "" && env != "" {
		return env, nil
	}
	dir := flag
	if dir == "" {
		dir = "staging"
	}
	if !filepath.IsAbs(dir) {
		wd, err := w.Getwd()
		if err != nil {
			return "", fmt.Errorf("find the staging folder: %w", err)
		}
		dir = filepath.Join(wd, dir)
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}).String(), nil
}

// settingNames are the settings, beside those of the AWS SDK and the network.
var settingNames = func() []string {
	names := slices.Clone(assemble.EnvSecretNames)
	for _, s := range config.Settings() {
		names = append(names, s.Name)
	}
	return names
}()

// misspelt names what is no setting, nor AWS's or a proxy's: a DRY_RUN that is not
// heard means a real sweep.
func misspelt(values map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		upper := strings.ToUpper(name)
		if !slices.Contains(settingNames, name) && !strings.HasPrefix(upper, "AWS_") && !strings.HasSuffix(upper, "_PROXY") {
			errs = append(errs, fmt.Errorf("%s is no setting: .env.example lists them", name))
		}
	}
	return errors.Join(errs...)
}

// misspeltIn names the variables of an environment, whose names can't be listed,
// that are settings written together or in small letters.
func misspeltIn(getenv func(string) string) error {
	values := map[string]string{}
	for _, s := range settingNames {
		for _, name := range []string{strings.ReplaceAll(s, "_", ""), strings.ToLower(s)} {
			if strings.TrimSpace(getenv(name)) != "" {
				values[name] = ""
			}
		}
	}
	return misspelt(values)
}
