// Package compat examines the compatibility dialects from outside: what they
// mean, where test/contracts examines that their documents' examples work.
package compat
