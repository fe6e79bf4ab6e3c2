package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/domain/fault"
)

// pingBudget is how long the store may take to say that it is there.
const pingBudget = 2 * time.Second

type statusBody struct {
	Status string `json:"status" enum:"ok"`
}

var allWell = []byte(`{"status":"ok"}` + "\n")

// health answers for the process alone: restarting it would not bring a
// database back.
func (s *server) health(c *gin.Context) { c.Data(http.StatusOK, jsonType, allWell) }

// readiness answers for everything that a request needs.
func (s *server) readiness(c *gin.Context) {
	if s.Ready.failed.Load() {
		fail(c, fault.ErrUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), pingBudget)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		fail(c, fault.ErrUnavailable.With(err))
		return
	}
	c.Data(http.StatusOK, jsonType, allWell)
}

func (s *server) jwks(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, jsonType, s.JWKS())
}

func (s *server) openapi(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, jsonType, published)
}

func documentHealth(r huma.Registry, op *huma.Operation) {
	op.Responses["200"] = jsonResponse("All is well", schemaOf[statusBody](r))
}

func documentObject(description string) func(huma.Registry, *huma.Operation) {
	return func(_ huma.Registry, op *huma.Operation) {
		op.Responses["200"] = jsonResponse(description, &huma.Schema{Type: huma.TypeObject})
	}
}

func jsonResponse(description string, schema *huma.Schema) *huma.Response {
	return &huma.Response{
		Description: description,
		Content:     map[string]*huma.MediaType{jsonType: {Schema: schema}},
	}
}
