package compat

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

func base(name string) string { return "/compat/" + name }

func TestADialectThatIsOffIsNotThere(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Environment{"COMPAT": harness.Unset})
		for _, name := range dialects(t) {
			for _, o := range harness.Dialect(t, name).Operations {
				s.Client(t).Do(o.Method, o.Fill("x"), nil).Refused(404, "NOT_FOUND")
			}
			s.Client(t).Get(base(name)+"/nowhere").Refused(404, "NOT_FOUND")
		}
	})
}

func TestOnlyTheNamedDialectsAreOn(t *testing.T) {
	t.Parallel()
	all := dialects(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"COMPAT": all[0]})
	s.Client(t).Get(base(all[0]) + "/openapi.json").Want(200)
	for _, other := range all[1:] {
		s.Client(t).Get(base(other)+"/openapi.json").Refused(404, "NOT_FOUND")
	}
}

func TestAnUnknownDialectRefusesToStart(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"esperanto", "phaseflag,esperanto", "PhaseFlag", "phaseflag,", "all,esperanto", "phaseflag;phy"} {
		o := harness.Run(t, harness.Environment{"COMPAT": wrong, "PORT": "0", "METRICS_ADDR": ""}, "serve")
		if o.Code != 2 || !strings.Contains(o.Stderr, "COMPAT") || !strings.Contains(o.Stderr, "phaseflag") {
			t.Errorf("COMPAT=%s: code %d\n%s", wrong, o.Code, o.Stderr)
		}
	}
}

func TestNoDialectIsInOurOwnSpecification(t *testing.T) {
	t.Parallel()
	if strings.Contains(harness.Spec(t).Text, "/compat/") {
		t.Error("openapi.json has a route of a dialect")
	}
}

func TestEachDialectShowsTheSpecificationThatIsCommitted(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		for _, name := range dialects(t) {
			committed, err := os.ReadFile(filepath.Join(harness.Root(t), "adapters/httpapi/compat", name, "openapi.json"))
			if err != nil {
				t.Fatal(err)
			}
			if shown := s.Client(t).Get(base(name) + "/openapi.json").Want(200); string(shown.Body) != string(committed) {
				t.Errorf("%s: openapi.json has drifted; run make generate", name)
			}
			for _, o := range harness.Dialect(t, name).Operations {
				if !strings.HasPrefix(o.Path, base(name)+"/") {
					t.Errorf("%s documents %s", name, o.Path)
				}
			}
		}
	})
}

// The form of a refusal is judged with every answer.
func TestWhatADialectRefusesItRefusesInItsOwnForm(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		for _, name := range dialects(t) {
			for _, o := range harness.Dialect(t, name).Operations {
				if !o.TakesBody() {
					continue
				}
				c := s.Client(t)
				switch {
				case o.ByMachine:
					c = c.Bearer(harness.AdminToken)
				case o.Secured:
					c = s.Cast(t).Outsider.Client
				}
				path := o.Fill(uuid.Must(uuid.NewV7()).String())
				for what, body := range map[string]string{
					"an unknown member": `{"no_such_member": 1}`, "a repeated member": `{"a": 1, "a": 1}`, "no JSON": `{`,
					"a list": `[]`, "nothing": ``, "NUL": `{"a": "\u0000"}`,
				} {
					if body == "" && o.MayTakeNoBody() {
						continue
					}
					if r := c.Do(o.Method, path, body); r.Status != 400 {
						t.Errorf("%s with %s: %d", o.Name(), what, r.Status)
					}
				}
				if r := c.Do(o.Method, path+"?unknown=1", `{}`); r.Status != 400 {
					t.Errorf("%s with an unknown parameter: %d", o.Name(), r.Status)
				}
				if r := c.Do(o.Method, path, `{"a": "`+strings.Repeat("x", 1<<20)+`"}`); r.Status != 413 {
					t.Errorf("%s with too large a body: %d", o.Name(), r.Status)
				}
				if r := c.With("Content-Type", "text/plain").Do(o.Method, path, `{}`); r.Status != 415 {
					t.Errorf("%s with another type: %d", o.Name(), r.Status)
				}
			}
			nowhere := s.Client(t).Get(base(name) + "/nowhere").Want(404)
			wrong := s.Client(t).Do(http.MethodTrace, base(name)+"/openapi.json", nil).Want(405)
			for _, r := range []*harness.Response{nowhere, wrong} {
				var body M
				if err := json.Unmarshal(r.Body, &body); err != nil || r.Header.Get("Content-Type") != "application/json" || body["type"] != nil {
					t.Errorf("%s: %s", name, r.Body)
				}
			}
		}
	})
}

func TestEveryDialectIsBoundByTheLimits(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"RATE_AUTH_PER_MINUTE": "1", "RATE_ORGANIZATION_PER_MINUTE": "1"})
	for _, name := range dialects(t) {
		for _, o := range harness.Dialect(t, name).Operations {
			if !slices.Contains(o.Statuses, "429") {
				continue
			}
			c := s.Client(t)
			if o.Secured {
				c = s.Register(t).Client
			}
			last := 0
			for range 3 {
				last = c.Do(o.Method, o.Fill("x")+"?unknown=1", `{}`).Status
			}
			if last != 429 {
				t.Errorf("%s: %d", o.Name(), last)
			}
		}
	}
}
