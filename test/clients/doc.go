// Package clients lets Ping's own Go clients decode what the fake PingOne
// answers. It is a module of its own, so that the product's go.mod stays free
// of them.
package clients
