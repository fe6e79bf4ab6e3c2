package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/domain/audit"
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

func TestTheOperatorsTokenOrAnAccountKeyAsksAboutKeys(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	body := `{"key":"x"}`
	for _, token := range []string{adminToken, newWorld().accountKey.Reveal()} {
		if w := ask(t, h, http.MethodPost, "/v1/keys/verify", body, "Authorization: Bearer "+token); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body.String())
		}
	}
	refused(t, ask(t, h, http.MethodPost, "/v1/keys/verify", body, "Authorization: Bearer sk_live_x"), http.StatusUnauthorized, "INVALID_ACCOUNT_KEY")
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

func TestOnlyOperatorsSeeTheInstallation(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	target, key := "/v1/admin/organizations", "Authorization: Bearer "+w.accountKey.Reveal()
	ofAdmin := "Authorization: Bearer " + adminToken
	if got := ask(t, h, http.MethodGet, target, "", ofAdmin); got.Code != http.StatusOK {
		t.Errorf("%d %s", got.Code, got.Body.String())
	}
	refused(t, ask(t, h, http.MethodGet, target, ""), http.StatusUnauthorized, "CREDENTIALS_REQUIRED")
	refused(t, ask(t, h, http.MethodGet, target, "", ofAdmin+"x"), http.StatusUnauthorized, "INVALID_TOKEN")
	refused(t, ask(t, h, http.MethodGet, target, "", ofAdmin, authorized), http.StatusBadRequest, "AMBIGUOUS_CREDENTIALS")
	refused(t, ask(t, h, http.MethodGet, target, "", ofAdmin, keyHeader+"x"), http.StatusBadRequest, "AMBIGUOUS_CREDENTIALS")
	refused(t, ask(t, h, http.MethodGet, target, "", authorized), http.StatusForbidden, "OPERATOR_ONLY")
	refused(t, ask(t, h, http.MethodGet, "/v1/projects", "", ofAdmin), http.StatusUnauthorized, "INVALID_TOKEN")
	w.operator = true
	if got := ask(t, h, http.MethodGet, target, "", authorized); got.Code != http.StatusOK {
		t.Errorf("%d %s", got.Code, got.Body.String())
	}
	refused(t, ask(t, h, http.MethodGet, target, "", key), http.StatusForbidden, "OPERATOR_ONLY")
}

func TestADeletionMayComeWithoutABody(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	ofAdmin := "Authorization: Bearer " + adminToken
	for body, status := range map[string]int{"": 404, "{}": 404, `{"delete_organizations":true}`: 404, `{"delete_organizations":"x"}`: 400, "null": 400} {
		if got := ask(t, h, http.MethodDelete, "/v1/admin/accounts/"+away.String(), body, ofAdmin); got.Code != status {
			t.Errorf("%q: %d %s", body, got.Code, got.Body.String())
		}
	}
}

func TestAnAccountKeyOpensWhatIsNotForPeopleAlone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	key := "Authorization: Bearer " + w.accountKey.Reveal()
	for _, target := range []string{"/v1/projects", "/v1/auth/me", "/v1/organizations", "/v1/auth/organizations", "/v1/members"} {
		if got := ask(t, h, http.MethodGet, target, "", key); got.Code != http.StatusOK {
			t.Errorf("%s: %d %s", target, got.Code, got.Body.String())
		}
	}
	refused(t, ask(t, h, http.MethodGet, "/v1/projects", "", key, "X-Organization-ID: "+away.String()), http.StatusNotFound, "NOT_FOUND")
	refused(t, ask(t, h, http.MethodGet, "/v1/projects", "", key[:len(key)-1]), http.StatusUnauthorized, "INVALID_ACCOUNT_KEY")
	refused(t, ask(t, h, http.MethodGet, "/v1/projects", "", keyHeader+w.accountKey.Reveal()), http.StatusUnauthorized, "CREDENTIALS_REQUIRED")
}

func TestARouteForPeopleRefusesAccountKeys(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s, err := newServer(w.options(new(logs)))
	if err != nil {
		t.Fatal(err)
	}
	h := newTestHandler(t, w)
	bodies := map[string]string{
		"update-me": `{"name":"x"}`, "delete-me": `{"password":"x"}`, "change-email": `{"email":"a@b.example"}`,
		"change-password":     `{"current_password":"x","new_password":"correct horse battery staple"}`,
		"switch-organization": `{"organization_id":"` + home.String() + `"}`, "reauthenticate": `{"password":"x"}`,
		"create-account-key": `{"name":"x"}`, "create-organization": `{"name":"x"}`,
	}
	insideOrganizations := []string{"delete-organization", "transfer-organization"} // where 404 comes first
	for _, section := range s.sections() {
		for _, r := range section.routes {
			if r.class.name != byPerson.name || slices.Contains(insideOrganizations, r.id) {
				continue
			}
			target := strings.ReplaceAll(r.path, "{id}", home.String())
			got := ask(t, h, r.method, target, bodies[r.id], "Authorization: Bearer "+w.accountKey.Reveal())
			refused(t, got, http.StatusForbidden, "SESSION_REQUIRED")
		}
	}
}

func TestACredentialThatIsNotNeededIsStillJudged(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	target, body := "/v1/invitations/accept", `{"token":"x"}`
	for _, bad := range []string{"Authorization: Bearer bad", "Authorization: Bearer", "Authorization: Basic Z29vZDo=", "Authorization: Bearer sk_live_x"} {
		if got := ask(t, h, http.MethodPost, target, body, bad); got.Code != http.StatusUnauthorized || got.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", bad, got.Code, got.Body.String())
		}
	}
	refused(t, ask(t, h, http.MethodPost, target, body, authorized, authorized), http.StatusBadRequest, "AMBIGUOUS_CREDENTIALS")
	refused(t, ask(t, h, http.MethodPost, target, body, authorized), http.StatusNotFound, "INVITATION_NOT_FOUND")
	asNobody := refused(t, ask(t, h, http.MethodPost, target, body), http.StatusBadRequest, "VALIDATION_FAILED")
	if len(asNobody.Fields) != 2 {
		t.Errorf("nobody is asked for %v", asNobody.Fields)
	}
	both := refused(t, ask(t, h, http.MethodPost, target, `{"token":"x","name":"Ada","password":""}`, authorized), http.StatusBadRequest, "VALIDATION_FAILED")
	if len(both.Fields) != 1 || both.Fields[0].Field != "name" {
		t.Errorf("who is logged in is told of %v", both.Fields)
	}
}

func TestTheRequestIsKnownByItsIDAndAddressToWhatIsRecorded(t *testing.T) {
	t.Parallel()
	s, err := newServer(newWorld().options(new(logs)))
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{goodToken, newWorld().accountKey.Reveal(), adminToken} {
		engine := s.engine()
		var came audit.Origin
		engine.GET("/shows", func(c *gin.Context) {
			if !s.operates(c) {
				s.session(c)
				came = callOf(c.Request.Context()).actor.Origin()
				return
			}
			came = callOf(c.Request.Context()).installation.Origin()
		})
		ask(t, engine, http.MethodGet, "/shows", "", "Authorization: Bearer "+token, "X-Request-ID: r1")
		if came.RequestID != "r1" || came.Address != "192.0.2.1" {
			t.Errorf("%.7s: %+v", token, came)
		}
	}
}
