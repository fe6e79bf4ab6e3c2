package fuzz

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is one before it is sent.
type request struct {
	operation *operation
	method    string
	path      string // escaped
	query     string
	header    http.Header
	body      string
	has       bool // a body
	chunked   bool
}

// derive makes a request from the grammar. Every fourth is as it should be;
// others have one to three accidents.
func (g grammar) derive(r *rand.Rand, w *world) *request {
	o := &g[r.IntN(len(g))]
	q := &request{operation: o, method: o.Method, path: o.Path, header: http.Header{}, chunked: oneIn(r, 10)}
	for _, slot := range o.Slots() {
		q.path = strings.Replace(q.path, "{"+slot+"}", w.slot(r, o.Path, slot), 1)
	}
	query := url.Values{}
	for _, p := range o.parameters {
		if p.in == "query" && p.name != "api_key" && (p.required || oneIn(r, 3)) {
			query.Set(p.name, fmt.Sprint(o.value(r, w, p.name, p.schema)))
		}
		if p.name == "Idempotency-Key" && oneIn(r, 3) {
			q.header.Set(p.name, fmt.Sprintf("fuzz-%d", r.IntN(1000)))
		}
	}
	q.query = query.Encode()
	q.authenticate(r, w)
	members, takes := o.content(r, w)
	accidents := 0
	if !oneIn(r, 4) {
		accidents = 1 + r.IntN(3)
	}
	for range accidents {
		switch kind := r.IntN(10); {
		case kind < 5 && takes:
			members = mutated(r, members)
		default:
			q.accident(r, w)
		}
	}
	if takes {
		q.has, q.body = true, written(members)
		q.header.Set("Content-Type", "application/json")
		if accidents > 0 && oneIn(r, 4) {
			q.body = spoiled(r, q.body)
		}
		if accidents > 0 && oneIn(r, 10) {
			q.mislabel(r)
		}
	}
	return q
}

// authenticate presents a credential that the operation takes.
func (q *request) authenticate(r *rand.Rand, w *world) {
	if len(q.operation.schemes) == 0 {
		return
	}
	switch pick(r, q.operation.schemes) {
	case "session":
		token := w.owner.AccessToken
		if strings.HasSuffix(q.path, "/leave") || oneIn(r, 10) {
			token = w.other.AccessToken
		}
		q.header.Set("Authorization", "Bearer "+token)
	case "accountKey":
		q.header.Set("Authorization", "Bearer "+w.accountKey)
	case "operator":
		q.header.Set("Authorization", "Bearer "+w.operator)
	case "environmentKey":
		q.header.Set("X-API-Key", pick(r, []string{w.key, w.clientKey}))
	}
	if slices.ContainsFunc(q.operation.parameters, func(p parameter) bool { return p.name == "X-Organization-ID" }) {
		q.header.Set("X-Organization-ID", w.organization)
	}
}

// accident changes something outside of the body.
func (q *request) accident(r *rand.Rand, w *world) {
	switch r.IntN(10) {
	case 0, 1, 2:
		q.path = q.astray(r, w)
	case 3, 4:
		q.query = q.asked(r, w)
	case 5, 6:
		q.impersonate(r, w)
	case 7, 8:
		q.decorate(r, w)
	default:
		q.method = pick(r, []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PROPFIND", "QUERY", "X"})
	}
}

// astray is the path with another id in a slot, or another path.
func (q *request) astray(r *rand.Rand, w *world) string {
	id := pick(r, w.ids())
	other := pick(r, []string{
		id, id, id, strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), "{" + id + "}", id[:len(id)-1], id + "0", id + "%00", "%20" + id, id + "%0a", id + "," + id,
		"abc", "-1", "0", "9223372036854775808", "1e309", "..", "%2e%2e", "%2f", "%00", "%ff", "null", "me", "*", strings.Repeat("a", 10_000), url.PathEscape(short(odd(r))),
	})
	parts := strings.Split(q.path, "/")
	for i, part := range strings.Split(q.operation.Path, "/") {
		if strings.HasPrefix(part, "{") && i < len(parts) && oneIn(r, 2) {
			parts[i] = other
			return strings.Join(parts, "/")
		}
	}
	return pick(r, []string{
		q.path + "/", "/" + q.path, strings.ToUpper(q.path), q.path + "/" + other, q.path + ";a=b", q.path + "%20", strings.Replace(q.path, "/v1", "/v1/.", 1), strings.Replace(q.path, "/v1", "/v2", 1),
		strings.Replace(q.path, "v1/", "v1%2f", 1), "/v1/sdk/authorize" + q.path, "/compat/" + other + "/api/v1/auth/login", "/docs/" + other, "/" + other,
	})
}

