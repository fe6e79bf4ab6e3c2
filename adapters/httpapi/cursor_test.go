package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
)

var linkForm = regexp.MustCompile(`^<(/[^>]*)>; rel="next"$`)

func TestAListIsWalkedPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	var seen []string
	for target := "/v1/projects?limit=2"; target != ""; {
		answer := ask(t, h, http.MethodGet, target, "", authorized)
		var page []ProjectBody
		if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || len(page) > 2 {
			t.Fatalf("%d %s", answer.Code, answer.Body.String())
		}
		for _, p := range page {
			seen = append(seen, p.ID)
		}
		target = ""
		if link := answer.Header().Get("Link"); link != "" {
			target = linkForm.FindStringSubmatch(link)[1]
		}
	}
	if len(seen) != len(w.projects) {
		t.Fatalf("%d of %d projects: %v", len(seen), len(w.projects), seen)
	}
	for i, p := range w.projects {
		if seen[i] != p.ID.String() {
			t.Errorf("at %d stands %s", i, seen[i])
		}
	}
}

func TestALastPageHasNoLinkAndAnEmptyListIsNoNull(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if got := ask(t, newTestHandler(t, w), http.MethodGet, "/v1/projects?limit=5", "", authorized); got.Header().Get("Link") != "" {
		t.Error(got.Header())
	}
	w.projects = nil
	if got := ask(t, newTestHandler(t, w), http.MethodGet, "/v1/projects?after=&limit=", "", authorized); strings.TrimSpace(got.Body.String()) != "[]" {
		t.Error(got.Body.String())
	}
}

func TestACursorIsGoodForItsListAlone(t *testing.T) {
	t.Parallel()
	c := cursors{key: make([]byte, 32)}
	last := uuid.New()
	mine := listOf("/v1/projects", home.String())
	cursor := c.encode(mine, last)
	if got, err := c.decode(mine, cursor); err != nil || got != last {
		t.Fatalf("%s %v", got, err)
	}
	for _, l := range []list{
		listOf("/v1/projects", away.String()), listOf("/v1/organizations", home.String()), listOf("/v1/projects"),
		listOf("/v1/projects", home.String(), ""), listOf("/v1/project", "s"+home.String()), {},
	} {
		if _, err := c.decode(l, cursor); err == nil {
			t.Errorf("%v took it", l)
		}
	}
	if _, err := (cursors{key: []byte("other")}).decode(mine, cursor); err == nil {
		t.Error("another key took it")
	}
}

func TestAForgedCursorIsA400(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := newTestHandler(t, w)
	good := cursors{key: make([]byte, 32)}.encode(listOf("/v1/projects", home.String()), w.projects[0].ID.UUID())
	if got := ask(t, h, http.MethodGet, "/v1/projects?after="+good, "", authorized); got.Code != http.StatusOK {
		t.Fatalf("%d %s", got.Code, got.Body.String())
	}
	foreign := cursors{key: make([]byte, 32)}.encode(listOf("/v1/projects", away.String()), w.projects[0].ID.UUID())
	for _, cursor := range []string{
		"x", w.projects[0].ID.String(), foreign, good + "A", good[1:], good[:len(good)-1], good + "=", good + "%0a",
		"'%20OR%201=1--", strings.Repeat("A", 43), base64.RawURLEncoding.EncodeToString(make([]byte, 32)), "%00",
	} {
		refused(t, ask(t, h, http.MethodGet, "/v1/projects?after="+cursor, "", authorized), http.StatusBadRequest, "INVALID_CURSOR")
	}
}

func FuzzOnlyCursorsThatWereGivenOutAreRead(f *testing.F) {
	c := cursors{key: []byte("a key that the fuzzer does not know")}
	l := listOf("/v1/projects", home.String())
	f.Add(c.encode(l, uuid.UUID{1}))
	f.Add(c.encode(listOf("/v1/other"), uuid.UUID{1}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		last, err := c.decode(l, cursor)
		if err == nil && c.encode(l, last) != cursor {
			t.Errorf("%q is a second spelling of %s", cursor, last)
		}
	})
}
