package main

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/adapters/httpapi"
)

// What the process keeps open beside its clients: files of the program and of
// SQLite, mail, measurements, the helper for hashes. The database's connections
// come on top.
const otherFiles = 96

// fullAgain is how often the log says that there are too many connections.
const fullAgain = time.Minute

// mostConnections is MAX_CONNECTIONS, or what the limit of open files leaves: at
// least half of it, so that a low one does not keep everybody out.
func (c config) mostConnections(files int) int {
	if c.MaxConnections > 0 {
		return c.MaxConnections
	}
	return max(files-otherFiles-c.DatabaseConns, files/2)
}

// newCrowd holds the clients' connections to that.
func newCrowd(c config, logger *slog.Logger) *httpapi.Crowd {
	most := c.mostConnections(openFiles())
	var said atomic.Int64
	return httpapi.NewCrowd(most, func() {
		now, before := time.Now().UnixNano(), said.Load()
		if now-before > int64(fullAgain) && said.CompareAndSwap(before, now) {
			logger.Warn("there are too many connections; more are closed at once", "most", most)
		}
	})
}
