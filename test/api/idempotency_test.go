package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// newKey is an Idempotency-Key. It holds what a server is searched for when it
// stops: neither its database nor its log may have one.
func newKey() string { return harness.Marker + "-" + harness.Unique() }

func under(c *harness.Client, key string) *harness.Client { return c.With("Idempotency-Key", key) }

// creation is one creating operation as somebody may call it. Its body is
// accepted once.
type creation struct {
	client *harness.Client
	path   string
	body   M
	status int
	name   string // that what it makes has, or the address; nothing else is called so
	makes  int    // how many things of that name
}

// creations has every operation that creates. A further one fails the tests
// until it is described here.
func creations(t *testing.T, s *harness.Server, stage harness.Stage) map[string]func(t *testing.T) creation {
	t.Helper()
	nobody, owner := s.Client(t), stage.Owner.Client
	named := func(c *harness.Client, operation, path string, makes int) func(*testing.T) creation {
		return func(t *testing.T) creation {
			body, name := valid[operation](), "Thing "+harness.Unique()
			body["name"] = name
			return creation{c.For(t), path, body, 201, name, makes}
		}
	}
	all := map[string]func(*testing.T) creation{
		"POST /v1/members/invite": func(t *testing.T) creation {
			email := harness.NewEmail()
			return creation{owner.For(t), "/v1/members/invite", M{"email": email}, 201, email, 1}
		},
		"POST /v1/api-keys/{id}/rotate": func(t *testing.T) creation {
			name := "Thing " + harness.Unique()
			_, id := stage.Owner.For(t).NewKey(t, stage.Dev, M{"name": name})
			return creation{owner.For(t), "/v1/api-keys/" + id + "/rotate", M{"overlap_seconds": 60}, 201, name, 2} // with the one before
		},
		"POST /v1/invitations/accept": func(t *testing.T) creation {
			_, secret := invite(t, stage.Owner.For(t), harness.NewEmail(), "viewer")
			name := "Grace " + harness.Unique()
			return creation{nobody.For(t), "/v1/invitations/accept", M{"token": secret, "name": name, "password": harness.NewPassword()}, 201, name, 1}
		},
		"POST /v1/invitations/accept as who is logged in": func(t *testing.T) creation {
			guest := proven(t, s)
			_, secret := invite(t, stage.Owner.For(t), guest.Email, "viewer")
			return creation{guest.Client, "/v1/invitations/accept", M{"token": secret}, 200, guest.Email, 1} // who was there before
		},
	}
	all["POST /v1/api-keys/{id}/rotate"] = func(t *testing.T) creation {
		name := "Thing " + harness.Unique()
		made := stage.Owner.For(t).Post("/v1/environments/"+stage.Dev+"/api-keys", M{"name": name}).Want(201)
		return creation{owner.For(t), "/v1/api-keys/" + made.Text("id") + "/rotate", M{"overlap_seconds": 60}, 201, name, 2}
	}
	for operation, c := range map[string]struct {
		client *harness.Client
		parent string
		makes  int
	}{
		"POST /v1/auth/register": {nobody, "", 1}, "POST /v1/auth/signup": {nobody, "", 2}, "POST /v1/auth/keys": {owner, "", 1},
		"POST /v1/organizations": {owner, "", 1}, "POST /v1/projects": {owner, "", 1},
		"POST /v1/projects/{id}/environments": {owner, stage.Project, 1}, "POST /v1/environments/{id}/api-keys": {owner, stage.Dev, 1},
	} {
		_, path, _ := strings.Cut(operation, " ")
		all[operation] = named(c.client, operation, strings.Replace(path, "{id}", c.parent, 1), c.makes)
	}
	return all
}

