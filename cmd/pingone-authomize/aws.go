package main

import (
	"slices"
	"strings"
)

// A usage is a command with the flags that decide what it asks of AWS.
type usage string

// What the caller's own identity needs in AWS, by usage; docs/operations.md has
// the same table, and says on what.
var awsPermissions = map[usage][]string{
	"invoke":                   readRuns("lambda:InvokeFunction"),
	"report --stack":           readRuns(),
	"approve --stack":          readRuns("lambda:GetFunctionConfiguration", "lambda:InvokeFunction", "secretsmanager:GetSecretValue"),
	"approve --stack --yes":    readRuns("lambda:InvokeFunction"),
	"replay --stack":           readRuns("lambda:InvokeFunction"),
	"replay --stack --dry-run": readRuns("lambda:GetFunctionConfiguration"),
	"findings --stack":         readRuns(),
	"findings accept --stack":  readRuns("kms:GenerateDataKey", "s3:PutObject"),
	"check --stack":            readRuns("kms:GenerateDataKey", "lambda:GetFunctionConfiguration", "s3:PutObject", "secretsmanager:GetSecretValue"),
}

// readRuns are the permissions to find a stack's runs, and others.
func readRuns(others ...string) []string {
	return slices.Sorted(slices.Values(append(others, "cloudformation:DescribeStacks", "kms:Decrypt", "s3:GetObject", "s3:ListBucket")))
}

// permissionsHelp is what --help says of a command.
func permissionsHelp(usages ...usage) string {
	var lines []string
	for _, u := range usages {
		lines = append(lines, "AWS permissions that "+string(u)+" needs: "+strings.Join(awsPermissions[u], ", ")+".")
	}
	return strings.Join(append(lines, "docs/operations.md says on what."), "\n\n")
}

// Help implements kong.HelpProvider.
func (invokeCommand) Help() string { return permissionsHelp("invoke") }

// Help implements kong.HelpProvider.
func (reportCommand) Help() string { return permissionsHelp("report --stack") }

// Help implements kong.HelpProvider.
func (approveCommand) Help() string {
	return permissionsHelp("approve --stack", "approve --stack --yes")
}

// Help implements kong.HelpProvider.
func (replayCommand) Help() string {
	return permissionsHelp("replay --stack", "replay --stack --dry-run")
}

// Help implements kong.HelpProvider.
func (risksCommand) Help() string {
	return permissionsHelp("findings --stack", "findings accept --stack")
}

// Help implements kong.HelpProvider.
func (checkCommand) Help() string { return permissionsHelp("check --stack") }
