package api

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

// M is a JSON object.
type M = harness.M

// simultaneously does the same n times at once: nobody begins before all are
// ready.
func simultaneously(n int, do func(i int) *harness.Response) []*harness.Response {
	answers := make([]*harness.Response, n)
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			answers[i] = do(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return answers
}

// tally counts answers by status.
func tally(answers []*harness.Response) map[int]int {
	n := map[int]int{}
	for _, a := range answers {
		n[a.Status]++
	}
	return n
}

var moment = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$`)

// shape is a JSON value with what differs from run to run replaced: ids, times
// and secrets.
func shape(value any) any {
	switch v := value.(type) {
	case M:
		shaped := M{}
		for name, member := range v {
			switch {
			case name == "access_token" || name == "refresh_token" || name == "key" && typeIsText(member):
				shaped[name] = "SECRET"
			case name == "expires_at" && !typeIsText(member) && member != nil:
				shaped[name] = "UNIX"
			default:
				shaped[name] = shape(member)
			}
		}
		return shaped
	case []any:
		shaped := make([]any, 0, len(v))
		for _, item := range v {
			shaped = append(shaped, shape(item))
		}
		return shaped
	case string:
		switch {
		case harness.UUIDv7.MatchString(v):
			return "ID"
		case moment.MatchString(v):
			return "TIME"
		}
	}
	return value
}

func typeIsText(value any) bool {
	_, isText := value.(string)
	return isText
}

// sorted is for comparing what has no order.
func sorted(names ...string) []string {
	slices.Sort(names)
	return names
}

func randomID() string { return uuid.Must(uuid.NewV7()).String() }

// texts collects one member of each item of a list.
func texts(list []M, member string) []string {
	all := make([]string, 0, len(list))
	for _, item := range list {
		text, _ := item[member].(string)
		all = append(all, text)
	}
	return all
}

// follow reads a list to its end, page by page.
func follow(t *testing.T, c *harness.Client, path string) (items []M, pages int) {
	t.Helper()
	for path != "" {
		if pages++; pages > 200 {
			t.Fatalf("the list %s does not end", path)
		}
		page := c.Get(path).Want(200)
		items = append(items, page.List()...)
		path = page.Next()
	}
	return items, pages
}

// confirming is the body that confirms the deletion of what has this path.
func confirming(c *harness.Client, path string) M {
	return M{"confirm": c.Get(path).Want(200).Text("slug")}
}

func repeat(text string, n int) string { return strings.Repeat(text, n) }

// valid is a body that an operation accepts, and victims the objects that its
// slots mean: what a test needs to call any operation of the specification.
var valid = map[string]func() M{
	"POST /v1/auth/register":                        func() M { return harness.NewRegistration() },
	"POST /v1/auth/signup":                          func() M { return M{"email": harness.NewEmail(), "password": harness.NewPassword()} },
	"POST /v1/auth/login":                           func() M { return M{"email": "nobody@example.com", "password": "not the password"} },
	"POST /v1/auth/refresh":                         func() M { return M{"refresh_token": "rt_none"} },
	"POST /v1/auth/switch-organization":             func() M { return M{"organization_id": randomID()} },
	"POST /v1/auth/reauthenticate":                  func() M { return M{"password": "not the password"} },
	"PATCH /v1/auth/me":                             func() M { return M{"name": "Ada"} },
	"DELETE /v1/auth/me":                            func() M { return M{"password": "not the password"} },
	"POST /v1/organizations":                        func() M { return M{"name": "Engines " + harness.Unique()} },
	"PATCH /v1/organizations/{id}":                  func() M { return M{"name": "Renamed"} },
	"DELETE /v1/organizations/{id}":                 func() M { return M{"confirm": "no-slug"} },
	"POST /v1/projects":                             func() M { return M{"name": "Checkout " + harness.Unique()} },
	"PATCH /v1/projects/{id}":                       func() M { return M{"name": "Renamed"} },
	"POST /v1/projects/{id}/environments":           func() M { return M{"name": "Preview " + harness.Unique()} },
	"PATCH /v1/environments/{id}":                   func() M { return M{"name": "Renamed"} },
	"POST /v1/environments/{id}/api-keys":           func() M { return M{"name": "Backend"} },
	"POST /v1/api-keys/{id}/rotate":                 func() M { return M{"overlap_seconds": 60} },
	"DELETE /v1/projects/{id}":                      func() M { return M{"confirm": "no-slug"} },
	"DELETE /v1/environments/{id}":                  func() M { return M{"confirm": "no-slug"} },
	"DELETE /v1/projects/{id}/environments/{envId}": func() M { return M{"confirm": "no-slug"} },
	"POST /v1/keys/verify":                          func() M { return M{"key": "no key"} },
}

// bodyOf is a body that the operation accepts, or none where it takes none. A
// route that nobody described here fails the test.
func bodyOf(t *testing.T, o harness.Operation) any {
	t.Helper()
	body, known := valid[o.Name()]
	if !o.TakesBody() {
		if known {
			t.Errorf("%s takes no body, yet the tests know one", o.Name())
		}
		return nil
	}
	if !known {
		t.Fatalf("%s takes a body that the tests do not know: describe it in valid", o.Name())
	}
	return body()
}
