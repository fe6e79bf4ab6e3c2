package api

import (
	"encoding/base64"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAKeyShowsWhatItOpens(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, id := stage.Owner.NewKey(t, stage.Staging, M{"scopes": []string{"flags:read"}})
		opened := s.Client(t).Key(secret).Get("/v1/sdk/environment").Want(200)
		key := stage.Owner.Get("/v1/api-keys/" + id).Want(200).Object()
		want := M{
			"organization": stage.Owner.Get("/v1/organizations/" + stage.Organization).Want(200).Object(),
			"project":      stage.Owner.Get("/v1/projects/" + stage.Project).Want(200).Object(),
			"environment":  stage.Owner.Get("/v1/environments/" + stage.Staging).Want(200).Object(),
			"key":          M{"id": id, "name": key["name"], "type": "server", "scopes": []any{"flags:read"}, "expires_at": nil},
		}
		if diff := cmp.Diff(want, opened.Object()); diff != "" {
			t.Errorf("what it opens (-want +got):\n%s", diff)
		}
	})
}

func TestWhatAKeyOpensIsSentAgainOnlyWhenItChanged(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		secret, _ := stage.Owner.NewKey(t, stage.Dev)
		foreign, _ := other.Owner.NewKey(t, other.Dev)
		sdk := s.Client(t).Key(secret)
		first := sdk.Get("/v1/sdk/environment").Want(200)
		tag := first.Header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) || first.Header.Get("Cache-Control") != "private, no-cache" || !strings.Contains(first.Header.Get("Vary")+strings.Join(first.Header.Values("Vary"), ","), "X-API-Key") {
			t.Errorf("ETag %q, Cache-Control %q, Vary %q", tag, first.Header.Get("Cache-Control"), first.Header.Values("Vary"))
		}
		for _, condition := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			same := sdk.With("If-None-Match", condition).Get("/v1/sdk/environment").Want(304)
			if len(same.Body) != 0 || same.Header.Get("ETag") != tag {
				t.Errorf("304 has %d bytes and the ETag %q", len(same.Body), same.Header.Get("ETag"))
			}
		}
		sdk.With("If-None-Match", `"other"`).Get("/v1/sdk/environment").Want(200)
		s.Client(t).Key(foreign).With("If-None-Match", tag).Get("/v1/sdk/environment").Want(200)
		s.Client(t).With("If-None-Match", tag).Get("/v1/sdk/environment").Refused(401, "KEY_REQUIRED")
		stage.Owner.Patch("/v1/environments/"+stage.Dev, M{"name": "Renamed"}).Want(200)
		now := sdk.With("If-None-Match", tag).Get("/v1/sdk/environment").Want(200)
		if now.Header.Get("ETag") == tag || now.Text("environment.name") != "Renamed" {
			t.Errorf("after a change: ETag %q, name %q", now.Header.Get("ETag"), now.Text("environment.name"))
		}
	})
}

func TestAGatewayLearnsWhoAKeyIs(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, id := stage.Owner.NewKey(t, stage.Production, M{"scopes": []string{"b", "a:x"}, "type": "client"})
		sdk := s.Client(t).Key(secret)
		for _, query := range []string{
			"", "?environment=production", "?environment=" + stage.Production, "?scope=b", "?scope=a:x&environment=production",
		} {
			r := sdk.Get("/v1/sdk/authorize" + query).Want(204)
			want := map[string]string{
				"X-Tenantry-Organization": stage.Organization, "X-Tenantry-Project": stage.Project, "X-Tenantry-Environment": stage.Production,
				"X-Tenantry-Key": id, "X-Tenantry-Key-Type": "client", "X-Tenantry-Scopes": "a:x b",
			}
			got := map[string]string{}
			for name := range r.Header {
				if strings.HasPrefix(name, "X-Tenantry-") {
					got[name] = r.Header.Get(name)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", query, diff)
			}
		}
	})
}

