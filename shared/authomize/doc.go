// Package authomize speaks to the Authomize REST connector API, version 2: it
// posts batches of records, checks the receipts, and sweeps what a run did
// not refresh. A post is an upsert by the id of the record, so everything
// here may be sent twice without harm.
//
// A Client never sees the token: the http.Client it is given adds it.
package authomize
