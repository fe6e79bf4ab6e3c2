//go:build race

package httpapi

// allocationsBeside is what the race detector adds: it empties pools at random.
const allocationsBeside = 6
