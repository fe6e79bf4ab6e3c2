package main

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap may grow above what is kept before it is collected: by 32 MB
// and a tenth of what is kept. By itself Go lets it double. A small heap is
// then full every few milliseconds, and a large one takes twice its size.
const (
	growth        = 32 << 20
	growthPercent = 10
	paceInterval  = time.Second
)

// paceGarbage keeps to that until ctx ends, unless the environment says
// otherwise.
func paceGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return
	}
	tick := time.NewTicker(paceInterval)
	defer tick.Stop()
	kept := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for current := 0; ; {
		metrics.Read(kept)
		// Setting it stops the program for some microseconds.
		if percent := percentAbove(kept[0].Value.Uint64()); percent < current*9/10 || percent > current*11/10 {
			debug.SetGCPercent(percent)
			current = percent
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// percentAbove is the growth in percent of what is kept.
func percentAbove(kept uint64) int {
	return growthPercent + int(100*growth/max(kept, growth/8)) //nolint:gosec // at most 810
}
