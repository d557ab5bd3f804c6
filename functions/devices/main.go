// Command devices is the Lambda function that reads PingOne's MFA devices into a run.
package main

import (
	"pingone-authomize/functions/internal/lambdafn"
	"pingone-authomize/shared/staging"
)

func main() { lambdafn.Fetch(staging.Devices) }