func TestAGatewayIsRefusedWith401Or403Only(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		secret, _ := stage.Owner.NewKey(t, stage.Dev, M{"scopes": []string{"read"}})
		c := s.Client(t)
		sdk := c.Key(secret)
		for _, environment := range []string{"staging", "production", "DEV", "no-such", stage.Staging, other.Dev, strings.ToUpper(stage.Dev), stage.Dev + "%00"} {
			sdk.Get("/v1/sdk/authorize?environment="+environment).Refused(403, "WRONG_ENVIRONMENT")
		}
		for _, scope := range []string{"write", "READ", "read%20write", "rea", "reader", "*"} {
			sdk.Get("/v1/sdk/authorize?scope="+scope).Refused(403, "INSUFFICIENT_SCOPE")
		}
		c.Get("/v1/sdk/authorize").Refused(401, "KEY_REQUIRED")
		c.Key("").Get("/v1/sdk/authorize").Refused(401, "KEY_REQUIRED")
		for what, r := range map[string]*harness.Response{
			"two keys":               sdk.Get("/v1/sdk/authorize?api_key=" + secret),
			"a key and a token":      sdk.Bearer(stage.Owner.AccessToken).Get("/v1/sdk/authorize"),
			"an unknown parameter":   sdk.Get("/v1/sdk/authorize?x=1"),
			"a parameter twice":      sdk.Get("/v1/sdk/authorize?scope=read&scope=write"),
			"a malformed query":      sdk.Get("/v1/sdk/authorize?scope=%zz"),
			"an access token":        c.Bearer(stage.Owner.AccessToken).Get("/v1/sdk/authorize"),
			"an access token as key": c.Key(stage.Owner.AccessToken).Get("/v1/sdk/authorize"),
		} {
			if r.Status != 401 && r.Status != 403 {
				t.Errorf("%s: %d", what, r.Status)
			}
			for name := range r.Header {
				if strings.HasPrefix(name, "X-Tenantry-") {
					t.Errorf("%s: a refusal has %s", what, name)
				}
			}
		}
	})
}

// invent makes a key of our form that nobody has.
func invent(prefix string) string {
	body := prefix + (harness.Unique() + harness.Unique() + harness.Unique())[:32]
	return body + checksum(body)
}

func TestWhatIsNoKeyIsToldFromAnUnknownOne(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, _ := stage.Owner.NewKey(t, stage.Dev)
		c := s.Client(t)
		c.Key(invent("sdk-dev-")).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
		c.Key(invent("sdk-prod-pub-")).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
		for _, key := range []string{
			secret[:len(secret)-1], secret + "0", swapCase(secret, 12), strings.ToUpper(secret), "sdk-prod-" + strings.TrimPrefix(secret, "sdk-dev-"),
			"x", "sdk-dev-", repeat("x", 8000), "' OR 1=1 --", stage.Owner.AccessToken, harness.AdminToken, invent("sdk-test-"), invent("sk_live_"),
			"sdk-dev-" + repeat("é", 16) + "000000",
		} {
			c.Key(key).Get("/v1/sdk/environment").Refused(401, "MALFORMED_KEY")
		}
		challenge := c.Key("x").Get("/v1/sdk/environment").Header.Get("WWW-Authenticate")
		if strings.HasPrefix(challenge, "Bearer") {
			t.Errorf("the challenge is %q", challenge)
		}
	})
}

func TestAKeyCountsInItsOwnHeaderOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, _ := stage.Owner.NewKey(t, stage.Dev)
		c := s.Client(t)
		basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
		for what, presenter := range map[string]*harness.Client{
			"as a bearer token":    c.Bearer(secret),
			"as a Basic user":      c.With("Authorization", basic(secret+":")),
			"as a Basic password":  c.With("Authorization", basic("key:"+secret)),
			"in its own scheme":    c.With("Authorization", "ApiKey "+secret),
			"in a cookie":          c.With("Cookie", "api_key="+secret),
			"in another header":    c.With("X-Api-Token", secret),
			"in a bracketed field": c.With("Api-Key", secret),
		} {
			for _, path := range []string{"/v1/sdk/environment", "/v1/sdk/authorize"} {
				if r := presenter.Get(path); r.Status != 401 {
					t.Errorf("a key %s opens %s: %d", what, path, r.Status)
				}
			}
		}
		for _, path := range []string{"/v1/projects", "/v1/auth/me", "/v1/organizations", "/v1/environments/" + stage.Dev, "/v1/environments/" + stage.Dev + "/api-keys"} {
			c.Key(secret).Get(path).Refused(401, "CREDENTIALS_REQUIRED")
		}
		c.Key(secret).Post("/v1/environments/"+stage.Dev+"/api-keys", M{"name": "More"}).Refused(401, "CREDENTIALS_REQUIRED")
	})
}

func TestClientKeysAloneMayStandInTheAddress(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		client, _ := stage.Owner.NewKey(t, stage.Dev, M{"type": "client"})
		server, _ := stage.Owner.NewKey(t, stage.Dev)
		c := s.Client(t)
		c.Get("/v1/sdk/environment?api_key=" + client).Want(200)
		c.Get("/v1/sdk/authorize?api_key=" + client + "&environment=dev").Want(204)
		c.Get("/v1/sdk/environment?api_key="+server).Refused(401, "KEY_IN_URL")
		c.Get("/v1/sdk/authorize?api_key="+server).Refused(401, "KEY_IN_URL")
		c.Get("/v1/sdk/environment?api_key="+invent("sdk-dev-")).Refused(401, "KEY_IN_URL")
		c.Get("/v1/sdk/environment?api_key=x").Refused(401, "MALFORMED_KEY")
		c.Key(client).Get("/v1/sdk/environment?api_key="+client).Refused(400, "AMBIGUOUS_CREDENTIALS")
		c.Key(client).Get("/v1/sdk/environment").Want(200)
		c.Get("/v1/projects?api_key="+client).Refused(401, "CREDENTIALS_REQUIRED")
		twice := c.NewRequest(http.MethodGet, "/v1/sdk/environment", nil)
		twice.Header["X-Api-Key"] = []string{client, client}
		c.Send(twice).Refused(400, "AMBIGUOUS_CREDENTIALS")
	})
}

