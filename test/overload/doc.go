// Package overload crowds the program: many principals at once of whom some hang
// up, many connections that say nothing, many callers who ask for the same key
// before anybody knows it, and one organization that takes all it can get. What
// others are answered must stay theirs, and keep coming.
package overload