// made says how many things there are of the creation's name.
func (c creation) made(t *testing.T, s *harness.Server) (n int) {
	t.Helper()
	for _, table := range []string{"accounts", "organizations", "projects", "environments", "environment_keys", "account_keys"} {
		n += s.Count(t, "SELECT count(*) FROM "+table+" WHERE name = $1", c.name)
	}
	return n + s.Count(t, "SELECT count(*) FROM accounts WHERE email = $1", c.name) +
		s.Count(t, "SELECT count(*) FROM memberships WHERE email = $1", c.name)
}

// once fails unless the creation took place exactly once.
func (c creation) once(t *testing.T, s *harness.Server) {
	t.Helper()
	if n := c.made(t, s); n != c.makes {
		t.Errorf("there are %d things called %q, want %d", n, c.name, c.makes)
	}
}

// eachCreation runs a test for each of them, on each engine.
func eachCreation(t *testing.T, test func(t *testing.T, s *harness.Server, c creation)) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for name, describe := range creations(t, s, stage) {
			t.Run(name, func(t *testing.T) { test(t, s, describe(t)) })
		}
	})
}

func TestEveryOperationThatCreatesTakesAnIdempotencyKey(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		described := slices.Collect(maps.Keys(creations(t, s, s.Stage(t))))
		for _, o := range harness.Spec(t).Operations {
			node, err := json.Marshal(harness.Spec(t).Document["paths"].(M)[o.Path].(M)[strings.ToLower(o.Method)])
			if err != nil {
				t.Fatal(err)
			}
			takes := strings.Contains(string(node), `"name":"Idempotency-Key"`)
			if creates := slices.Contains(o.Statuses, "201"); takes != creates {
				t.Errorf("%s creates: %v, takes an Idempotency-Key: %v", o.Name(), creates, takes)
			}
			if takes && !slices.Contains(described, o.Name()) {
				t.Errorf("%s is not in creations", o.Name())
			}
		}
	})
}

// repeated fails unless an answer repeats the first one.
func repeated(t *testing.T, first, again *harness.Response) {
	t.Helper()
	if again.Status != first.Status || string(again.Body) != string(first.Body) {
		t.Errorf("the repetition of %d %s\nis answered %d %s", first.Status, first.Body, again.Status, again.Body)
	}
	if again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("Idempotent-Replayed is %q, and at first %q", again.Header.Get("Idempotent-Replayed"), first.Header.Get("Idempotent-Replayed"))
	}
	without := func(r *harness.Response) map[string][]string {
		h := maps.Clone(map[string][]string(r.Header))
		for _, own := range []string{"Date", "X-Request-Id", "Idempotent-Replayed", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} {
			delete(h, own)
		}
		return h
	}
	if diff := cmp.Diff(without(first), without(again)); diff != "" {
		t.Errorf("the headers differ (-first +again):\n%s", diff)
	}
}

func TestARepeatedCreationIsAnsweredAsTheFirstTimeAndCreatesNothing(t *testing.T) {
	eachCreation(t, func(t *testing.T, s *harness.Server, c creation) {
		client := under(c.client, newKey())
		first := client.Post(c.path, c.body).Want(c.status)
		c.once(t, s)
		for range 3 {
			repeated(t, first, client.Post(c.path, c.body))
		}
		for _, other := range []M{{"name": "Another"}, {"email": harness.NewEmail(), "password": harness.NewPassword(), "name": "Another"}} {
			changed := maps.Clone(c.body)
			for name := range c.body {
				if other[name] != nil {
					changed[name] = other[name]
				}
			}
			if !maps.Equal(changed, c.body) {
				client.Post(c.path, changed).Refused(422, "IDEMPOTENCY_KEY_REUSED")
			}
		}
		client.Post(c.path, " "+text(t, c.body)).Refused(422, "IDEMPOTENCY_KEY_REUSED")
		repeated(t, first, client.Post(c.path, c.body))
		c.once(t, s)
	})
}

func text(t *testing.T, body M) string {
	t.Helper()
	written, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}

