// Package isolation tries to reach one organization from another: every route,
// every place for an id, every kind of caller and every kind of target, against
// the real program on both engines. What is tried comes from the specification
// that the program serves; a route, a parameter or a member that the tests do not
// know fails them by its name.
package isolation
