package compat

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// creation is a request that creates, as somebody may send it once.
type creation struct {
	client *harness.Client
	path   string
	body   M
	status int
	counts string // how many things of its name there are
	name   string
}

// creations has every operation of a dialect that takes an Idempotency-Key. A
// further one fails the tests until it is described here.
func creations(s *harness.Server) map[string]func(t *testing.T) creation {
	newAccount := func(path string, status int) func(t *testing.T) creation {
		return func(t *testing.T) creation {
			email := harness.NewEmail()
			return creation{s.Client(t), path, M{"email": email, "password": harness.NewPassword()}, status, "SELECT count(*) FROM accounts WHERE email = $1", email}
		}
	}
	return map[string]func(t *testing.T) creation{
		"POST " + phaseflag + "/register": newAccount(phaseflag+"/register", 201),
		"POST " + phy + "/signup":         newAccount(phy+"/signup", 200),
		"POST " + zylon + "/register": func(t *testing.T) creation {
			email := harness.NewEmail()
			body := M{"email": email, "password": harness.NewPassword(), "roles": []string{"AppUser"}}
			return creation{machine(t, s), zylon + "/register", body, 201, "SELECT count(*) FROM accounts WHERE email = $1", email}
		},
		"POST " + usernameKeys + "/keys": func(t *testing.T) creation {
			name := "Key " + harness.Unique()
			return creation{s.Cast(t).Owner.Client, usernameKeys + "/keys", M{"name": name}, 201, "SELECT count(*) FROM account_keys WHERE name = $1", name}
		},
	}
}

func newIdempotencyKey() string { return harness.Marker + "-" + harness.Unique() }

func (c creation) once(t *testing.T, s *harness.Server) {
	t.Helper()
	if n := s.Count(t, c.counts, c.name); n != 1 {
		t.Errorf("there are %d called %s", n, c.name)
	}
}

func TestEveryOperationOfADialectThatCanBeRepeatedIsTried(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		var takes []string
		for _, name := range dialects(t) {
			for _, o := range harness.Dialect(t, name).Operations {
				node, err := json.Marshal(harness.Dialect(t, name).Document["paths"].(M)[o.Path].(M)[strings.ToLower(o.Method)])
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(node), `"name":"Idempotency-Key"`) {
					takes = append(takes, o.Name())
				} else if slices.Contains(o.Statuses, "201") {
					t.Errorf("%s creates and takes no Idempotency-Key", o.Name())
				}
			}
		}
		slices.Sort(takes)
		if described := slices.Sorted(maps.Keys(creations(s))); !slices.Equal(takes, described) {
			t.Errorf("an Idempotency-Key is taken by %v, tried are %v", takes, described)
		}
	})
}

func TestADialectAnswersARepeatedCreationAsTheFirstTime(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for name, describe := range creations(s) {
			t.Run(name, func(t *testing.T) {
				c := describe(t)
				named := c.client.With("Idempotency-Key", newIdempotencyKey())
				first := named.Post(c.path, c.body).Want(c.status)
				again := named.Post(c.path, c.body).Want(c.status)
				if string(again.Body) != string(first.Body) || again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" {
					t.Errorf("%s is repeated as %s", first.Body, again.Body)
				}
				c.once(t, s)
				named.Post(c.path, describe(t).body).Want(422)
				c.client.With("Idempotency-Key", strings.Repeat("k", 256)).Post(c.path, describe(t).body).Want(400)
			})
		}
	})
}

// While the first request is worked on, its repetitions are refused. It is at
// work for as long as it takes, so it is raced until that is seen.
func TestADialectRefusesRepetitionsWhileTheFirstIsWorkedOn(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for name, describe := range creations(s) {
			t.Run(name, func(t *testing.T) {
				const rounds, many = 30, 8
				for range rounds {
					c := describe(t)
					statuses := c.race(t, many)
					if c.once(t, s); slices.Contains(statuses, 409) {
						return
					}
				}
				t.Errorf("in %d rounds of %d nobody was refused", rounds, many)
			})
		}
	})
}

// race sends the request many times at once, under one key.
func (c creation) race(t *testing.T, many int) []int {
	t.Helper()
	named := c.client.With("Idempotency-Key", newIdempotencyKey())
	statuses := make([]int, many)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() { statuses[i] = named.Post(c.path, c.body).Status })
	}
	all.Wait()
	for _, status := range statuses {
		if status != c.status && status != 409 {
			t.Errorf("one of many is answered %d", status)
		}
	}
	return statuses
}
