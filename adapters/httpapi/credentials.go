package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

// The schemes in which credentials are asked for. ApiKey is what the header
// X-API-Key has no registered word for.
const (
	bearer = "Bearer"
	apiKey = "ApiKey"

	authorizationHeader = "Authorization"
	apiKeyHeader        = "X-Api-Key" // as net/http spells it
	organizationHeader  = "X-Organization-ID"
)

// authenticationBudget is how long finding out who is calling may take.
const authenticationBudget = 3 * time.Second

var (
	errAmbiguous   = fault.Declare(fault.Invalid, "AMBIGUOUS_CREDENTIALS", "The request has more than one credential. Send exactly one.")
	errKeyRequired = fault.Declare(fault.Unauthenticated, "KEY_REQUIRED", "This needs an environment key in the header X-API-Key.")
	errMachine     = fault.Declare(fault.Unauthenticated, "ADMIN_TOKEN_REQUIRED", "This needs the installation's ADMIN_API_TOKEN as a bearer token.")
	errCrossOrigin = fault.Declare(fault.Forbidden, "CROSS_ORIGIN", "A page of another site asks for this.")
	errBackend     = fault.Declare(fault.Unauthenticated, "OPERATOR_TOKEN_REQUIRED", "This needs the installation's ADMIN_API_TOKEN or an account key as a bearer token.")
)

// AdminToken is what the operators' machines present. Only its digest is kept,
// so there is nothing to show.
type AdminToken struct {
	digest [sha256.Size]byte
	set    bool
}

// NewAdminToken keeps the digest of a token; the empty one admits nobody.
func NewAdminToken(token string) AdminToken {
	return AdminToken{sha256.Sum256([]byte(token)), token != ""}
}

// is compares in constant time.
func (t AdminToken) is(token string) bool {
	digest := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(digest[:], t.digest[:]) == 1 && t.set
}

// unambiguous refuses a request that says twice who is calling: two readers
// could believe different ones.
func unambiguous(r *http.Request) error {
	if len(r.Header[authorizationHeader])+len(r.Header[apiKeyHeader]) > 1 {
		return errAmbiguous
	}
	return nil
}

