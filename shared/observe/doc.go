// Package observe shows AWS what a function did: log lines for CloudWatch
// Logs, metrics, X-Ray traces, and events at the end of a run and of an
// invocation that failed. Nothing in it holds a credential, a query, a header
// or a body, and nothing in it can make a run fail.
package observe

// An API is one that the functions call. It names subsegments, and is the
// value of the dimension API.
type API string

// The APIs.
const (
	PingOne   API = "PingOne"
	Authomize API = "Authomize"
)