func TestAProductsBackendLearnsWhatAKeyIsGoodFor(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, id := stage.Owner.NewKey(t, stage.Dev, M{"scopes": []string{"read"}})
		revoked, revokedID := stage.Owner.NewKey(t, stage.Dev)
		stage.Owner.Delete("/v1/api-keys/" + revokedID).Want(204)
		backend := s.Client(t).Bearer(harness.AdminToken)
		valid := backend.Post("/v1/keys/verify", M{"key": secret}).Want(200)
		if diff := cmp.Diff(sorted("valid", "code", "organization", "project", "environment", "key", "cache_age_ms"), sorted(valid.Members("")...)); diff != "" {
			t.Errorf("the members (-want +got):\n%s", diff)
		}
		opened := s.Client(t).Key(secret).Get("/v1/sdk/environment").Want(200).Object()
		for _, member := range []string{"organization", "project", "environment", "key"} {
			if diff := cmp.Diff(opened[member], valid.Value(member)); diff != "" {
				t.Errorf("%s (-sdk +verify):\n%s", member, diff)
			}
		}
		for _, test := range []struct {
			body M
			code string
		}{
			{M{"key": secret}, "VALID"},
			{M{"key": secret, "environment": "dev", "scope": "read"}, "VALID"},
			{M{"key": secret, "environment": stage.Dev}, "VALID"},
			{M{"key": secret, "environment": "", "scope": ""}, "VALID"},
			{M{"key": secret, "environment": "staging"}, "WRONG_ENVIRONMENT"},
			{M{"key": secret, "environment": stage.Staging, "scope": "write"}, "WRONG_ENVIRONMENT"},
			{M{"key": secret, "scope": "write"}, "INSUFFICIENT_SCOPE"},
			{M{"key": revoked}, "REVOKED"},
			{M{"key": revoked, "environment": "staging"}, "REVOKED"},
			{M{"key": invent("sdk-dev-")}, "NOT_FOUND"},
			{M{"key": secret[:len(secret)-1]}, "MALFORMED"},
			{M{"key": "x"}, "MALFORMED"},
			{M{"key": repeat("x", 100_000)}, "MALFORMED"},
		} {
			verdict := backend.Post("/v1/keys/verify", test.body).Want(200)
			if verdict.Text("code") != test.code || verdict.Value("valid") != (test.code == "VALID") {
				t.Errorf("%.60v: %v, want %s", test.body, verdict.Value("code"), test.code)
			}
			if known := test.code != "NOT_FOUND" && test.code != "MALFORMED"; (verdict.Value("organization") != nil) != known {
				t.Errorf("%s: the organization is %v", test.code, verdict.Value("organization"))
			}
			if strings.Contains(string(verdict.Body), secret) {
				t.Error("the verdict repeats the key")
			}
		}
		if valid.Text("key.id") != id {
			t.Errorf("the key is %v", valid.Value("key"))
		}
		backend.Post("/v1/keys/verify", M{}).Refused(400, "VALIDATION_FAILED").Names("key")
		backend.Post("/v1/keys/verify", M{"key": secret, "user_id": "x"}).Refused(400, "VALIDATION_FAILED").Names("user_id")
	})
}

func TestOnlyTheOperatorsTokenMayAskAboutKeys(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, _ := stage.Owner.NewKey(t, stage.Dev)
		c := s.Client(t)
		bodies := map[string]M{"a good body": {"key": secret}, "a bad body": {}}
		for what, body := range bodies {
			for who, caller := range map[string]*harness.Client{
				"nobody": c, "an owner": stage.Owner.Client, "a token that is cut": c.Bearer(harness.AdminToken[:31]),
				"a token that is longer": c.Bearer(harness.AdminToken + "x"), "an empty token": c.Bearer(""), "the key itself": c.Key(secret),
			} {
				if r := caller.Post("/v1/keys/verify", maps.Clone(body)); r.Status != 401 {
					t.Errorf("%s with %s: %d", who, what, r.Status)
				}
			}
		}
	})
}

func TestWithoutAnOperatorsTokenNobodyMayAskAboutKeys(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"ADMIN_API_TOKEN": harness.Unset})
	for _, token := range []string{"", " ", harness.AdminToken} {
		s.Client(t).Bearer(token).Post("/v1/keys/verify", M{"key": "x"}).Refused(401, "OPERATOR_TOKEN_REQUIRED")
	}
}
