// Package oracle judges the whole product by what PingOne truly holds: runs read
// a fake PingOne on bad days and post to a fake Authomize, and the oracle looks
// whether anything that exists was deleted (lost), and whether anything that is
// gone stays (stuck). It holds tests alone.
package oracle
