package httpapi

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
)

func TestAGatewayLearnsWhoseAKeyIs(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for _, target := range []string{"/v1/sdk/authorize", "/v1/sdk/authorize?environment=dev&scope=a"} {
		got := ask(t, newTestHandler(t, w), http.MethodGet, target, "", keyHeader+w.key.Reveal())
		if got.Code != http.StatusNoContent || got.Body.Len() != 0 || got.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: %d %s", target, got.Code, got.Body.String())
		}
		for name, want := range map[string]string{
			"Organization": home.String(), "Key-Type": "client", "Scopes": "a b:read",
			"Project": "00000000-0000-0000-0000-000000000000", "Environment": "00000000-0000-0000-0000-000000000000", "Key": "00000000-0000-0000-0000-000000000000",
		} {
			if value := got.Header().Get("X-Tenantry-" + name); value != want {
				t.Errorf("%s is %q", name, value)
			}
		}
	}
}

func TestAGatewayIsRefusedBy401And403Only(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	good := keyHeader + w.key.Reveal()
	unknown := apikey.NewSecret(environment.Development, apikey.Client, func(int) int { return 8 }).Reveal()
	server := apikey.NewSecret(environment.Development, apikey.Server, func(int) int { return 8 }).Reveal()
	invalid := `ApiKey realm="tenantry", error="invalid_token"`
	for _, c := range []struct {
		query, header   string
		status          int
		code, challenge string
	}{
		{"", "", 401, "KEY_REQUIRED", `ApiKey realm="tenantry"`},
		{"", authorized, 401, "KEY_REQUIRED", `ApiKey realm="tenantry"`},
		{"", "Authorization: Bearer " + w.key.Reveal(), 401, "KEY_REQUIRED", `ApiKey realm="tenantry"`},
		{"", keyHeader + "x", 401, "MALFORMED_KEY", invalid},
		{"", keyHeader + unknown, 401, "INVALID_KEY", invalid},
		{"?api_key=" + server, "", 401, "KEY_IN_URL", invalid},
		{"?environment=prod", good, 403, "WRONG_ENVIRONMENT", ""},
		{"?scope=c", good, 403, "INSUFFICIENT_SCOPE", `ApiKey realm="tenantry", error="insufficient_scope"`},
		{"?environment=", good, 403, "VALIDATION_FAILED", ""},
		{"?environment=dev&scope=", good, 403, "VALIDATION_FAILED", ""},
		{"?env=prod", good, 403, "VALIDATION_FAILED", ""},
		{"?environment=dev&environment=prod", good, 403, "VALIDATION_FAILED", ""},
		{"?environment=%zz", good, 403, "VALIDATION_FAILED", ""},
		{"?api_key=" + w.key.Reveal(), good, 403, "AMBIGUOUS_CREDENTIALS", ""},
	} {
		got := ask(t, h, http.MethodGet, "/v1/sdk/authorize"+c.query, "", c.header)
		refused(t, got, c.status, c.code)
		if challenge := got.Header().Get("WWW-Authenticate"); challenge != c.challenge {
			t.Errorf("%s %s: %q", c.query, c.header, challenge)
		}
	}
}

func TestAnSDKReadIsKeptAndAskedAboutByItsTag(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	for _, header := range []string{"", keyHeader + w.key.Reveal()} {
		target := "/v1/sdk/environment"
		if header == "" {
			target += "?api_key=" + w.key.Reveal()
		}
		first := ask(t, h, http.MethodGet, target, "", header)
		var body map[string]any
		if err := json.Unmarshal(first.Body.Bytes(), &body); err != nil || len(body) != 4 {
			t.Fatalf("%d %s", first.Code, first.Body.String())
		}
		tag := first.Header().Get("ETag")
		if first.Header().Get("Cache-Control") != "private, no-cache" || len(first.Header().Values("Vary")) != 2 || tag == "" {
			t.Errorf("%v", first.Header())
		}
		for condition, status := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
			again := ask(t, h, http.MethodGet, target, "", header, "If-None-Match: "+condition)
			if again.Code != status || status == 304 && again.Body.Len() != 0 || again.Header().Get("ETag") != tag {
				t.Errorf("%q: %d %s", condition, again.Code, again.Body.String())
			}
		}
	}
	bad := keyHeader + "x"
	refused(t, ask(t, h, http.MethodGet, "/v1/sdk/environment", "", bad, "If-None-Match: *"), http.StatusUnauthorized, "MALFORMED_KEY")
	refused(t, ask(t, h, http.MethodGet, "/v1/sdk/environment?scope=a", "", keyHeader+w.key.Reveal()), http.StatusBadRequest, "VALIDATION_FAILED")
	refused(t, ask(t, h, http.MethodGet, "/v1/sdk/environment", "", keyHeader+w.key.Reveal(), authorized), http.StatusBadRequest, "AMBIGUOUS_CREDENTIALS")
}

