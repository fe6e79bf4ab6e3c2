package httpapi

import (
	"net/http"
	"strings"
	"testing"
)

const keyHeader = "X-API-Key: "

func TestWhoIsCallingIsAskedFirst(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	bare, invalid := `Bearer realm="tenantry"`, `Bearer realm="tenantry", error="invalid_token"`
	for _, c := range []struct {
		headers         []string
		status          int
		code, challenge string
	}{
		{nil, 401, "CREDENTIALS_REQUIRED", bare},
		{[]string{"Authorization: Basic Z29vZDo="}, 401, "CREDENTIALS_REQUIRED", bare},
		{[]string{"Authorization: Bearer"}, 401, "INVALID_TOKEN", invalid},
		{[]string{"Authorization: Bearer bad"}, 401, "INVALID_TOKEN", invalid},
		{[]string{"Authorization: Bearer good more"}, 401, "INVALID_TOKEN", invalid},
		{[]string{"Cookie: access_token=good"}, 401, "CREDENTIALS_REQUIRED", bare},
		{[]string{keyHeader + newWorld().key.Reveal()}, 401, "CREDENTIALS_REQUIRED", bare},
		{[]string{authorized, keyHeader + "x"}, 400, "AMBIGUOUS_CREDENTIALS", ""},
		{[]string{authorized, authorized}, 400, "AMBIGUOUS_CREDENTIALS", ""},
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			w := ask(t, h, method, "/v1/projects?access_token=good", "not JSON", append(c.headers, "X-Organization-ID: x")...)
			refused(t, w, c.status, c.code)
			if got := w.Header().Get("WWW-Authenticate"); got != c.challenge {
				t.Errorf("%v: %q", c.headers, got)
			}
		}
	}
}

func TestTheSchemeIsReadInAnyCase(t *testing.T) {
	t.Parallel()
	if w := ask(t, newTestHandler(t, newWorld()), http.MethodGet, "/v1/projects", "", "Authorization: bEARER  good"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body.String())
	}
}

func TestTheOrganizationIsTheOneThatTheRequestNames(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	named := "X-Organization-ID: "
	for _, c := range []struct {
		target, header string
		status         int
		code           string
	}{
		{"/v1/projects", "", 200, ""},
		{"/v1/projects", named + home.String(), 200, ""},
		{"/v1/projects", named + away.String(), 404, "NOT_FOUND"},
		{"/v1/auth/me", named + away.String(), 404, "NOT_FOUND"},
		{"/v1/auth/me", named + home.String(), 200, ""},
		{"/v1/auth/me", "", 200, ""},
		{"/v1/projects", named + strings.ToUpper(home.String()), 400, "VALIDATION_FAILED"},
		{"/v1/projects", named + "{" + home.String() + "}", 400, "VALIDATION_FAILED"},
		{"/v1/organizations/" + home.String(), "", 200, ""},
		{"/v1/organizations/" + home.String(), named + home.String(), 200, ""},
		{"/v1/organizations/" + away.String(), "", 404, "NOT_FOUND"},
		{"/v1/organizations/" + away.String(), named + home.String(), 400, "ORGANIZATION_MISMATCH"},
		{"/v1/organizations/" + home.String(), named + away.String(), 400, "ORGANIZATION_MISMATCH"},
		{"/v1/organizations/x", named + home.String(), 400, "VALIDATION_FAILED"},
	} {
		w := ask(t, h, http.MethodGet, c.target, "", authorized, c.header)
		if c.status == http.StatusOK {
			if w.Code != c.status {
				t.Errorf("%s %s: %d %s", c.target, c.header, w.Code, w.Body.String())
			}
			continue
		}
		refused(t, w, c.status, c.code)
	}
	twice := ask(t, h, http.MethodGet, "/v1/projects", "", authorized, named+home.String(), named+home.String())
	refused(t, twice, http.StatusBadRequest, "VALIDATION_FAILED")
}

func TestTheShapeIsJudgedBeforeTheOrganizationIs(t *testing.T) {
	t.Parallel()
	w := ask(t, newTestHandler(t, newWorld()), http.MethodPost, "/v1/projects", `{"name":1}`, authorized, "X-Organization-ID: "+away.String())
	refused(t, w, http.StatusBadRequest, "VALIDATION_FAILED")
}

func TestTheOperatorsTokenAndNothingElseOpensOperatorRoutes(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	body := `{"key":"x"}`
	if w := ask(t, h, http.MethodPost, "/v1/keys/verify", body, "Authorization: Bearer "+adminToken); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body.String())
	}
	for _, header := range []string{"", authorized, "Authorization: Bearer", "Authorization: Bearer " + adminToken + "x", "Authorization: Basic " + adminToken, "X-API-Key: " + adminToken} {
		refused(t, ask(t, h, http.MethodPost, "/v1/keys/verify", body, header), http.StatusUnauthorized, "OPERATOR_TOKEN_REQUIRED")
	}
	refused(t, ask(t, h, http.MethodPost, "/v1/keys/verify", body, "Authorization: Bearer "+adminToken, authorized), http.StatusBadRequest, "AMBIGUOUS_CREDENTIALS")
}

func TestWithoutAnOperatorsTokenNobodyIsOne(t *testing.T) {
	t.Parallel()
	options := newWorld().options(new(logs))
	options.AdminToken = NewAdminToken("")
	h, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"", "Authorization: Bearer", "Authorization: Bearer "} {
		refused(t, ask(t, h, http.MethodPost, "/v1/keys/verify", `{"key":"x"}`, header), http.StatusUnauthorized, "OPERATOR_TOKEN_REQUIRED")
	}
	if (AdminToken{}).is("") {
		t.Error("the zero token admits the empty one")
	}
}
