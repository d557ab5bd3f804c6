// Package mapping says what a PingOne resource is in Authomize: it turns
// resources into records, one function a row of the mapping.
//
// Everything here is pure: no I/O, no clock, no state, safe for concurrent use,
// and nothing that is returned refers to memory of what was passed in, strings
// excepted.
//
// # Rules that hold everywhere
//
//   - uniqueId is made from a kind and from ids that PingOne never changes.
//     originId is the plain PingOne id, since remediation acts on it.
//   - A value that is white space only counts as absent; others are trimmed.
//   - A required name that is absent is replaced by the id.
//   - Text that Authomize limits is cut at a rune, never within one.
//   - Dates that are not RFC 3339 are left out and warned of, since one of
//     them could make Authomize refuse a whole batch.
//   - What is new stays, and is shown as more access rather than less.
//     It is warned of, so that nobody takes the guess for a fact.
//
// Resources whose own id is zero (absent or malformed) have no usable
// uniqueId: callers put them aside before they map them.
package mapping
