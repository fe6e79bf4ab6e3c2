package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// targets are one organization's objects, by the slot that they stand in.
func targets(t *testing.T, stage harness.Stage, key, session string) func(o harness.Operation) map[string]string {
	t.Helper()
	member := stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201).Text("id")
	accountKey := stage.Owner.Post("/v1/auth/keys", M{"name": "Target"}).Want(201).Text("id")
	return func(o harness.Operation) map[string]string {
		id := stage.Organization
		switch {
		case strings.HasPrefix(o.Path, "/v1/projects/"):
			id = stage.Project
		case strings.HasPrefix(o.Path, "/v1/environments/"):
			id = stage.Dev
		case strings.HasPrefix(o.Path, "/v1/api-keys/"):
			id = key
		case strings.HasPrefix(o.Path, "/v1/auth/sessions/"):
			id = session
		case strings.HasPrefix(o.Path, "/v1/members/"):
			id = member
		case strings.HasPrefix(o.Path, "/v1/admin/"):
			id = stage.Owner.ID
		case strings.HasPrefix(o.Path, "/v1/auth/keys/"):
			id = accountKey
		}
		return map[string]string{"id": id, "envId": stage.Dev, "userId": stage.Owner.ID, "asset": "docs.js"}
	}
}

// fill puts a value into each slot of an operation's path.
func fill(t *testing.T, o harness.Operation, values map[string]string) string {
	t.Helper()
	path := o.Path
	for _, slot := range o.Slots() {
		value, known := values[slot]
		if !known {
			t.Fatalf("%s has a slot {%s} that the tests do not know", o.Name(), slot)
		}
		path = strings.Replace(path, "{"+slot+"}", value, 1)
	}
	return path
}

func TestAnOutsiderLearnsNothing(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		_, key := stage.Owner.NewKey(t, stage.Dev)
		of := targets(t, stage, key, stage.Owner.Session())
		tried := 0
		for _, o := range harness.Spec(t).Operations {
			if !o.Secured || len(o.Slots()) == 0 {
				continue
			}
			tried++
			random := map[string]string{"id": randomID(), "envId": randomID(), "userId": randomID()}
			foreign := stage.Outsider.Do(o.Method, fill(t, o, of(o)), bodyOf(t, o))
			none := stage.Outsider.Do(o.Method, fill(t, o, random), bodyOf(t, o))
			if diff := cmp.Diff(none.Masked(), foreign.Masked()); diff != "" {
				t.Errorf("%s tells a foreign object from none (-none +foreign):\n%s", o.Name(), diff)
			}
			want := 404
			switch {
			case o.Path == "/v1/auth/users/{userId}/organizations":
				want = 200
			case strings.HasPrefix(o.Path, "/v1/admin/"):
				want = 403
			}
			if foreign.Status != want {
				t.Errorf("%s: %d, want %d", o.Name(), foreign.Status, want)
			}
			half := of(o)
			for _, slot := range o.Slots()[1:] {
				half[slot] = randomID()
				stage.Outsider.Do(o.Method, fill(t, o, half), bodyOf(t, o)).Refused(404, "NOT_FOUND")
			}
			if o.Method == http.MethodGet && foreign.Status == 404 {
				stage.Outsider.With("If-None-Match", "*").Get(fill(t, o, of(o))).Refused(404, "NOT_FOUND")
				stage.Outsider.Do(http.MethodHead, fill(t, o, of(o)), nil).Want(404)
			}
		}
		if tried < 12 {
			t.Errorf("only %d operations were tried", tried)
		}
		for _, path := range []string{"/v1/organizations/" + stage.Organization, "/v1/projects/" + stage.Project, "/v1/environments/" + stage.Dev, "/v1/api-keys/" + key} {
			stage.Owner.Get(path).Want(200)
		}
		stage.Owner.Without("X-Organization-ID").Get("/v1/auth/me").Want(200)
	})
}

func TestTheHeaderChoosesAmongOnesOwnOrganizationsOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		owner, outsider := stage.Owner, stage.Outsider
		if got := texts(owner.Get("/v1/projects").Want(200).List(), "id"); len(got) != 1 || got[0] != stage.Project {
			t.Errorf("the projects are %v", got)
		}
		if got := texts(owner.Without("X-Organization-ID").Get("/v1/projects").Want(200).List(), "org_id"); got[0] != owner.Organization {
			t.Errorf("without the header the projects are of %v", got)
		}
		foreign, none := outsider.In(stage.Organization).Get("/v1/projects"), outsider.In(randomID()).Get("/v1/projects")
		foreign.Refused(404, "NOT_FOUND")
		if diff := cmp.Diff(none.Masked(), foreign.Masked()); diff != "" {
			t.Errorf("a foreign organization is told from none (-none +foreign):\n%s", diff)
		}
		outsider.In(stage.Organization).Get("/v1/projects/"+outsider.Project).Refused(404, "NOT_FOUND")
		outsider.In(stage.Organization).Post("/v1/projects", M{"name": "X"}).Refused(404, "NOT_FOUND")
		path := "/v1/organizations/" + stage.Organization
		for _, body := range []any{nil, M{"name": "X"}} {
			method := map[bool]string{true: "GET", false: "PATCH"}[body == nil]
			owner.In(owner.Organization).Do(method, path, body).Refused(400, "ORGANIZATION_MISMATCH")
			outsider.In(outsider.Organization).Do(method, path, body).Refused(400, "ORGANIZATION_MISMATCH")
		}
		owner.In(stage.Organization).Get(path).Want(200)
		for _, malformed := range []string{"x", "1", strings.ToUpper(stage.Organization), "{" + stage.Organization + "}", stage.Organization + ",", "urn:uuid:" + stage.Organization, strings.ReplaceAll(stage.Organization, "-", "")} {
			owner.In(malformed).Get("/v1/projects").Refused(400, "VALIDATION_FAILED").Names("X-Organization-ID")
		}
		twice := owner.NewRequest(http.MethodGet, "/v1/projects", nil)
		twice.Header["X-Organization-Id"] = []string{stage.Organization, owner.Organization}
		owner.Send(twice).Refused(400, "VALIDATION_FAILED").Names("X-Organization-ID")
	})
}

