// Package fault is the one vocabulary in which every room reports what went
// wrong. Callers branch on Kind and Code and on nothing else; the zero Kind is
// Internal, so an error that nobody classified can only become a 500.
package fault

import (
	"errors"
	"sort"
	"time"
)

// Kind says what sort of failure an error is, and so what its reader may do
// about it.
type Kind uint8

// The kinds, in the order in which a request meets them.
const (
	Internal        Kind = iota // our mistake; nothing that the caller sent can help
	Unauthenticated             // we do not know who is calling
	Invalid                     // the request alone shows that it cannot be served
	NotFound                    // no such thing, or none of the caller's
	Forbidden                   // the caller is known and may not
	Conflict                    // the stored state forbids it now
	Throttled                   // too often; RetryAfter says when again
	Unavailable                 // a dependency or a queue is exhausted; RetryAfter says when again
)

var kindNames = map[Kind]string{
	Internal: "internal", Unauthenticated: "unauthenticated", Invalid: "invalid", NotFound: "not found",
	Forbidden: "forbidden", Conflict: "conflict", Throttled: "throttled", Unavailable: "unavailable",
}

// Kinds lists every kind, so that a table over them can be shown to be whole.
func Kinds() []Kind {
	return []Kind{Internal, Unauthenticated, Invalid, NotFound, Forbidden, Conflict, Throttled, Unavailable}
}

func (k Kind) String() string { return kindNames[k] }

// Field is one member of a request that was refused, and why, in words that
// may be shown to the person who typed it.
type Field struct {
	Name    string
	Message string
}

// Error is a failure with two texts: Public is safe to show to anyone, Err is
// the cause and is only ever logged.
type Error struct {
	Kind       Kind
	Code       string // stable, SCREAMING_SNAKE, unique
	Public     string // one plain sentence for the client
	Fields     []Field
	RetryAfter time.Duration // meaningful for Throttled and Unavailable
	Err        error
}

var declared = map[string]*Error{}

// Declare makes a fault that the product can answer with, and registers it for
// the generated list of errors. It panics on a code declared twice: codes are
// identities.
func Declare(kind Kind, code, public string) *Error {
	if _, taken := declared[code]; taken {
		panic("fault: " + code + " is declared twice")
	}
	e := &Error{Kind: kind, Code: code, Public: public}
	declared[code] = e
	return e
}

// Declared returns every declared fault, ordered by code.
func Declared() []Error {
	all := make([]Error, 0, len(declared))
	for _, e := range declared {
		all = append(all, *e)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Code < all[j].Code })
	return all
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Err.Error()
	}
	return e.Code + ": " + e.Public
}

// Unwrap returns the cause, which clients never see.
func (e *Error) Unwrap() error { return e.Err }

// Is matches by code, so that a fault with a cause still is that fault.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With returns a copy that carries cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// WithField returns a copy that names one refused member of the request.
func (e *Error) WithField(name, message string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Name: name, Message: message})
	return &c
}

// After returns a copy that tells the client when to try again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Of finds the fault in err's chain. Anything else is an internal fault with
// err as its cause. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return ErrInternal.With(err)
}

// KindOf returns the kind of err, Internal for anything unclassified.
func KindOf(err error) Kind {
	if f := Of(err); f != nil {
		return f.Kind
	}
	return Internal
}
