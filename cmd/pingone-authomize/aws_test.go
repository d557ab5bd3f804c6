package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What each command asks of AWS is what the table says, and so does the
// guide. Those of KMS, and to list, follow from the rest: a fake does not
// encrypt, and says of any object that it is not there.
func TestAWSPermissions(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	seen := func(wantCode int, args ...string) []string {
		d.mu.Lock()
		d.asked = map[string]bool{}
		d.mu.Unlock()
		d.run(t.Context(), wantCode, args...)
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.asked["s3:GetObject"] || d.asked["secretsmanager:GetSecretValue"] {
			d.asked["kms:Decrypt"] = true
		}
		if d.asked["s3:GetObject"] {
			d.asked["s3:ListBucket"] = true
		}
		if d.asked["s3:PutObject"] {
			d.asked["kms:GenerateDataKey"] = true
		}
		return slices.Sorted(maps.Keys(d.asked))
	}
	d.stdin = "yes\n"
	d.x.pingone.Deny("/v1/environments/*/gateways", 403, "ACCESS_FAILED")
	approve := []string{"approve", "--stack", stackName, "--codes", "refused:gateways", "--reason", "x"}
	got := map[usage][]string{
		"check --stack":            seen(exitFailed, "check", "--stack", stackName),
		"invoke":                   seen(exitDone, "invoke", "--stack", stackName),
		"report --stack":           seen(exitDone, "report", "--stack", stackName),
		"replay --stack":           seen(exitDone, "replay", "--stack", stackName, "--run", "latest"),
		"replay --stack --dry-run": seen(exitDone, "replay", "--stack", stackName, "--run", "latest", "--dry-run"),
		"approve --stack":          seen(exitDone, approve...),
		"findings --stack":         seen(exitDone, "findings", "--stack", stackName),
		"findings accept --stack":  seen(exitDone, "findings", "accept", d.finding(), "--stack", stackName, "--reason", "x", "--until", time.Now().AddDate(0, 1, 0).Format(time.DateOnly)),
		"approve --stack --yes":    seen(exitDone, append(approve, "--yes")...),
	}
	if diff := cmp.Diff(awsPermissions, got); diff != "" {
		t.Errorf("permissions (-table +asked for):\n%s", diff)
	}
	if diff := cmp.Diff(awsPermissions, guidePermissions(t)); diff != "" {
		t.Errorf("permissions (-table +docs/operations.md):\n%s", diff)
	}
	for u, permissions := range awsPermissions {
		name, _, _ := strings.Cut(string(u), " ")
		stdout, _ := d.run(t.Context(), exitDone, name, "--help")
		if text := strings.Join(strings.Fields(stdout), " "); !strings.Contains(text, "AWS permissions that "+string(u)+" needs: "+strings.Join(permissions, ", ")+".") {
			t.Errorf("%s --help does not name the permissions of %s:\n%s", name, u, stdout)
		}
	}
}

// guidePermissions is the table of the guide: a row a permission, with the
// usages that need it.
func guidePermissions(t *testing.T) map[usage][]string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(guide), "## What the command may do in AWS")
	if !found {
		t.Fatal("the guide has no such section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	code := regexp.MustCompile("`([^`]+)`")
	all := map[usage][]string{}
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(cells[1], ":") {
			continue
		}
		for _, u := range code.FindAllStringSubmatch(cells[1], -1) {
			for _, by := range code.FindAllStringSubmatch(cells[3], -1) {
				all[usage(by[1])] = append(all[usage(by[1])], u[1])
			}
		}
	}
	for _, permissions := range all {
		slices.Sort(permissions)
	}
	return all
}
