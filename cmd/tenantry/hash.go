package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/tenantry/tenantry/adapters/argon"
)

// newHelper has this program compute the hashes of passwords in a process of
// its own, which knows no setting and no secret but the passwords that it is
// given. Where hashing yields to nothing, it needs none, and gets nil.
func newHelper(nice int, logger *slog.Logger) *argon.Helper {
	if nice == 0 {
		return nil
	}
	command := func() *exec.Cmd {
		self, err := os.Executable()
		c := exec.Command(self, "hash") //nolint:gosec // this very program
		c.Err = errors.Join(c.Err, err)
		c.Env = []string{fmt.Sprintf("GOMAXPROCS=%d", runtime.GOMAXPROCS(0))}
		return c
	}
	return argon.NewHelper(command, nice, func(err error) {
		logger.Warn("the helper for hashes failed; passwords are hashed by the server itself", "error", err)
	})
}

// hash computes what the server asks for that started it, until the server
// ends. Signals that are sent to all of a terminal or a service are for the server,
// which still has requests to finish.
func hash(_ context.Context, _ command) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	return argon.Help(os.Stdin, os.Stdout)
}
