// Command transform is the Lambda function that posts a complete run to
// Authomize, sweeps what is gone, and reports.
package main

import "pingone-authomize/functions/internal/lambdafn"

func main() { lambdafn.Transform() }
