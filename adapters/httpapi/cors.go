package httpapi

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// What browsers may send and read across origins. Credentials travel in
// headers that scripts set, so cookies are never allowed along.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, X-API-Key, X-Organization-ID, Idempotency-Key, X-Request-ID"
	corsExposed = "Link, Retry-After, X-Request-ID, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
	corsMaxAge  = "600"
)

// cors admits the listed origins, compared exactly, and answers preflights.
func (s *server) cors(c *gin.Context) {
	h := c.Writer.Header()
	h["Vary"] = byOrigin
	origin := first(c.Request.Header["Origin"])
	admitted := origin != "" && slices.Contains(s.origins, origin)
	if admitted {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", corsExposed)
	}
	if c.Request.Method != http.MethodOptions || origin == "" || c.GetHeader("Access-Control-Request-Method") == "" {
		return
	}
	if admitted {
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsHeaders)
		h.Set("Access-Control-Max-Age", corsMaxAge)
	}
	c.AbortWithStatus(http.StatusNoContent)
}
