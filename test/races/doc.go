// Package races lets requests meet at the moment at which they could spoil each
// other's work, round after round, and looks at what is left.
//
// Over HTTP, twenty requests meet at a gate before three replicas on one
// PostgreSQL, and before one server on SQLite: each is let in as far as the
// handler that asks for its body, and then all bodies come at once. A control
// puts servers behind the same gate that look and then take: they have to give
// things away twice, or the test fails for lack of power. PostgreSQL may have no
// deadlock to resolve: one costs a second, and requests that take the same rows
// in different orders starve each other. At the end the doctor finds nothing.
//
// Beside them, use cases meet inside one process at the one statement at which
// it would hurt most. Those rounds about owners have a control of their own: the
// same use cases, in the same rounds, on a store that was made weaker on purpose,
// which has to leave an organization without an owner.
package races
