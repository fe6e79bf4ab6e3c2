package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// Limits are how many requests a minute this process takes, 0 for as many as
// come. They are counted in memory.
type Limits struct {
	Auth         int // from one client address, on the routes that try credentials or send mail
	Organization int // of one organization's members and account keys
	Environment  int // by the keys of one environment, and about them
	KeyReads     int // of what a key opens, by that key
}

// limits are the buckets of all the limits.
type limits struct{ address, organization, environment, keyReads *buckets }

func newLimits(l Limits, now func() time.Time) limits {
	if now == nil {
		now = time.Now
	}
	return limits{newBuckets(l.Auth, now), newBuckets(l.Organization, now), newBuckets(l.Environment, now), newBuckets(l.KeyReads, now)}
}

var errRateLimited = fault.Declare(fault.Throttled, "RATE_LIMITED", "Too many requests. The Retry-After header says when to go on.")

// The headers of a limit, in the form in which net/http keeps them.
const (
	limitHeader     = "X-Ratelimit-Limit"
	remainingHeader = "X-Ratelimit-Remaining"
	resetHeader     = "X-Ratelimit-Reset"
)

// spend shows the caller how it stands, and refuses what is too much.
func spend(h http.Header, s standing) error {
	if s.of == nil {
		return nil
	}
	h[limitHeader] = s.of.limit
	h[remainingHeader] = s.of.shown(s.remaining)
	h[resetHeader] = s.of.shown(seconds(s.reset))
	if s.wait > 0 {
		return errRateLimited.After(s.wait)
	}
	return nil
}

// tighter is the standing that lets fewer pass.
func tighter(a, b standing) standing {
	if a.of == nil || b.of != nil && b.remaining < a.remaining {
		return b
	}
	return a
}

// ofAddress bounds who has not said who they are. It stands before everything
// that costs something.
func (s *server) ofAddress(c *gin.Context) {
	network := callOf(c.Request.Context()).client.Network()
	if err := spend(c.Writer.Header(), s.limits.address.take(network.Addr().As16())); err != nil {
		fail(c, err)
	}
}

// ofOrganization bounds what the members of an organization do there, all
// together. Who means none, or one that is not theirs, is bounded alone: nobody
// spends, or sees, what is another organization's. It bounds nobody who is not
// known.
func (s *server) ofOrganization(c *gin.Context) error {
	opened := callOf(c.Request.Context())
	if opened.caller() == nil {
		return nil
	}
	name := bucketID(opened.actor.Account.ID)
	if active := opened.actor.Organization(); active != nil {
		name = bucketID(*active)
	}
	return spend(c.Writer.Header(), s.limits.organization.take(name))
}

// use bounds what the keys of an environment do, all together. The key has to
// be a good one: nobody else spends anything here.
func (s *server) use(c *gin.Context, opened *ports.Opened) error {
	return spend(c.Writer.Header(), s.limits.environment.take(bucketID(opened.Environment.ID)))
}

// read bounds, beside that, how often one key asks what it opens. What its own
// limit refuses is not taken from the environment's.
func (s *server) read(c *gin.Context, opened *ports.Opened) error {
	standing := s.limits.keyReads.take(bucketID(opened.Key.ID))
	if standing.wait == 0 {
		standing = tighter(standing, s.limits.environment.take(bucketID(opened.Environment.ID)))
	}
	return spend(c.Writer.Header(), standing)
}

// limited says whether a verdict comes too late for the limit of the key's
// environment. A check counts there like the key's own use; one of a key that
// is not good, which anybody may have found, does not.
func (s *server) limited(v app.Verdict) bool {
	switch v.Code {
	case app.Valid, app.WrongEnvironment, app.InsufficientScope:
		return s.limits.environment.take(bucketID(v.Opened.Environment.ID)).wait > 0
	}
	return false
}
