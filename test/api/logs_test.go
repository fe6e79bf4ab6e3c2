package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// record is the log's line about a request.
func record(t *testing.T, s *harness.Server, id string) M {
	t.Helper()
	for limit := time.Now().Add(5 * time.Second); ; {
		var found []M
		for line := range strings.Lines(s.Logs()) {
			var entry M
			if json.Unmarshal([]byte(line), &entry) == nil && entry["request_id"] == id && entry["msg"] == "request" {
				found = append(found, entry)
			}
		}
		if len(found) == 1 {
			return found[0]
		}
		if len(found) > 1 || time.Now().After(limit) {
			t.Fatalf("request %s has %d lines in the log", id, len(found))
		}
		time.Sleep(10 * time.Millisecond) // the line is written after the answer
	}
}

func TestEachRequestIsOneLineOfTheLog(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner := s.Cast(t).Owner
		r := owner.At("203.0.113.9").Get("/v1/projects/" + owner.Project + "?x=" + harness.Marker)
		entry := record(t, s, r.Header.Get("X-Request-ID"))
		told := M{"method": "GET", "status": 400.0, "code": "VALIDATION_FAILED", "account_id": owner.ID, "organization_id": owner.Organization, "client": "203.0.113.9"}
		for name, want := range told {
			if entry[name] != want {
				t.Errorf("%s is %v, want %v", name, entry[name], want)
			}
		}
		if route, _ := entry["route"].(string); !strings.Contains(route, "/v1/projects/") || strings.Contains(route, owner.Project) {
			t.Errorf("the route is %q", route)
		}
		secret, _ := owner.NewKey(t, owner.Dev, M{"type": "client"})
		opened := s.Client(t).Get("/v1/sdk/environment?api_key=" + secret).Want(200)
		if entry := record(t, s, opened.Header.Get("X-Request-ID")); entry["organization_id"] != owner.Organization {
			t.Errorf("the line about a key's request is %v", entry)
		}
	})
}

func TestNothingThatClientsSendBreaksTheLog(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		nasty := "a[31m\"b\\ \u2028c\u0085 {\"level\":\"ERROR\"} <script>"
		ids := []string{}
		for _, path := range []string{"/%0d%0aINFO", "/%1b%5b31m", "/%22%7d%0a%7b", "/\u2028", "/v1/projects/%0a"} {
			c := s.Client(t).With("User-Agent", nasty).With("Referer", nasty).At(nasty)
			ids = append(ids, c.Get(path).Header.Get("X-Request-ID"))
			ids = append(ids, c.Post("/v1/auth/login", M{"email": "\r\n\u001b[31m" + nasty + path, "password": harness.NewPassword()}).Header.Get("X-Request-ID"))
		}
		injected := s.Client(t).NewRequest(http.MethodGet, "/healthz", nil)
		injected.Header.Set("X-Request-ID", `x","level":"ERROR","y":"`)
		ids = append(ids, s.Client(t).Send(injected).Header.Get("X-Request-ID"))
		for _, id := range ids {
			record(t, s, id)
		}
	})
}

func TestAnAgentIsKeptAsPlainShortText(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada := s.Register(t)
		c := s.Client(t).With("User-Agent", "Agent \u0085"+repeat("é", 300))
		login := ada.Holding(c.Post("/v1/auth/login", M{"email": ada.Email, "password": ada.Password}).Want(200).At("tokens"))
		for _, session := range login.Get("/v1/auth/sessions").Want(200).List() {
			agent, _ := session["user_agent"].(string)
			if len(agent) > 256 || strings.ContainsAny(agent, "\u001b\u0085\n") {
				t.Errorf("the agent is %q", agent)
			}
		}
	})
}
