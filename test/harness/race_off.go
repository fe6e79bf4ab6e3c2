//go:build !race

package harness

// Racing says that the tests run with it, and so the program does.
const Racing = false
