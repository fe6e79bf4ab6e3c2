package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/ports"
)

var errCursor = fault.Declare(fault.Invalid, "INVALID_CURSOR", "This cursor is not one that this list gave out. Begin again without it.")

// Paging is embedded in the input of every list. It is exported because huma
// looks into exported fields only.
type Paging struct {
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at most"`
	After string `query:"after" doc:"The cursor from the last page's Link header"`
}

// list names one list: its address without the query, and whose view of it is
// meant. A cursor of one list is none of another. What narrows the list stands
// in the address of every page.
type list struct {
	path   string
	scope  []string
	filter url.Values
}

func listOf(path string, scope ...string) list { return list{path: path, scope: scope} }

// narrowed is the list, narrowed by the parameters that are not empty: a name
// and a value each.
func (l list) narrowed(parameters ...string) list {
	l.filter = url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		if parameters[i+1] != "" {
			l.filter.Set(parameters[i], parameters[i+1])
		}
	}
	return l
}

// next is the Link to the page after the position.
func (l list) next(c cursors, limit int, last uuid.UUID) string {
	query := url.Values{"limit": {strconv.Itoa(limit)}, "after": {c.encode(l, last)}}
	maps.Copy(query, l.filter)
	return "<" + l.path + "?" + query.Encode() + `>; rel="next"`
}

const cursorMAC = 16

// cursors makes and reads the opaque positions in lists. They are authenticated
// and bound to their list, so that nobody can probe for ids by making them up.
type cursors struct{ key []byte }

func (c cursors) encode(l list, last uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append(last[:], c.mac(l, last)...))
}

func (c cursors) decode(l list, cursor string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != len(uuid.UUID{})+cursorMAC || strings.ContainsAny(cursor, "\r\n") {
		return uuid.UUID{}, errCursor
	}
	last := uuid.UUID(raw[:16])
	if !hmac.Equal(raw[16:], c.mac(l, last)) {
		return uuid.UUID{}, errCursor
	}
	return last, nil
}

func (c cursors) mac(l list, last uuid.UUID) []byte {
	h := hmac.New(sha256.New, c.key)
	for _, part := range append([]string{l.path}, l.scope...) {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part)) // lengths keep the parts apart
	}
	h.Write(last[:])
	return h.Sum(nil)[:cursorMAC]
}

// page is what the use case is asked for.
func page[K any](c cursors, l list, p Paging) (ports.Page[id.Of[K]], error) {
	if p.After == "" {
		return ports.Page[id.Of[K]]{Limit: p.Limit}, nil
	}
	last, err := c.decode(l, p.After)
	return ports.Page[id.Of[K]]{After: id.Of[K](last), Limit: p.Limit}, err
}

// listing is the answer of every list: a bare array, and where the next page is.
type listing[T any] struct {
	Link string `header:"Link" doc:"The next page, where there is one (RFC 8288)"`
	Body []T
}

// answerList shows the items, and links to the next page where there is one.
func answerList[I, T any](c cursors, l list, p Paging, found app.Listed[I], show func(I) T, position func(I) uuid.UUID) *listing[T] {
	out := &listing[T]{Body: make([]T, 0, len(found.Items))}
	for _, item := range found.Items {
		out.Body = append(out.Body, show(item))
	}
	if found.More {
		out.Link = l.next(c, p.Limit, position(found.Items[len(found.Items)-1]))
	}
	return out
}
