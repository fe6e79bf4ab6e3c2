package app

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// background does a piece of work that no request waits for. A panic ends that
// piece and is logged: nothing above it would keep it from ending the process.
func background(ctx context.Context, logger *slog.Logger, what string, work func()) {
	defer func() {
		if cause := recover(); cause != nil {
			logger.ErrorContext(ctx, "background work panicked and will be tried again",
				"work", what, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	work()
}