func TestTheHeaderIsJudgedOnEveryRoute(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		ada, foreign := s.Register(t), s.Cast(t).Outsider.Organization
		tried := 0
		for _, o := range harness.Spec(t).Operations {
			if !o.Secured || strings.HasPrefix(o.Path, "/v1/sdk/") || o.Path == "/v1/keys/verify" || strings.HasPrefix(o.Path, "/v1/admin/") {
				continue
			}
			tried++
			path := o.Fill(foreign)
			if r := ada.In("no-id").Do(o.Method, path, bodyOf(t, o)).Refused(400, "VALIDATION_FAILED").Refusals(); r["X-Organization-ID"] == "" {
				t.Errorf("%s does not name the header: %v", o.Name(), r)
			}
			ada.In(foreign).Do(o.Method, path, bodyOf(t, o)).Refused(404, "NOT_FOUND")
		}
		if tried < 25 {
			t.Errorf("only %d operations were tried", tried)
		}
		ada.Get("/v1/auth/me").Want(200)
	})
}

func TestHeadersOfIdentityThatOthersInventedDoNothing(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, outsider := s.Stage(t), s.Register(t)
		want := outsider.Get("/v1/auth/me").Want(200).Body
		for _, name := range []string{"X-User-ID", "X-Org-ID", "X-Role", "X_Organization_ID", "X-Organization", "X-Tenant-ID", "X-HTTP-Method-Override", "X-Forwarded-User", "X-Original-URL"} {
			for _, value := range []string{stage.Owner.ID, stage.Organization, "owner", "DELETE", "/v1/projects"} {
				got := outsider.With(name, value).Get("/v1/auth/me").Want(200).Body
				if string(got) != string(want) {
					t.Errorf("%s: %s changes the answer to %s", name, value, got)
				}
				outsider.With(name, value).Get("/v1/projects/"+stage.Project).Refused(404, "NOT_FOUND")
			}
		}
		hidden := stage.Viewer.With("Connection", "X-Organization-ID")
		hidden.Get("/v1/projects").Want(200)
		s.Client(t).With("X-User-ID", stage.Owner.ID).Get("/v1/auth/me").Refused(401, "CREDENTIALS_REQUIRED")
	})
}

func TestOneThingHasOneId(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		_, key := stage.Owner.NewKey(t, stage.Dev)
		of := targets(t, stage, key, stage.Owner.Session())
		for _, o := range harness.Spec(t).Operations {
			if strings.HasPrefix(o.Path, "/v1/admin/") {
				continue // 403 for whoever is no operator, whatever the id
			}
			for _, slot := range o.Slots() {
				if slot == "asset" {
					continue // a file's name is no id
				}
				id := of(o)[slot]
				for _, spelling := range []string{
					"abc", "-1", "0", "9223372036854775808", "1e309", "..", ".", "%2e%2e", "%00", id + "%00", id + "%0a", "%20" + id, id + "%20", repeat("a", 10_000),
					strings.ToUpper(id), "{" + id + "}", "%7B" + id + "%7D", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), "0" + id, id + "," + randomID(),
					id + "%2f" + id, id + ";" + id, "'" + id, "%27%20OR%201=1--", "null", "undefined", "me", "*", "%ff%fe", "00000000-0000-0000-0000-000000000000",
				} {
					values := of(o)
					values[slot] = spelling
					r := stage.Owner.Do(o.Method, fill(t, o, values), bodyOf(t, o))
					list := o.Path == "/v1/auth/users/{userId}/organizations" && strings.HasPrefix(spelling, "0000") && r.Status == 200 && string(r.Body[:2]) == "[]"
					if r.Status != 400 && r.Status != 404 && r.Status != 405 && !list {
						t.Errorf("%s with %.40q in %s: %d", o.Name(), spelling, slot, r.Status)
					}
				}
			}
		}
		for _, path := range []string{"/v1/organizations/" + stage.Organization, "/v1/projects/" + stage.Project, "/v1/environments/" + stage.Dev, "/v1/api-keys/" + key} {
			stage.Owner.Get(path).Want(200)
		}
	})
}
