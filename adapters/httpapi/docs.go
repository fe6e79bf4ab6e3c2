package httpapi

import (
	"bytes"
	"compress/gzip"
	_ "embed" // docs.html and docs.js
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"

	"github.com/tenantry/tenantry/domain/fault"
)

// docsPolicy lets the page load what this server has and nothing else. Swagger
// UI writes style attributes; scripts are files only.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const docsMaxAge = "public, max-age=3600"

//go:embed docs.html
var docsPage []byte

//go:embed docs.js
var docsScript []byte

// Media types of pages.
const (
	htmlType   = "text/html; charset=utf-8"
	cssType    = "text/css; charset=utf-8"
	scriptType = "text/javascript; charset=utf-8"
)

// docsAssets are the files of Swagger UI that the page loads, with their types.
var docsAssets = map[string]string{"swagger-ui.css": cssType, "swagger-ui-bundle.js": scriptType}

func (s *server) docs(c *gin.Context) {
	c.Header("Content-Security-Policy", docsPolicy)
	c.Header("Cache-Control", docsMaxAge)
	c.Data(http.StatusOK, htmlType, docsPage)
}

func (s *server) docsAsset(c *gin.Context) {
	name := c.Param("asset")
	if name == "docs.js" {
		c.Header("Cache-Control", docsMaxAge)
		c.Data(http.StatusOK, scriptType, docsScript)
		return
	}
	media, known := docsAssets[name]
	if !known {
		fail(c, fault.ErrNotFound)
		return
	}
	compressed, err := static.FS.ReadFile(name + ".gz")
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Cache-Control", docsMaxAge)
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		c.Header("Content-Encoding", "gzip")
		c.Data(http.StatusOK, media, compressed)
		return
	}
	plain, err := decompress(compressed)
	if err != nil {
		fail(c, err)
		return
	}
	c.Data(http.StatusOK, media, plain)
}

func decompress(compressed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func documentFile(media string) func(huma.Registry, *huma.Operation) {
	return func(_ huma.Registry, op *huma.Operation) {
		op.Responses["200"] = &huma.Response{
			Description: "The file",
			Content:     map[string]*huma.MediaType{media: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}
	}
}

func documentAsset(example string) func(huma.Registry, *huma.Operation) {
	return func(r huma.Registry, op *huma.Operation) {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "asset", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Examples: []any{example}},
		})
		documentFile("text/*")(r, op)
	}
}
