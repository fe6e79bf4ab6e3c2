//go:build !race

package harness

// raceDetector says that the tests run with it, and so the program does.
const raceDetector = false
