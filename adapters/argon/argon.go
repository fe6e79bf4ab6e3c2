// Package argon hashes passwords by Argon2id (RFC 9106) in a lane of its own,
// so that a flood of logins takes neither all memory nor all cores.
//
// It refuses to read a stored hash that would cost far more than one of ours;
// it never cuts or normalizes a password.
package argon

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"runtime"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
)

// current is what new hashes are made with: OWASP's minimum for Argon2id,
// 20 to 30 ms on one core of a server.
var current = parameters{memory: 19456, passes: 2, threads: 1}

const (
	saltSize = 16
	keySize  = 32
)

// step is the grid on which refusals are answered, counted from the call. A
// hash of older parameters takes another time than the dummy of an account
// that does not exist, and no extra work makes the two equal: memory of
// another size runs at another speed. Waiting does, outside of the lane and so
// at no cost to others. A stored hash that takes longer than a step still shows.
const step = 100 * time.Millisecond

// Options bound the lane. The zero value takes every default.
type Options struct {
	// Workers is how many hash at the same time, each with 19 MiB. Default: as
	// many as Go may use cores; more only make each other slow.
	Workers int
	// Queue is how many may wait behind the admitted ones before more are
	// refused. Default: 64 for each worker, which is about 2 s of waiting, and
	// less than 5 s on a machine that is half as fast.
	Queue int
	// Helper computes the hashes; nil is for here.
	Helper *Helper
}

// Hasher hashes and verifies passwords. It is safe for concurrent use.
type Hasher struct {
	lane   *lane
	dummy  phc
	helper *Helper // nil: hashes are computed here
	// derive is Argon2id; tests count its calls.
	derive func(password, salt []byte, p parameters, size int) []byte
}

// New returns a Hasher with its own lane. A program has one.
func New(o Options) *Hasher {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Queue <= 0 {
		o.Queue = 64 * o.Workers
	}
	derive := argon2id
	if o.Helper != nil {
		derive = o.Helper.derive
	}
	return &Hasher{
		lane:   newLane(o.Workers, o.Queue),
		dummy:  phc{parameters: current, salt: random(saltSize), key: random(keySize)},
		helper: o.Helper,
		derive: derive,
	}
}

// Hash returns the PHC string of a new password. It fails with fault.ErrBusy
// when the queue is full and with fault.ErrUnavailable when ctx ends first.
func (h *Hasher) Hash(ctx context.Context, p account.Password) (account.PasswordHash, error) {
	var hash account.PasswordHash
	if err := h.lane.run(ctx, func() error { return nil }, func() { hash = h.hash(p) }); err != nil {
		return account.PasswordHash{}, err
	}
	return hash, nil
}

// Verify says whether the password is the one that was hashed; see
// ports.Passwords. It fails as Hash does, with the error of before, and with
// an internal fault when the stored hash is none that may be computed.
//
// A match with other parameters than the current ones costs a second hash, the
// fresh one. A refusal is answered a whole number of steps after the call, so
// that its time does not tell an older hash from a missing account.
func (h *Hasher) Verify(ctx context.Context, hash *account.PasswordHash, p account.Password, before func() error) (bool, *account.PasswordHash, error) {
	begun := time.Now()
	expected := h.dummy
	if hash != nil {
		kept, err := parse(hash.Reveal())
		if err != nil {
			return false, nil, fault.ErrInternal.With(err)
		}
		expected = kept
	}
	var (
		match bool
		fresh *account.PasswordHash
	)
	err := h.lane.run(ctx, before, func() {
		key := h.derive([]byte(p.Reveal()), expected.salt, expected.parameters, len(expected.key))
		match = subtle.ConstantTimeCompare(key, expected.key) == 1 && hash != nil
		if match && expected.outdated() {
			renewed := h.hash(p)
			fresh = &renewed
		}
	})
	if err != nil {
		return false, nil, err // what was begun may yet write the others
	}
	if !match {
		return false, nil, settle(ctx, begun)
	}
	return true, fresh, nil
}

func (h *Hasher) hash(p account.Password) account.PasswordHash {
	made := phc{parameters: current, salt: random(saltSize)}
	made.key = h.derive([]byte(p.Reveal()), made.salt, current, keySize)
	return account.StoredPasswordHash(made.String())
}

// settle waits until a whole number of steps has passed since begun.
func settle(ctx context.Context, begun time.Time) error {
	timer := time.NewTimer(step - time.Since(begun)%step)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fault.ErrUnavailable.With(ctx.Err())
	}
}

func argon2id(password, salt []byte, p parameters, size int) []byte {
	return argon2.IDKey(password, salt, p.passes, p.memory, p.threads, uint32(size)) //nolint:gosec // 16 to 64
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: it ends the program instead
	return b
}