// asked is the query with a parameter that is odd, new, or there twice.
func (q *request) asked(r *rand.Rand, w *world) string {
	name, value := "limit", short(odd(r))
	var named []parameter
	for _, p := range q.operation.parameters {
		if p.in == "query" {
			named = append(named, p)
		}
	}
	if len(named) > 0 {
		name = pick(r, named).name
	}
	switch r.IntN(6) {
	case 0:
		name, value = pick(r, []string{"unknown", "org_id", "access_token", "api_key", "limit[]", "offset", ""}), short(odd(r))
	case 1:
		name, value = "after", altered(r, pick(r, append(w.cursors, "AAAA")))
	case 2:
		return q.query + "&" + pick(r, []string{"a=%zz", "%", "a=b;c=d", "&&&", "=", "a", strings.Repeat("a=b&", 500)})
	case 3:
		value = pick(r, w.ids())
	}
	return q.query + "&" + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// impersonate alters the credential, or presents another one, or several.
func (q *request) impersonate(r *rand.Rand, w *world) {
	tokens := []string{w.owner.AccessToken, w.other.AccessToken, w.accountKey, w.operator, w.key, w.clientKey, w.owner.RefreshToken, "x.y.z", "null"}
	token := pick(r, tokens)
	switch r.IntN(8) {
	case 0:
		q.header.Del("Authorization")
		q.header.Del("X-API-Key")
	case 1, 2:
		q.header.Set("Authorization", "Bearer "+altered(r, token))
	case 3:
		q.header.Set("X-API-Key", altered(r, token))
	case 4:
		q.header.Add("Authorization", "Bearer "+token)
	case 5:
		q.header.Set("Authorization", pick(r, []string{"", "Bearer", "Bearer ", "bearer " + token, "BEARER  " + token, "Basic " + token, "Token " + token, token, "Bearer " + token + ", Bearer " + token, "Bearer \xff\xfe"}))
	case 6:
		q.query += "&" + pick(r, []string{"api_key=", "access_token="}) + url.QueryEscape(token)
	default:
		q.header.Set("Authorization", "Bearer "+token)
	}
}

// altered is a credential or cursor that was tampered with.
func altered(r *rand.Rand, token string) string {
	if token == "" {
		return "A"
	}
	at := r.IntN(len(token))
	switch r.IntN(7) {
	case 0:
		return token[:at]
	case 1:
		return token[:at] + "A" + token[at:]
	case 2:
		return token[:at] + string([]byte{token[at]&^1 | 0x40}) + token[at+1:]
	case 3:
		return strings.ToUpper(token)
	case 4:
		return "eyJhbGciOiJub25lIn0" + token[min(len(token), 20):]
	case 5:
		return token + token
	default:
		return strings.Repeat("A", pick(r, []int{1, 43, 500, 9000}))
	}
}

// decorate adds a header that means something elsewhere.
func (q *request) decorate(r *rand.Rand, w *world) {
	printable := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, short(odd(r)))
	name := pick(r, []string{
		"X-Organization-ID", "X-Organization-ID", "Idempotency-Key", "Idempotency-Key", "X-Request-ID", "Accept", "Accept-Encoding", "Accept-Language", "Origin", "Range", "If-None-Match", "If-Match",
		"If-Modified-Since", "Cookie", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-HTTP-Method-Override", "X-Original-URL", "Referer", "User-Agent", "TE", "Via", "Access-Control-Request-Method", "Traceparent",
	})
	value := pick(r, []string{printable, printable, pick(r, w.ids()), "*", "", "bytes=0-1", "gzip;q=0", "null", "https://evil.example"})
	if oneIn(r, 3) {
		q.header.Add(name, value)
		return
	}
	q.header.Set(name, value)
}

// short leaves room in the header, which has 32 KB for everything.
func short(text string) string { return text[:min(len(text), 3000)] }

// mislabel says that the body is something else, or packed.
func (q *request) mislabel(r *rand.Rand) {
	q.header.Set("Content-Type", pick(r, []string{"", "text/plain", "application/json;charset=utf-16", "application/JSON; charset=UTF-8", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "a/b/c", "\xff", "application/json;"}))
	if oneIn(r, 2) {
		q.header.Set("Content-Encoding", pick(r, []string{"gzip", "br", "identity", "deflate, gzip", "\x80"}))
	}
}

// http is the request to the server at the address; nil where net/http would
// not send it.
func (q *request) http(ctx context.Context, base string) *http.Request {
	var content io.Reader
	if q.has {
		content = bytes.NewReader([]byte(q.body))
	}
	target := base + q.path
	if q.query != "" {
		target += "?" + q.query
	}
	made, err := http.NewRequestWithContext(ctx, q.method, target, content)
	if err != nil {
		return nil
	}
	made.Header = q.header.Clone()
	if q.chunked && q.has {
		made.ContentLength = -1
	}
	return made
}

// String shows the request to whoever looks for what went wrong.
func (q *request) String() string {
	return fmt.Sprintf("%s (%s)\n  %s?%.300s\n  %.900q\n  %.600q", q.operation.Name(), q.method, q.path[:min(len(q.path), 300)], q.query, q.header, q.body)
}
