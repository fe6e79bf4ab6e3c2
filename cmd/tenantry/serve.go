package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
)

const (
	// shutdownLimit is how long requests in flight may take to finish, once no
	// new ones are let in. What is not answered by then is refused, and has
	// refusalLimit to hear it.
	shutdownLimit = 13 * time.Second
	refusalLimit  = 2 * time.Second
	// closingLimit is how long the last batches may take to be written.
	closingLimit = 3 * time.Second
)

// serve runs the server until ctx ends, and then lets go of everything in the
// reverse order of its opening.
func serve(ctx context.Context, cmd command) error {
	c, err := settings()
	if err != nil {
		return err
	}
	logger := newLogger(cmd.stderr, c.LogLevel)
	// An address that is taken is found out before anything is touched.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.address())
	if err != nil {
		return err
	}
	p, err := wire(ctx, c, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return errors.Join(p.run(ctx, cmd, c, listener), p.close())
}

// run serves the API, and its measurements beside it.
func (p *program) run(ctx context.Context, cmd command, c config, listener net.Listener) error {
	own, err := c.certificate(p.logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	stopMetrics, err := p.serveMetrics(ctx, c.MetricsAddr)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	greet(cmd.stdout, c, listener.Addr())
	err = p.serve(ctx, p.crowd.Bound(listener), own, time.Duration(c.DrainSeconds)*time.Second)
	return errors.Join(err, stopMetrics())
}

// serveMetrics answers on a listener of its own, until stopped. An address that
// is empty or taken is no reason not to serve: the API matters more, so the
// second replica on one machine only says that nobody can measure it.
func (p *program) serveMetrics(ctx context.Context, address string) (stop func() error, err error) {
	if address == "" {
		return func() error { return nil }, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		p.logger.Warn("METRICS_ADDR is taken; this process serves no metrics", "address", address)
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, fmt.Errorf("METRICS_ADDR: %w", err)
	}
	server := httpapi.Server(p.metrics.Handler(), p.logger)
	go func() { _ = server.Serve(listener) }()
	return server.Close, nil
}

// serve answers requests until ctx ends, by TLS where own is not nil. Then
// readiness fails while the listener stays open for the drain, so that load
// balancers look elsewhere first; then it stops, and requests in flight finish.
func (p *program) serve(ctx context.Context, listener net.Listener, own *tls.Config, drain time.Duration) error {
	requests, refuse := context.WithCancelCause(context.WithoutCancel(ctx))
	defer refuse(nil)
	server := httpapi.Server(p.handler, p.logger)
	server.BaseContext = func(net.Listener) context.Context { return requests }
	server.TLSConfig = own
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	for _, run := range p.background {
		work.Go(func() { run(background) })
	}
	defer work.Wait()
	defer stop()

	failed := make(chan error, 1)
	go func() { failed <- answer(server, listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("the listener failed: %w", err)
	case <-ctx.Done():
	}
	p.ready.Fail()
	p.logger.Info("stopping", "drain", drain.String())
	time.Sleep(drain)
	refusing := time.AfterFunc(shutdownLimit, func() { refuse(httpapi.ErrStopping) })
	defer refusing.Stop()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit+refusalLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return errors.Join(fmt.Errorf("requests in flight did not finish: %w", err), server.Close())
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func answer(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(httpapi.Framed(listener))
}

// close writes what is still in memory and lets go of the store. Times of use that
// could not be written in time are no failure: they are lost, and nothing else.
func (p *program) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closingLimit)
	defer cancel()
	if err := p.app.Housekeeping.Flush(ctx); err != nil {
		p.logger.Warn("the last uses of keys were not all written", "error", err.Error())
	}
	p.memory.Close()
	p.helper.Close()
	err := p.store.Close()
	p.endTraces(ctx)
	p.logger.Info("stopped", "clean", err == nil)
	return err
}

// healthcheck asks the server that the same settings describe.
func healthcheck(ctx context.Context, _ command) error {
	c, err := settings()
	if err != nil {
		return err
	}
	host := c.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	address := fmt.Sprintf("%s://%s/readyz", c.scheme(), net.JoinHostPort(host, fmt.Sprint(c.Port)))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		// The certificate is for the name by which others come, and nothing is told
		// to whoever answers on this machine's own port.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as above
	}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", response.Status)
	}
	return nil
}
