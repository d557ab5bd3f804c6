// Command applicationroles is the Lambda function that reads who holds roles within applications into a run.
package main

import (
	"pingone-authomize/functions/internal/lambdafn"
	"pingone-authomize/shared/staging"
)

func main() { lambdafn.Fetch(staging.ApplicationRoles) }
