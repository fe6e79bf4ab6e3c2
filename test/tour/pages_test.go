package tour

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/test/harness"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
)

func TestEveryLinkInThePagesResolves(t *testing.T) {
	t.Parallel()
	links := 0
	for _, page := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(page.text, ""), -1) {
			if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
				continue
			}
			links++
			target, anchor, _ := strings.Cut(found[1], "#")
			file := page.path
			if target != "" {
				file = path.Join(path.Dir(page.path), target)
			}
			if _, err := os.Stat(filepath.Join(harness.Root(t), file)); err != nil {
				t.Errorf("%s: %s leads nowhere", page.path, found[1])
			} else if anchor != "" && !anchors(contents(t, file))[anchor] {
				t.Errorf("%s: %s has no heading for #%s", page.path, file, anchor)
			}
		}
	}
	if links == 0 {
		t.Error("no links were found")
	}
}

// anchors are a page's headings as they stand in addresses.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		found[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, h[1])] = true
	}
	return found
}

func TestThePublishedExpressionFindsEveryKey(t *testing.T) {
	t.Parallel()
	if !strings.Contains(contents(t, "docs/architecture.md"), "\n"+apikey.Pattern+"\n") {
		t.Errorf("docs/architecture.md does not publish %s", apikey.Pattern)
	}
}

// operations are the methods of every address in the specification.
func operations(t *testing.T) map[string][]string {
	t.Helper()
	var specification struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(contents(t, "adapters/httpapi/openapi.json")), &specification); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for address, methods := range specification.Paths {
		for method := range methods {
			found[address] = append(found[address], strings.ToUpper(method))
		}
	}
	return found
}

var (
	testName = regexp.MustCompile(`\bTest[A-Z]\w+`)
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Z]\w+)\(`)
)

func TestThePagesNameNoTestThatDoesNotExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, source := range files(t, "_test.go") {
		for _, found := range testFunc.FindAllStringSubmatch(source.text, -1) {
			known[found[1]] = true
		}
	}
	named := 0
	for _, page := range pages(t) {
		for _, name := range testName.FindAllString(page.text, -1) {
			named++
			if !known[name] {
				t.Errorf("%s names %s, which no package has", page.path, name)
			}
		}
	}
	if named == 0 {
		t.Error("no page names a test")
	}
}

var mentioned = regexp.MustCompile(`(?:(GET|POST|PUT|PATCH|DELETE) )?(?:\{\{[a-z]+\}\}|\$BASE)?(/v1/(?:\{\{[\w.]+\}\}|[A-Za-z0-9_/{}$<>:-])+)`)

// ownAddresses are pages that invent addresses to show how one is added, or
// quote documents, which test/contracts tries.
var ownAddresses = map[string]bool{"CONTRIBUTING.md": true, "docs/compatibility.md": true}

func TestThePagesNameNoAddressThatDoesNotExist(t *testing.T) {
	t.Parallel()
	known := operations(t)
	sources := append(pages(t), page{"requests.http", contents(t, "requests.http")})
	seen := 0
	for _, page := range sources {
		if ownAddresses[page.path] {
			continue
		}
		for _, found := range mentioned.FindAllStringSubmatch(page.text, -1) {
			seen++
			if !exists(known, found[1], found[2]) {
				t.Errorf("%s names %s, which the specification does not have", page.path, strings.TrimSpace(found[1]+" "+found[2]))
			}
		}
	}
	if seen == 0 {
		t.Error("no addresses were found")
	}
	if exists(known, "GET", "/v1/nothing") || exists(known, "PUT", "/v1/auth/login") || exists(known, "", "/v1/projects/checkout") {
		t.Error("an address that does not exist is taken for one that does")
	}
}

// exists compares segment by segment: a parameter fits what stands for one. An
// address that ends in a slash is the beginning of others.
func exists(known map[string][]string, method, address string) bool {
	beginning, isBeginning := strings.CutSuffix(address, "/")
	wanted := strings.Split(beginning, "/")
	for candidate, methods := range known {
		segments := strings.Split(candidate, "/")
		fits := len(segments) == len(wanted) || isBeginning && len(segments) > len(wanted)
		for i := 0; fits && i < len(wanted); i++ {
			fits = segments[i] == wanted[i] || strings.HasPrefix(segments[i], "{") && placeholder(wanted[i])
		}
		if fits && (method == "" || strings.Contains(strings.Join(methods, " "), method)) {
			return true
		}
	}
	return false
}

func placeholder(segment string) bool {
	return segment != "" && strings.ContainsAny(segment[:1], "{$<:")
}
