package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
)

// newLogger writes one JSON object a line.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// greet tells a person at a terminal what is running, and what to try first.
func greet(w io.Writer, c config, listening net.Addr) {
	base := c.scheme() + "://" + listening.String()
	_, _ = fmt.Fprintf(w, `Tenantry %s is listening on %s (%s)
The API is described on %s/docs. Make the first account, which becomes the operator:

  curl -s %s/v1/auth/register -H 'Content-Type: application/json' \
    -d '{"email":"ada@example.com","password":"correct horse battery","name":"Ada","org_name":"Analytical Engines"}'

`, version, base, c.DatabaseURL, base, base)
}
