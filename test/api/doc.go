// Package api holds the tests of the HTTP API as its clients see it: the real
// program, both engines, nothing but requests and answers. Where no request can
// bring a state about, a test writes it into the database.
package api
