// Package races lets use cases meet at the moment at which they could spoil
// each other's work, on each engine, round after round, and looks at what is
// left.
//
// A round in which nothing breaks shows little by itself. So the rounds about
// owners have a control: the same use cases, in the same rounds, on a store that
// was made weaker on purpose. The control has to leave an organization without
// an owner, or the test fails for lack of power.
package races
