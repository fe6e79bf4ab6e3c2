package app

import (
	"context"
	"errors"
	"sync"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/ports"
)

// Verification is the SDK plane: who a key is, and what it opens. It never
// writes; the time of a key's last use is collected here and kept in batches.
type Verification struct {
	Dependencies
	mu   sync.Mutex
	uses map[apikey.ID]ports.Use
}

func newVerification(d Dependencies) *Verification {
	return &Verification{Dependencies: d, uses: map[apikey.ID]ports.Use{}}
}

// Presented is a key as it came in.
type Presented struct {
	Key   string
	InURL bool // only client keys may come that way
}

// Asked narrows what a key must open. Empty members ask for nothing.
type Asked struct {
	Environment string // id or slug
	Scope       string
}

// Authorize returns what the key opens, or says why it does not open what was
// asked for.
func (v *Verification) Authorize(ctx context.Context, p Presented, asked Asked) (ports.Opened, error) {
	opened, err := v.open(ctx, p)
	if err != nil {
		return ports.Opened{}, err
	}
	if err := opened.Key.Admits(opened.Environment, asked.Environment, asked.Scope); err != nil {
		return ports.Opened{}, err
	}
	v.used(opened.Key)
	return *opened, nil
}

// open finds the key and says whether it is good. A key that has ended is
// returned beside the fault: its own organization may know why.
func (v *Verification) open(ctx context.Context, p Presented) (*ports.Opened, error) {
	secret, err := apikey.ParseSecret(p.Key)
	if err != nil {
		return nil, err
	}
	if p.InURL && secret.Type() != apikey.Client {
		return nil, apikey.ErrInURL
	}
	opened, err := ports.Look(ctx, v.Store, func(tx ports.Tx) (*ports.Opened, error) {
		return tx.KeyIndex().Find(ctx, secret.Digest())
	})
	if err != nil {
		return nil, err
	}
	if opened == nil {
		return nil, apikey.ErrUnknown
	}
	return opened, opened.Key.Usable(v.Clock.Now())
}

// Code is the outcome of a check that a product's backend asked for.
type Code string

// The outcomes.
const (
	Valid             Code = "VALID"
	NotFound          Code = "NOT_FOUND"
	Malformed         Code = "MALFORMED"
	Expired           Code = "EXPIRED"
	Revoked           Code = "REVOKED"
	WrongEnvironment  Code = "WRONG_ENVIRONMENT"
	InsufficientScope Code = "INSUFFICIENT_SCOPE"
)

// Verdict tells a product's backend about a key. Opened is nil where the code
// is NotFound or Malformed.
type Verdict struct {
	Code   Code
	Opened *ports.Opened
}

var codes = []struct {
	fault error
	code  Code
}{
	{apikey.ErrMalformed, Malformed}, {apikey.ErrUnknown, NotFound}, {apikey.ErrExpired, Expired},
	{apikey.ErrRevoked, Revoked}, {apikey.ErrWrongEnvironment, WrongEnvironment},
	{apikey.ErrInsufficientScope, InsufficientScope},
}

// Verify judges a key for somebody else, who may know of the organizations in
// reach only: a key of any other is not found.
func (v *Verification) Verify(ctx context.Context, reach access.Reach, key string, asked Asked) (Verdict, error) {
	opened, err := v.open(ctx, Presented{Key: key})
	if opened != nil && !reach.Includes(opened.Organization.ID) {
		opened, err = nil, apikey.ErrUnknown
	}
	if err == nil {
		err = opened.Key.Admits(opened.Environment, asked.Environment, asked.Scope)
	}
	for _, c := range codes {
		if errors.Is(err, c.fault) {
			return Verdict{c.code, opened}, nil
		}
	}
	if err != nil {
		return Verdict{}, err
	}
	v.used(opened.Key)
	return Verdict{Valid, opened}, nil
}

// used notes that a key was accepted.
func (v *Verification) used(k apikey.Key) {
	use := ports.Use{Organization: k.OrganizationID, Key: k.ID, At: v.Clock.Now()}
	v.mu.Lock()
	defer v.mu.Unlock()
	if kept, known := v.uses[k.ID]; !known || kept.At.Before(use.At) {
		v.uses[k.ID] = use
	}
}

// Flush writes the collected uses. What could not be written is kept for the
// next time, unless a later use came in between.
func (v *Verification) Flush(ctx context.Context) error {
	v.mu.Lock()
	batch := v.uses
	v.uses = make(map[apikey.ID]ports.Use, len(batch))
	v.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	list := make([]ports.Use, 0, len(batch))
	for _, use := range batch {
		list = append(list, use)
	}
	err := v.Store.Do(ctx, func(tx ports.Tx) error { return tx.KeyIndex().Touch(ctx, list) })
	if err != nil {
		v.keep(batch)
	}
	return err
}

func (v *Verification) keep(batch map[apikey.ID]ports.Use) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, use := range batch {
		if _, later := v.uses[id]; !later {
			v.uses[id] = use
		}
	}
}
