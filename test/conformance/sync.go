package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"pingone-authomize/shared/pingone/pingonetest"
)

// sync runs the command once, with everything that is opt-in.
func (w *world) sync(ctx context.Context) error {
	program := filepath.Join(w.folder, "pingone-authomize")
	if _, err := os.Stat(program); err != nil {
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/pingone-authomize").CombinedOutput(); err != nil { //nolint:gosec // our own program
			return fmt.Errorf("build the command: %w\n%s", err, out)
		}
	}
	cmd := exec.CommandContext(ctx, program, "run", "--staging", filepath.Join(w.folder, "staging")) //nolint:gosec // our own program
	cmd.Env = append(os.Environ(),
		"PINGONE_CLIENT_ID="+w.pingone.ClientID,
		"PINGONE_CLIENT_SECRET="+w.pingone.ClientSecret,
		// PingOne's description has no token endpoint: the fake is asked itself.
		"PINGONE_TOKEN_ENDPOINT="+w.pingone.TokenEndpoint(pingonetest.DemoIDs().Administrators),
		"PINGONE_API_URL="+w.toPingOne.url,
		"PINGONE_ENVIRONMENTS=all",
		"PINGONE_REQUESTS_PER_SECOND=5000",
		"MFA_DEVICES=true", "ROLE_PERMISSIONS=true",
		"AUTHOMIZE_TOKEN="+w.authomize.Token,
		"AUTHOMIZE_API_URL="+w.toAuthomize.url,
		"AUTHOMIZE_APP_ID="+w.authomize.AppID,
	)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the run through Prism: %w\n%s\n%s", err, out, w.found())
	}
	return nil
}

// found is what was found so far, since it may be why a run failed.
func (w *world) found() string {
	var lines []string
	w.verdict.write(func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
	return strings.Join(lines, "\n")
}

// live lets something happen, so that the next run asks for more than lists:
// who left, which roles were given, what is gone.
func (w *world) live() {
	ids := pingonetest.DemoIDs()
	w.organization.RemoveUser(ids.Workforce, ids.Emoji)
	w.organization.RemoveGroup(ids.Workforce, ids.Empty)
	w.organization.RemoveApplication(ids.Workforce, ids.AppOpen)
	w.organization.RemoveGateway(ids.Workforce, ids.GatewayLDAP)
	w.organization.RemoveRole(ids.Workforce, ids.ReadRole)
	w.organization.Assign(ids.Workforce, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: ids.NoName},
		pingonetest.RoleAssignment{Role: ids.PasswordRole, ScopeType: "ENVIRONMENT", Scope: ids.Workforce})
}

// models passes every record that was posted through the vendor's models, and
// returns how many there were.
func (w *world) models(ctx context.Context) (int, error) {
	var in bytes.Buffer
	for _, p := range w.toAuthomize.posts {
		if err := json.NewEncoder(&in).Encode(p); err != nil {
			return 0, err
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(w.paths.tools, "venv", "bin", "python"), //nolint:gosec // from the Makefile
		"-B", filepath.Join(w.paths.scripts, "models.py"))
	var out, count bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &count
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("models.py: %w\n%s", err, &count)
	}
	for line := range strings.Lines(out.String()) {
		w.verdict.note("models: " + strings.TrimSuffix(line, "\n"))
	}
	n, err := strconv.Atoi(strings.TrimSpace(count.String()))
	if n == 0 {
		err = errors.Join(err, errors.New("no record was posted"))
	}
	return n, err
}
