//go:build !race

package httpapi

// allocationsBeside is what the race detector would add.
const allocationsBeside = 0