// bearerToken returns the token of the Authorization header. Another scheme is
// no credential that we know.
func bearerToken(r *http.Request) (token string, presented bool) {
	scheme, token, _ := strings.Cut(r.Header.Get(authorizationHeader), " ")
	if !strings.EqualFold(scheme, bearer) {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}

// session admits people who are logged in, and account keys, to what is in an
// organization.
func (s *server) session(c *gin.Context) {
	callOf(c.Request.Context()).named = c.GetHeader(organizationHeader) != ""
	if err := s.manages(c); err != nil {
		fail(c, err)
	}
}

// manages finds out who is calling, and whether its organization may call so
// often. A request counts there whatever else is wrong with it.
func (s *server) manages(c *gin.Context) error {
	err := s.authenticate(c)
	if limited := s.ofOrganization(c); limited != nil {
		return limited
	}
	return err
}

// guest admits everybody, and whoever presents a credential as its holder: a
// bad one is refused and never counts as none.
func (s *server) guest(c *gin.Context) {
	if len(c.Request.Header.Values(authorizationHeader)) == 0 {
		return
	}
	callOf(c.Request.Context()).named = c.GetHeader(organizationHeader) != ""
	if err := s.authenticate(c); err != nil {
		fail(c, err)
	}
}

func (s *server) authenticate(c *gin.Context) error {
	if err := unambiguous(c.Request); err != nil {
		return err
	}
	opened := callOf(c.Request.Context())
	token, presented := bearerToken(c.Request)
	if opened.presented = presented; !presented {
		return session.ErrNoCredentials
	}
	org, contextErr := organizationOf(c)
	ctx, cancel := context.WithTimeout(c.Request.Context(), authenticationBudget)
	defer cancel()
	actor, err := s.holder(ctx, token, org, opened.client)
	if err != nil {
		return err
	}
	opened.actor, opened.account = actor, actor.Account.ID.String()
	if active := actor.Organization(); active != nil {
		opened.organization = active.String()
	}
	return contextErr // who is calling is asked first
}

// holder is who acts by a token: its prefix tells an account key from an access
// token.
func (s *server) holder(ctx context.Context, token string, org *organization.ID, client app.Client) (access.Actor, error) {
	if apikey.IsAccountSecret(token) {
		return s.App.AccountKeys.Authenticate(ctx, token, org, client)
	}
	return s.App.Sessions.Authenticate(ctx, token, org, client)
}

// organizationOf is the organization that the request names, by its path or by
// the header, or nil for the token's own. An id in the path that is none is
// left for the check of the path to refuse.
func organizationOf(c *gin.Context) (*organization.ID, error) {
	named, err := organizationNamed(c.Request.Header.Values(organizationHeader))
	if err != nil || !strings.HasPrefix(c.FullPath(), "/v1/organizations/:id") {
		return named, err
	}
	inPath, malformed := id.Parse[organization.Organization](c.Param("id"))
	switch {
	case malformed != nil:
		return named, err
	case named != nil && *named != inPath:
		return nil, organization.ErrMismatch
	}
	return &inPath, nil
}

func organizationNamed(headers []string) (*organization.ID, error) {
	if len(headers) == 0 {
		return nil, nil
	}
	named, err := id.Parse[organization.Organization](headers[0])
	if err != nil || len(headers) > 1 {
		return nil, malformed(organizationHeader, "must be one organization's id")
	}
	return &named, nil
}

// operator admits the holders of ADMIN_API_TOKEN and operators who are logged in.
func (s *server) operator(c *gin.Context) {
	if s.operates(c) {
		return
	}
	opened := callOf(c.Request.Context())
	err := s.authenticate(c)
	if err == nil {
		opened.installation, err = access.Operate(opened.actor)
	}
	if err != nil {
		fail(c, err)
	}
}

// machine admits the holders of ADMIN_API_TOKEN alone. A credential of anybody
// else is good, and not enough.
func (s *server) machine(c *gin.Context) {
	if s.operates(c) {
		callOf(c.Request.Context()).presented = false // what else may be refused is a password, not this token
		return
	}
	err := s.authenticate(c)
	switch {
	case err == nil:
		err = access.ErrOperatorOnly
	case fault.KindOf(err) == fault.Unauthenticated:
		err = errMachine
	}
	fail(c, err)
}

// crossOrigin tells what browsers send for the pages of other sites.
var crossOrigin http.CrossOriginProtection

// sameOrigin refuses what another site's page makes a browser send, with the
// cookies that it has of ours.
func (s *server) sameOrigin(c *gin.Context) {
	if crossOrigin.Check(c.Request) != nil {
		fail(c, errCrossOrigin)
	}
}

// backend admits the holders of ADMIN_API_TOKEN and account keys. People have no
// use for what is behind it.
func (s *server) backend(c *gin.Context) {
	if s.operates(c) {
		return
	}
	err := unambiguous(c.Request)
	token, presented := bearerToken(c.Request)
	switch {
	case err != nil:
	case apikey.IsAccountSecret(token):
		err = s.manages(c)
	default:
		callOf(c.Request.Context()).presented, err = presented, errBackend
	}
	if err != nil {
		fail(c, err)
	}
}

// operates says whether ADMIN_API_TOKEN came along, and nothing beside it.
func (s *server) operates(c *gin.Context) bool {
	token, _ := bearerToken(c.Request)
	if unambiguous(c.Request) != nil || !s.AdminToken.is(token) {
		return false
	}
	opened := callOf(c.Request.Context())
	opened.presented = true
	opened.installation = access.OperateByToken(opened.client.Address, opened.id, opened.client.Dialect)
	return true
}