// While the first request is worked on, its repetitions are refused. It is at
// work for as long as it takes, so it is raced until that is seen.
func TestWhileTheFirstIsWorkedOnItsRepetitionsAreRefused(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for name, describe := range creations(t, s, stage) {
			t.Run(name, func(t *testing.T) {
				const rounds, many = 30, 8
				for range rounds {
					c := describe(t)
					refused := race(t, c, many)
					if c.once(t, s); refused > 0 {
						return
					}
				}
				t.Errorf("in %d rounds of %d nobody was refused", rounds, many)
			})
		}
	})
}

// race sends one request many times at once, under one key, and says how many
// were refused because the first was worked on.
func race(t *testing.T, c creation, many int) (refused int) {
	t.Helper()
	client := under(c.client, newKey())
	answers := simultaneously(many, func(int) *harness.Response { return client.Post(c.path, c.body) })
	var first *harness.Response
	for _, a := range answers {
		switch {
		case a.Status == 409:
			a.Refused(409, "IDEMPOTENCY_KEY_IN_PROGRESS")
			if a.Header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
			}
			refused++
		case a.Status == c.status && a.Header.Get("Idempotent-Replayed") == "":
			if first != nil {
				t.Errorf("two were the first:\n%s\n%s", first.Body, a.Body)
			}
			first = a
		}
	}
	if first == nil {
		t.Fatalf("nobody was the first: %v", tally(answers))
	}
	for _, a := range answers {
		if a != first && a.Status != 409 {
			repeated(t, first, a)
		}
	}
	repeated(t, first, client.Post(c.path, c.body))
	return refused
}

func TestAMalformedIdempotencyKeyIsRefused(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for _, bad := range []string{"", repeat("k", 256), "a\tb", "schlüssel", "\xff", "\u200b"} {
			under(stage.Owner.Client, bad).Post("/v1/projects", valid["POST /v1/projects"]()).
				Refused(400, "VALIDATION_FAILED").Names("Idempotency-Key")
			under(s.Client(t), bad).Post("/v1/projects", valid["POST /v1/projects"]()).Refused(401, "CREDENTIALS_REQUIRED")
		}
		for _, good := range []string{"k", repeat("k", 255-len(harness.Marker)) + harness.Marker, `"` + newKey() + `"`, "a b ~!"} {
			under(stage.Owner.Client, good).Post("/v1/projects", valid["POST /v1/projects"]()).Want(201)
		}
		two := stage.Owner.NewRequest("POST", "/v1/projects", strings.NewReader(`{"name":"Two"}`))
		two.Header.Set("Content-Type", "application/json")
		two.Header["Idempotency-Key"] = []string{"one", "two"}
		stage.Owner.Send(two).Refused(400, "VALIDATION_FAILED").Names("Idempotency-Key")
	})
}

func TestWhoMayNotCreateAnyMoreIsNotShownAgainWhatWasCreated(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		path := "/v1/environments/" + stage.Dev + "/api-keys"
		admin := under(stage.Admin.Client, newKey())
		first := admin.Post(path, M{"name": "Backend"}).Want(201)
		id, keys := member(t, stage.Owner, stage.Admin.Email), len(stage.Owner.Get(path).Want(200).List())
		for _, step := range []struct {
			role string
			may  bool
		}{{"developer", false}, {"viewer", false}, {"admin", true}} {
			stage.Owner.Put("/v1/members/"+id, M{"role": step.role}).Want(204)
			again := admin.Post(path, M{"name": "Backend"})
			if step.may {
				repeated(t, first, again)
			} else {
				again.Refused(403, "FORBIDDEN")
			}
		}
		stage.Owner.Delete("/v1/members/" + id).Want(204)
		admin.Post(path, M{"name": "Backend"}).Refused(404, "NOT_FOUND")
		if got := len(stage.Owner.Get(path).Want(200).List()); got != keys {
			t.Errorf("of %d keys there are %d", keys, got)
		}
	})
}
