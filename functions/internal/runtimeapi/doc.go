// Package runtimeapi runs a function's bootstrap the way Lambda's
// provided.al2023 runtime does: with the documented environment and nothing
// else, and with a runtime API on 127.0.0.1 that hands it events and takes
// its answers. It is for tests only.
//
// Each Function is one process, that is one execution environment: it takes
// one event at a time and stays warm between them. For invocations at the
// same time start several.
package runtimeapi
