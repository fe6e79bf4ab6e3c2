package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// How far the heap may grow before it is collected, above what is kept: by 32 MB,
// and half of what is kept. By itself Go lets it double: a small heap, which is
// quickly full, is then collected all the time, and a large one takes much.
const (
	growth     = 50 // percent
	growthBase = 32 << 20
)

// roomForGarbage sets that, unless the environment says otherwise (GOGC,
// GOMEMLIMIT). Go knows no fixed part; but it counts what is allocated and never
// touched, which takes no memory. It has to be kept until keep is called.
func roomForGarbage() (keep func()) {
	if os.Getenv("GOGC") != "" || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	debug.SetGCPercent(growth)
	untouched := make([]byte, growthBase*100/growth)
	return func() { runtime.KeepAlive(untouched) }
}
