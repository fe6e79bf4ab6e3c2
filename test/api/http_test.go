package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// writes calls do for every operation with a body, by somebody who may call it.
// Ids in paths are random: what the request alone shows comes before what
// exists.
func writes(t *testing.T, s *harness.Server, do func(o harness.Operation, path string, by *harness.Client)) {
	t.Helper()
	somebody := s.Register(t) // whose wrong passwords keep nobody else from logging in
	n := 0
	for _, o := range harness.Spec(t).Operations {
		if !o.TakesBody() {
			continue
		}
		n++
		by := s.Client(t)
		switch {
		case o.Path == "/v1/keys/verify", strings.HasPrefix(o.Path, "/v1/admin/"):
			by = by.Bearer(harness.AdminToken)
		case o.Secured:
			by = somebody.Client
		}
		do(o, o.Fill(randomID()), by)
	}
	if n < 15 {
		t.Errorf("only %d operations take a body", n)
	}
}

func TestABodyIsOneJSONObjectAndNothingElse(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		writes(t, s, func(o harness.Operation, path string, by *harness.Client) {
			for _, body := range []string{
				"", " ", "null", "true", "1", `"text"`, "[]", `[{}]`, "{", "}", "{}{}", "{} x", "{},", "\ufeff{}", "{'a':1}", `{"a":1,}`, "// {}\n{}",
				`{"a":NaN}`, `{"a":1e400}`, `{"a":01}`, "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", `{"a":"\ud800"}`, `{"a":"\u0000"}`, "{\"a\":\"\x00\"}", "{\"a\":\"\n\"}",
				`{"a":` + repeat("[", 100) + repeat("]", 100) + `}`, `{"a":` + repeat(`{"a":`, 10_000) + "1" + repeat("}", 10_000) + `}`,
			} {
				r := by.Do(o.Method, path, body)
				if body == "" && o.MayTakeNoBody() {
					r.Refused(404, "NOT_FOUND")
					continue
				}
				if r.Status != 400 || r.Code() != "VALIDATION_FAILED" || len(r.Refusals()) == 0 {
					t.Errorf("%s with %.40q: %d %s %v", o.Name(), body, r.Status, r.Code(), r.Refusals())
				}
			}
		})
	})
}

func TestAMemberIsKnownOnceAndSpelledAsDocumented(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		writes(t, s, func(o harness.Operation, path string, by *harness.Client) {
			valid, _ := bodyOf(t, o).(M)
			for member, value := range valid {
				for _, spelling := range []string{strings.ToUpper(member), member + " ", folded(member)} {
					if r := by.Do(o.Method, path, changed(valid, M{spelling: value})); r.Refused(400, "VALIDATION_FAILED").Refusals()[spelling] == "" {
						t.Errorf("%s does not name %q: %v", o.Name(), spelling, r.Refusals())
					}
				}
				text, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				twice := fmt.Sprintf(`{%q:%s,%q:%q}`, member, text, member, "other")
				if r := by.Do(o.Method, path, twice); r.Refused(400, "VALIDATION_FAILED").Refusals()[member] == "" {
					t.Errorf("%s does not name %q, which comes twice: %v", o.Name(), member, r.Refusals())
				}
				escaped := fmt.Sprintf(`{%q:%s,"\u%04x%s":%q}`, member, text, member[0], member[1:], "other")
				by.Do(o.Method, path, escaped).Refused(400, "VALIDATION_FAILED")
				for _, wrong := range []any{1, 1.5, M{"a": 1}, []any{[]any{}}, []any{1, nil}} {
					if _, isNumber := value.(int); isNumber && wrong == any(1) {
						continue
					}
					if r := by.Do(o.Method, path, changed(valid, M{member: wrong})); r.Refused(400, "VALIDATION_FAILED").Refusals()[member] == "" {
						t.Errorf("%s does not name %q of a wrong type: %v", o.Name(), member, r.Refusals())
					}
				}
			}
			by.Do(o.Method, path, changed(valid, M{"": 1})).Refused(400, "VALIDATION_FAILED").Names(`""`)
			for _, unknown := range []string{"unknown", "__proto__", "constructor", " ", "$where", repeat("x", 5000)} {
				if r := by.Do(o.Method, path, changed(valid, M{unknown: 1})); r.Status != 400 {
					t.Errorf("%s takes the member %.20q: %d", o.Name(), unknown, r.Status)
				}
			}
		})
	})
}

