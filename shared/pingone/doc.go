// Package pingone reads PingOne's management API, and only reads it: pages of
// users, groups, roles and their kin, byte for byte, so that they can be
// staged as they came. It decodes leniently, since PingOne adds fields and
// values all the time, and it follows links to its own host alone.
package pingone
