package main

import "strings"

// A usage is a command with the flags that decide what it asks of AWS.
type usage string

// What the caller's own identity needs in AWS, by usage; docs/operations.md has
// the same table, and says on what.
var awsPermissions = map[usage][]string{
	"invoke":         {"cloudformation:DescribeStacks", "kms:Decrypt", "lambda:InvokeFunction", "s3:GetObject", "s3:ListBucket"},
	"report --stack": {"cloudformation:DescribeStacks", "kms:Decrypt", "s3:GetObject", "s3:ListBucket"},
	"approve --stack": {
		"cloudformation:DescribeStacks", "kms:Decrypt", "lambda:GetFunctionConfiguration", "lambda:InvokeFunction",
		"s3:GetObject", "s3:ListBucket", "secretsmanager:GetSecretValue",
	},
	"approve --stack --yes":    {"cloudformation:DescribeStacks", "kms:Decrypt", "lambda:InvokeFunction", "s3:GetObject", "s3:ListBucket"},
	"replay --stack":           {"cloudformation:DescribeStacks", "kms:Decrypt", "lambda:InvokeFunction", "s3:GetObject", "s3:ListBucket"},
	"replay --stack --dry-run": {"cloudformation:DescribeStacks", "kms:Decrypt", "lambda:GetFunctionConfiguration", "s3:GetObject", "s3:ListBucket"},
	"check --stack": {
		"cloudformation:DescribeStacks", "kms:Decrypt", "kms:GenerateDataKey", "lambda:GetFunctionConfiguration",
		"s3:GetObject", "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue",
	},
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
func (checkCommand) Help() string { return permissionsHelp("check --stack") }
