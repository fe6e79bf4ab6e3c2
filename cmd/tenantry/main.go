// Command tenantry is the account layer of a SaaS in one binary: people,
// organizations, projects, environments and the keys that open them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go heed(signals, stop)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// heed lets the first signal stop the program in good order, and a second one
// end it at once.
func heed(signals <-chan os.Signal, stop func()) {
	<-signals
	stop()
	<-signals
	os.Exit(exitFailed)
}
