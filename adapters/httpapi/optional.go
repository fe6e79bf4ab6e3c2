package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tenantry/tenantry/domain/id"
)

// optional is a member of a request that may be left out. Null is refused,
// since it could mean two things; the empty text counts as left out, because
// dashboards send it for a field that nobody filled in.
type optional[T any] struct {
	value *T
	null  bool
}

// UnmarshalJSON is called for a member that is there, null included.
func (o *optional[T]) UnmarshalJSON(raw []byte) error {
	switch {
	case bytes.Equal(raw, []byte("null")):
		o.null = true
		return nil
	case bytes.Equal(raw, []byte(`""`)):
		return nil
	}
	o.value = new(T)
	return json.Unmarshal(raw, o.value)
}

// orZero is the value, or the zero value where it was left out.
func (o optional[T]) orZero() T {
	if o.value == nil {
		return *new(T)
	}
	return *o.value
}

// Value is nil where the member was left out.
func (o optional[T]) Value() *T { return o.value }

// Resolve lets huma name the member that is null.
func (o *optional[T]) Resolve(_ huma.Context, path *huma.PathBuffer) []error {
	if !o.null {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: path.String(), Message: "must not be null; leave it out instead"}}
}

// Schema is that of the value.
func (*optional[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// moment is an optional instant; null counts as left out, which is how the
// answer writes "never".
type moment struct{ at *time.Time }

var errMoment = errors.New("must be a time as in RFC 3339, such as 2030-01-31T12:00:00Z")

// UnmarshalJSON keeps text that is no time for Resolve, which can name the member.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text == nil || *text == "" {
		return nil
	}
	m.at = new(time.Time)
	if err := m.at.UnmarshalText([]byte(*text)); err != nil {
		*m.at = time.Time{}
	}
	return nil
}

// Resolve refuses what is no time.
func (m *moment) Resolve(_ huma.Context, path *huma.PathBuffer) []error {
	if m.at == nil || !m.at.IsZero() {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: path.String(), Message: errMoment.Error()}}
}

// Schema leaves the check of the form to Resolve: the empty text is no time and
// is accepted.
func (*moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true, Description: "RFC 3339"}
}

// instant is a time in a query, zero where it is left out.
type instant struct{ at time.Time }

// UnmarshalText accepts the years that every store can compare.
func (i *instant) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if at = at.UTC(); err != nil || at.Year() < 1 || at.Year() > 9999 {
		return errMoment
	}
	i.at = at
	return nil
}

// Schema documents the form; UnmarshalText checks it.
func (*instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-01-31T12:00:00Z"}}
}

func (i instant) textOrEmpty() string {
	if i.at.IsZero() {
		return ""
	}
	return i.at.Format(time.RFC3339Nano)
}

// ref is an id in a path or a query.
type ref[K any] struct{ id id.Of[K] }

// UnmarshalText accepts the one canonical form.
func (r *ref[K]) UnmarshalText(text []byte) error {
	parsed, err := id.Parse[K](string(text))
	r.id = parsed
	return err
}

// Schema documents the form; UnmarshalText is stricter than huma's own check.
func (*ref[K]) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid", Examples: []any{exampleID}}
}

func (r ref[K]) textOrEmpty() string {
	if r.id.IsZero() {
		return ""
	}
	return r.id.String()
}

// exampleID stands for every id in the specification.
const exampleID = "01890a5d-ac96-774b-bcce-b302099a8057"

// orNull is a member of an answer that is null where there is nothing.
type orNull[T any] struct{ value *T }

// MarshalJSON writes the value or null.
func (o orNull[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }

// Schema is the value's, or null.
func (orNull[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}