func TestABodyIsSentAsUncompressedJSON(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		writes(t, s, func(o harness.Operation, path string, by *harness.Client) {
			body := bodyOf(t, o)
			for _, media := range []string{
				"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json;charset=utf-16", "application/json; charset=latin1",
				"application/problem+json", "text/json", "application/jsonp", "application/json, text/plain", "json", "application/xml", "application/cbor", "*/*",
			} {
				by.With("Content-Type", media).Do(o.Method, path, body).Refused(415, "UNSUPPORTED_MEDIA_TYPE")
			}
			for _, encoding := range []string{"gzip", "br", "deflate", "zstd", "identity, gzip", "x-gzip"} {
				by.With("Content-Encoding", encoding).Do(o.Method, path, "\x1f\x8b\x08bomb").Refused(415, "UNSUPPORTED_MEDIA_TYPE")
			}
			for _, media := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"} {
				if r := by.With("Content-Type", media).Do(o.Method, path, body); r.Status == 415 || r.Status == 400 && r.Code() == "VALIDATION_FAILED" && o.ID != "log-in" && len(r.Refusals()) == 0 {
					t.Errorf("%s refuses %s: %d", o.Name(), media, r.Status)
				}
			}
		})
	})
}

func TestABodyHasALimit(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		const limit = 1 << 20
		writes(t, s, func(o harness.Operation, path string, by *harness.Client) {
			by.Do(o.Method, path, `{"a":"`+repeat("x", limit)+`"}`).Refused(413, "BODY_TOO_LARGE")
		})
		c := s.Client(t)
		exact := `{"email":"` + repeat("x", limit-len(`{"email":""}`)) + `"}`
		c.Post("/v1/auth/login", exact).Refused(400, "VALIDATION_FAILED")
		conn := s.Dial(t, 20*time.Second)
		conn.Say("POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 17 {
			conn.Say("10000\r\n" + repeat("x", 0x10000) + "\r\n")
		}
		conn.Say("0\r\n\r\n")
		if answer := conn.Answer(); answer == nil || answer.StatusCode != 413 || !answer.Close {
			t.Errorf("a long body of unknown length: %+v", answer)
		}
		conn = s.Dial(t, 20*time.Second)
		conn.Say("POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n{")
		if answer := conn.Answer(); answer == nil || answer.StatusCode != 413 || !answer.Close {
			t.Errorf("a body that is announced too long: %+v", answer)
		}
	})
}

func TestAWrongMethodIsToldWhichAreRight(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		allowed := served(harness.Spec(t))
		for path, methods := range allowed {
			if slices.Contains(methods, "GET") {
				methods = append(methods, "HEAD")
			}
			address := strings.NewReplacer("{id}", randomID(), "{envId}", randomID(), "{userId}", randomID()).Replace(path)
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECTED", "get", "QUERY"} {
				if slices.Contains(methods, method) {
					continue
				}
				r := s.Client(t).Do(method, address, nil).Refused(405, "METHOD_NOT_ALLOWED")
				got := strings.Split(r.Header.Get("Allow"), ", ")
				for _, m := range methods {
					if !slices.Contains(got, m) {
						t.Errorf("%s %s allows %v, want %v", method, path, got, methods)
					}
				}
			}
		}
	})
}

func TestAnAddressHasOneSpelling(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		owner := s.Cast(t).Owner
		id := owner.Project
		for _, path := range []string{
			"/v1/projects/", "//v1/projects", "/v1//projects", "/./v1/projects", "/v1/./projects", "/v1/x/../projects", "/V1/projects", "/v1/Projects", "/v1/projects;p",
			"/v1%2fprojects", "/%76%31/nothing", "/v1/projects%2f", "/v1/projects/%2e", "/v1/projects/..%2fprojects", "/healthz/../v1/projects", "/healthz/..%2fv1/projects", "/v1/projects/" + id + "/",
			"/v1/projects/" + id + "//environments", "/v1/projects/" + id + "%2fenvironments", "/v1/projects/" + id + "/environments/", "/v2/projects", "/", "/v1", "/v1/", "/healthz/", "/v1/auth/me/",
		} {
			for who, c := range map[string]*harness.Client{"an owner": owner.Client, "nobody": s.Client(t)} {
				r := c.Get(path)
				if r.Status != 404 && r.Status != 400 && r.Status != 401 {
					t.Errorf("%s reads %s: %d", who, path, r.Status)
				}
				if location := r.Header.Get("Location"); location != "" {
					t.Errorf("%s sends %s to %s", path, who, location)
				}
			}
		}
		s.Client(t).Get("/v1%2fsdk/authorize/x").Refused(404, "NOT_FOUND") // though a gateway's address may follow the right one
		percent := owner.Get("/v1/%70rojects")
		if percent.Status != 404 && percent.Status != 200 {
			t.Errorf("an escaped letter: %d", percent.Status)
		}
		if anonymous := s.Client(t).Get("/v1/%70rojects"); anonymous.Status != 404 && anonymous.Status != 401 {
			t.Errorf("an escaped letter for nobody: %d", anonymous.Status)
		}
	})
}

