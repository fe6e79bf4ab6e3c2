package postgres

import (
	"context"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/ports"
)

const (
	// beat is how often the feed asks whether it still hears. A confirmation
	// counts for 0.8 s, so that three may be lost on the way.
	beat = 200 * time.Millisecond
	// silence is how long the feed waits for an answer before it takes another
	// connection.
	silence        = 2 * time.Second
	firstReconnect = 100 * time.Millisecond
	lastReconnect  = time.Second
)

// Feed hears what other processes announce, on a connection of its own. It must
// lead to the database itself: a pooler would let it listen to nothing, without
// a word.
type Feed struct {
	dsn    string
	hearer ports.Hearer
	logger *slog.Logger

	// lost counts the connections that were lost. Each is followed by one nil
	// among the notifications, once there is another. What was asked on a
	// connection that was lost since confirms nothing.
	lost atomic.Int64
}

// NewFeed prepares to listen at the address. It does not connect yet.
func NewFeed(dsn string, hearer ports.Hearer, logger *slog.Logger) (*Feed, error) {
	if _, err := settings(Config{DSN: dsn}, listening); err != nil {
		return nil, err
	}
	return &Feed{dsn: named(dsn), hearer: hearer, logger: logger}, nil
}

// feedName is what the server calls the feed's connection, in pg_stat_activity.
const feedName = "tenantry feed"

// named says who is connecting, unless the address does.
func named(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return dsn + " fallback_application_name='" + feedName + "'"
	}
	q := u.Query()
	q.Set("fallback_application_name", feedName)
	u.RawQuery = q.Encode()
	return u.String()
}

// Run listens until ctx ends. A connection that is lost is replaced, for as long
// as it takes: nobody depends on it, but for speed.
func (f *Feed) Run(ctx context.Context) {
	listener := pq.NewDialListener(newLine(silence), f.dsn, firstReconnect, lastReconnect, f.event)
	listening := make(chan error, 1)
	go func() { listening <- listener.Listen(sqlstore.Channel) }()
	defer func() {
		_ = listener.Close()
		for range listener.Notify { // lets the listener's goroutine end
			continue
		}
	}()
	select {
	case <-ctx.Done():
	case err := <-listening:
		if err != nil {
			f.logger.Error("the change feed cannot listen; others' changes are seen within a second nevertheless", "error", err.Error())
			return
		}
		f.hearer.ForgetAll() // what was loaded before may have changed unheard
		f.hear(ctx, listener)
	}
}

// hear passes on what is announced, and asks all the while whether it still
// hears: the network may be silent for a better reason.
func (f *Feed) hear(ctx context.Context, listener *pq.Listener) {
	var (
		ticker  = time.NewTicker(beat)
		beats   = make(chan heartbeat, 1)
		waiting = false
		whole   int64 // the connection of which all announcements were heard: how many were lost before it
	)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case n, open := <-listener.Notify:
			switch {
			case !open:
				return
			case n == nil: // connected again
				whole++
				f.hearer.ForgetAll()
			default:
				f.tell(n.Extra)
			}
		case <-ticker.C:
			if !waiting {
				waiting = true
				go func() { beats <- f.ask(listener) }()
			}
		case b := <-beats:
			waiting = false
			if b.err == nil && b.connection == whole && b.connection == f.lost.Load() {
				f.hearer.Confirm(b.at)
			}
		}
	}
}

// heartbeat is the answer to whether a connection still hears.
type heartbeat struct {
	at         time.Time // before the question
	connection int64
	err        error
}

func (f *Feed) ask(listener *pq.Listener) heartbeat {
	b := heartbeat{at: time.Now(), connection: f.lost.Load()}
	b.err = listener.Ping()
	return b
}

func (f *Feed) tell(text string) {
	if err := sqlstore.Tell(text, f.hearer); err != nil {
		f.logger.Warn("an announcement of changes could not be read, so everything was forgotten", "error", err.Error())
	}
}

// event is called by the listener as its connection comes and goes.
func (f *Feed) event(event pq.ListenerEventType, err error) {
	switch event {
	case pq.ListenerEventDisconnected:
		f.lost.Add(1)
		f.logger.Warn("the change feed was lost; answers are kept for less than a second until it is back", "error", text(err))
	case pq.ListenerEventReconnected:
		f.logger.Info("the change feed is back")
	case pq.ListenerEventConnectionAttemptFailed:
		f.logger.Debug("the change feed found no connection", "error", text(err))
	case pq.ListenerEventConnected:
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
