package app

import (
	"context"
	"errors"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/ports"
)

// Verification is the SDK plane: who a key is, and what it opens. It never
// writes; the uses of keys are collected here and kept in batches.
type Verification struct {
	Dependencies
	uses    *uses[usedKey, lastUse]
	callers *uses[usedKey, apikey.Callers] // of keys that were rotated
}

func newVerification(d Dependencies) *Verification {
	return &Verification{
		Dependencies: d,
		uses:         &uses[usedKey, lastUse]{merge: latest},
		callers:      &uses[usedKey, apikey.Callers]{merge: together},
	}
}

// Presented is a key as it came in.
type Presented struct {
	Key    string
	InURL  bool   // only client keys may come that way
	Client Client // who counts as the one who uses it
}

// Asked narrows what a key must open. Empty members ask for nothing.
type Asked struct {
	Environment string // id or slug
	Scope       string
}

// Authorize returns what the key opens, which is not to be written to, or says
// why it does not open what was asked for. A good key is returned beside its
// refusal.
func (v *Verification) Authorize(ctx context.Context, p Presented, asked Asked) (*ports.Opened, error) {
	opened, err := v.admit(ctx, p, asked)
	v.Tally.Count(ports.KeyChecks, checkResult(err), 1)
	return opened, err
}

func (v *Verification) admit(ctx context.Context, p Presented, asked Asked) (*ports.Opened, error) {
	opened, _, err := v.open(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := opened.Key.Admits(opened.Environment, asked.Environment, asked.Scope); err != nil {
		return opened, err
	}
	v.used(opened, p.Client)
	return opened, nil
}

// open finds the key, and says how old that knowledge is and whether the key is
// good. One that has ended is returned beside the fault: its own organization may
// know why.
func (v *Verification) open(ctx context.Context, p Presented) (*ports.Opened, time.Duration, error) {
	secret, err := apikey.ParseSecret(p.Key)
	if err != nil {
		return nil, 0, err
	}
	if p.InURL && secret.Type() != apikey.Client {
		return nil, 0, apikey.ErrInURL
	}
	opened, age, err := v.Credentials.Key(ctx, secret.Digest())
	if err != nil {
		return nil, 0, err
	}
	if opened == nil {
		return nil, age, apikey.ErrUnknown
	}
	return opened, age, opened.Key.Usable(v.Clock.Now())
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
	Age    time.Duration // of the knowledge
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
func (v *Verification) Verify(ctx context.Context, reach access.Reach, p Presented, asked Asked) (Verdict, error) {
	opened, age, err := v.open(ctx, p)
	if opened != nil && !reach.Includes(opened.Organization.ID) {
		opened, err = nil, apikey.ErrUnknown
	}
	if err == nil {
		err = opened.Key.Admits(opened.Environment, asked.Environment, asked.Scope)
	}
	v.Tally.Count(ports.KeyChecks, checkResult(err), 1)
	for _, c := range codes {
		if errors.Is(err, c.fault) {
			return Verdict{c.code, opened, age}, nil
		}
	}
	if err != nil {
		return Verdict{}, err
	}
	v.used(opened, p.Client)
	return Verdict{Valid, opened, age}, nil
}
