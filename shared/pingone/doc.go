// Package pingone reads PingOne's management API, and changes nothing in it.
// Pages come byte for byte, so that they can be staged as they came; decoding is
// lenient, since PingOne adds fields and values all the time; links are followed
// to PingOne's own host only.
package pingone