func TestABackendLearnsAboutAKey(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	for body, want := range map[string]string{
		`{"key":"` + w.key.Reveal() + `"}`:                                "VALID",
		`{"key":"` + w.key.Reveal() + `","scope":"","environment":"dev"}`: "VALID",
		`{"key":"` + w.key.Reveal() + `","scope":"c"}`:                    "INSUFFICIENT_SCOPE",
		`{"key":"` + w.key.Reveal() + `","environment":"prod"}`:           "WRONG_ENVIRONMENT",
		`{"key":""}`: "MALFORMED",
		`{"key":"` + apikey.NewSecret(environment.Staging, apikey.Server, func(int) int { return 1 }).Reveal() + `"}`: "NOT_FOUND",
	} {
		got := ask(t, h, http.MethodPost, "/v1/keys/verify", body, "Authorization: Bearer "+adminToken)
		var verdict struct {
			Valid        bool
			Code         string
			Organization *OrganizationBody
			Key          *sdkKeyBody
		}
		if err := json.Unmarshal(got.Body.Bytes(), &verdict); err != nil {
			t.Fatalf("%d %s", got.Code, got.Body.String())
		}
		if verdict.Code != want || verdict.Valid != (want == "VALID") {
			t.Errorf("%s: %s", body, got.Body.String())
		}
		if unknown := want == "MALFORMED" || want == "NOT_FOUND"; (verdict.Organization == nil) != unknown || (verdict.Key == nil) != unknown {
			t.Errorf("%s: %s", body, got.Body.String())
		}
	}
}

func TestAnOptionalMemberMayBeLeftOut(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]*string{`{}`: nil, `{"a":""}`: nil, `{"a":"x"}`: ptr("x")} {
		var in struct {
			A optional[string] `json:"a"`
		}
		if err := json.Unmarshal([]byte(body), &in); err != nil {
			t.Fatal(err)
		}
		if difference := cmp.Diff(want, in.A.value); difference != "" || in.A.null {
			t.Errorf("%s: %s", body, difference)
		}
	}
}

func TestAMomentIsRFC3339OrNothing(t *testing.T) {
	t.Parallel()
	for text, accepted := range map[string]bool{
		`null`: true, `""`: true, `"2030-01-31T12:00:00Z"`: true, `"2030-01-31T12:00:00.123456+02:00"`: true, `"9999-12-31T23:59:59Z"`: true,
		`"2030-01-31"`: false, `"2030-01-31T12:00:00"`: false, `"2030-01-31T12:00:60Z"`: false, `"2030-02-30T12:00:00Z"`: false,
		`"30-01-31T12:00:00Z"`: false, `"tomorrow"`: false,
	} {
		var in struct {
			At moment `json:"at"`
		}
		if err := json.Unmarshal([]byte(`{"at":`+text+`}`), &in); err != nil {
			t.Fatal(err)
		}
		if refused := in.At.at != nil && in.At.at.IsZero(); refused == accepted {
			t.Errorf("%s became %v", text, in.At.at)
		}
	}
}

func ptr[T any](value T) *T { return &value }

func TestAGatewayMayAskWithTheMethodAndAddressThatItHoldsBack(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	preflight := []string{"Origin: https://tenantry.example", "Access-Control-Request-Method: GET"}
	for _, target := range []string{"/", "/orders/7?page=2&environment=prod&scope=c", "/%2e%2e/environment", "/../../auth/me", "/a//b%2fc?%zz"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"} {
			good := ask(t, h, method, "/v1/sdk/authorize"+target, "", append(preflight, keyHeader+w.key.Reveal())...)
			if good.Code != http.StatusNoContent || good.Header().Get("X-Tenantry-Organization") != home.String() {
				t.Errorf("%s %s: %d %s", method, target, good.Code, good.Body.String())
			}
			refused(t, ask(t, h, method, "/v1/sdk/authorize"+target, "", preflight...), http.StatusUnauthorized, "KEY_REQUIRED")
		}
	}
	refused(t, ask(t, h, http.MethodOptions, "/v1/sdk/authorize", "", preflight...), http.StatusUnauthorized, "KEY_REQUIRED")
	refused(t, ask(t, h, http.MethodOptions, "/v1/sdk/authorize?scope=c", "", append(preflight, keyHeader+w.key.Reveal())...), http.StatusForbidden, "INSUFFICIENT_SCOPE")
	refused(t, ask(t, h, http.MethodPost, "/v1/sdk/authorize", "", keyHeader+w.key.Reveal()), http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	refused(t, ask(t, h, http.MethodGet, "/v1/sdk/authorized", "", keyHeader+w.key.Reveal()), http.StatusNotFound, "NOT_FOUND")
}
