package httpapi

import (
	"context"
	_ "embed" // the page that verifies an address
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/domain/fault"
)

func (s *server) changeEmail(ctx context.Context, by *call, in *addressInput) (*acceptedOutput, error) {
	if err := s.App.Emails.Change(ctx, by.actor, in.Body.Email); err != nil {
		return nil, err
	}
	return &acceptedOutput{onItsWay}, nil
}

// linkInput is a token as it stood in a mailed link.
type linkInput struct {
	Body struct {
		Token string `json:"token" doc:"From the mailed link"`
	}
}

func (s *server) undoEmail(ctx context.Context, by *call, in *linkInput) (*nothing, error) {
	return nil, s.App.Emails.Undo(ctx, in.Body.Token, by.client)
}

func (s *server) verifyEmail(ctx context.Context, by *call, in *linkInput) (*nothing, error) {
	return nil, s.App.Emails.Verify(ctx, in.Body.Token, by.caller(), by.client)
}

func (s *server) sendVerification(ctx context.Context, by *call, in *addressInput) (*acceptedOutput, error) {
	if err := s.App.Emails.SendVerification(ctx, in.Body.Email, by.client); err != nil {
		return nil, err
	}
	return &acceptedOutput{onItsWay}, nil
}

// verifyPolicy lets the page load its own two files and ask this server.
const verifyPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var (
	//go:embed verify.html
	verifyHTML []byte
	//go:embed verify.js
	verifyJS []byte
	//go:embed verify.css
	verifyCSS []byte
)

// verifyPage shows a button. A GET changes nothing, because programs that
// look for malware follow the links in mails.
func (s *server) verifyPage(c *gin.Context) {
	c.Header("Content-Security-Policy", verifyPolicy)
	c.Data(http.StatusOK, htmlType, verifyHTML)
}

func (s *server) verifyAsset(c *gin.Context) {
	media, content := scriptType, verifyJS
	switch c.Param("asset") {
	case "verify.js":
	case "verify.css":
		media, content = cssType, verifyCSS
	default:
		fail(c, fault.ErrNotFound)
		return
	}
	c.Header("Cache-Control", docsMaxAge)
	c.Data(http.StatusOK, media, content)
}

func documentVerifyPage(r huma.Registry, op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "token", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "From the mailed link; the page's script reads it",
	})
	documentFile("text/html")(r, op)
}
