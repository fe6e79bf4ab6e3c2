// Package operate examines what operators do: the program's commands beside its
// servers, on real databases of both engines.
package operate
