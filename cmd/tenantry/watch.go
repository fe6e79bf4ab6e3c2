package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/adapters/argon"
	"github.com/tenantry/tenantry/adapters/metrics"
	"github.com/tenantry/tenantry/adapters/tracing"
	"github.com/tenantry/tenantry/migrations"
)

// trace opens the way to a collector of traces, where one is named. Where none is,
// nothing is collected and nothing is spent on it.
func (p *program) trace(ctx context.Context, c config) error {
	if c.OTLPEndpoint == "" {
		return nil
	}
	opened, err := tracing.Open(ctx, tracing.Settings{
		Endpoint: c.OTLPEndpoint, Version: version, Engine: engineNames[p.store.Engine()], Logger: p.logger,
	})
	if err != nil {
		return err
	}
	p.tracing, p.logger = opened, slog.New(tracing.Logs(p.logger.Handler()))
	p.store.Traced(opened.Statement)
	return nil
}

// engineNames are OpenTelemetry's.
var engineNames = map[migrations.Engine]string{migrations.SQLite: "sqlite", migrations.PostgreSQL: "postgresql"}

// traceRequests is what the API calls, nil where nobody collects.
func (p *program) traceRequests() func(*http.Request) (context.Context, func(method, route string, status int, code string)) {
	if p.tracing == nil {
		return nil
	}
	return p.tracing.Request
}

// endTraces sends what waits. A collector that is away is no failure of ours.
func (p *program) endTraces(ctx context.Context) {
	if p.tracing == nil {
		return
	}
	if err := p.tracing.Close(ctx); err != nil {
		p.logger.Warn("the last traces were not sent", "error", err.Error())
	}
}

// measure shows what everything is doing.
func (p *program) measure(hasher *argon.Hasher) {
	for name, pool := range p.store.Pools() {
		p.metrics.Pool(name, pool.Stats, pool.Refused)
	}
	for kind, usage := range p.memory.Usages() {
		p.metrics.Cache(kind, func() int { return usage().Entries }, func() uint64 { return usage().Hits }, func() uint64 { return usage().Misses })
	}
	load := hasher.Load()
	p.metrics.Lane(metrics.Lane{
		Workers: load.Workers, Queue: load.Queue,
		Working: func() int { return hasher.Load().Working }, Waiting: func() int { return hasher.Load().Waiting },
		Refused: func() uint64 { return hasher.Load().Refused },
	})
	p.metrics.Crowd(p.crowd.Open, p.crowd.Refused)
	p.metrics.Schema(string(p.store.Engine()), migrations.Latest(p.store.Engine()))
	p.metrics.Swept(p.app.Housekeeping.LastSweep)
	p.metrics.Probe(metrics.Probe{Ping: p.store.Ping, Now: p.clock.Now, Backlog: func(ctx context.Context) (int, time.Time, error) {
		waits, err := p.app.Relay.Backlog(ctx)
		return waits.Waiting, waits.Since, err
	}})
}
