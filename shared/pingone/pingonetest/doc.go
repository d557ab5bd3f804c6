// Package pingonetest is a fake PingOne: an organization in memory, served
// over real HTTP the way PingOne serves it.
//
// An Organization is built by hand, by Demo or by Sized, and may be changed
// while it is served. New serves it to a test and Start to a program. The
// server is strict: a request that PingOne would not understand is answered
// with PingOne's error and noted as a violation, which fails the test.
//
// The fake pages, filters, issues expiring tokens and breaks
// on a fixed schedule (Fault). It is read-only over HTTP; changes go through
// the methods of Organization, which also write the audit events that
// /activities shows. What the worker application may see, and what PingOne shows
// for a moment, are set apart from what is there: Narrow, Hide…, Vanish.
package pingonetest
