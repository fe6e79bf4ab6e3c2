// Package arch holds the tests that keep the house in order: which rooms
// there are, which way imports point, what the inner rooms may not do, and how
// long a file and a function may grow.
//
// A rule is a pure function from files to violations. Each is first tried on a
// small bad example that it has to refuse and a good one that it has to
// accept, then on the repository.
package arch