func TestReadingChangesNothing(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		stage := s.Stage(t)
		_, key := stage.Owner.NewKey(t, stage.Dev)
		of := targets(t, stage, key, stage.Owner.Session())
		for s.Count(t, "SELECT count(*) FROM outbox") > 0 {
			time.Sleep(50 * time.Millisecond) // what was posted before leaves by itself
		}
		before := everything(t, s)
		for _, o := range harness.Spec(t).Operations {
			for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
				for _, c := range []*harness.Client{stage.Owner.Client, s.Client(t), s.Client(t).Bearer(harness.AdminToken)} {
					c.Do(method, fill(t, o, of(o)), nil)
				}
			}
		}
		if after := everything(t, s); after != before {
			t.Errorf("reading changed the database\nfrom %s\nto   %s", before, after)
		}
	})
}

// everything is every row of every table, as text.
func everything(t *testing.T, s *harness.Server) string {
	t.Helper()
	var text strings.Builder
	for _, table := range s.Tables(t) {
		text.WriteString(table + "\n" + dump(t, s, table))
	}
	return text.String()
}

func TestStoredTextComesBackAsTextOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		owner := s.Stage(t).Owner
		for _, name := range []string{
			`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'; DROP TABLE projects; --`, `{{7*7}} ${7*7}`, `\u003cb\u003e`, "naïve ☃ \U0001F600", `a\b"c/d`, "%00%0a%s%n",
		} {
			made := owner.Post("/v1/projects", M{"name": name}).Want(201)
			if got := owner.Get("/v1/projects/" + made.Text("id")).Want(200); got.Text("name") != name || got.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%q came back as %q, %s", name, got.Text("name"), got.Header.Get("Content-Type"))
			}
		}
	})
}

func TestARequestIdIsTakenOrMade(t *testing.T) {
	harness.OnOneEngine(t, func(t *testing.T, s *harness.Server) {
		c := s.Client(t)
		for _, id := range []string{"abc", "trace 42/~!", repeat("x", 128)} {
			if got := c.With("X-Request-ID", id).Get("/healthz").Header.Get("X-Request-ID"); got != id {
				t.Errorf("%q came back as %q", id, got)
			}
			c.With("X-Request-ID", id).Get("/nothing").Refused(404, "NOT_FOUND")
		}
		seen := map[string]bool{}
		for _, id := range []string{"", repeat("x", 129), "ä", "a\tb"} {
			got := c.With("X-Request-ID", id).Get("/healthz").Header.Get("X-Request-ID")
			if got == id || !harness.UUIDv7.MatchString(got) || seen[got] {
				t.Errorf("%q gave %q", id, got)
			}
			seen[got] = true
		}
	})
}

func TestHEADIsGETWithoutABody(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, _ := stage.Owner.NewKey(t, stage.Dev)
		for path, c := range map[string]*harness.Client{
			"/v1/auth/me": stage.Owner.Client, "/v1/projects": stage.Owner.Client, "/healthz": s.Client(t), "/v1/sdk/environment": s.Client(t).Key(secret), "/v1/projects/" + randomID(): stage.Owner.Client,
		} {
			get, head := c.Get(path), c.Do(http.MethodHead, path, nil)
			if head.Status != get.Status || len(head.Body) != 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") || head.Header.Get("ETag") != get.Header.Get("ETag") {
				t.Errorf("%s: HEAD %d %v, GET %d %v", path, head.Status, head.Header, get.Status, get.Header)
			}
		}
	})
}

// served are the methods that answer on each documented path: its own, and those
// of a path with a slot that it fits into.
func served(spec *harness.Specification) map[string][]string {
	methods := map[string][]string{}
	for _, path := range spec.Operations {
		for _, o := range spec.Operations {
			pattern := regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(o.Path, "[^/]+") + "$")
			if pattern.MatchString(path.Path) && !slices.Contains(methods[path.Path], o.Method) {
				methods[path.Path] = append(methods[path.Path], o.Method)
			}
		}
	}
	return methods
}
