// Package system gives the use cases the machine's clock and its source of
// randomness.
package system

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Clock is the machine's clock.
type Clock struct{}

// Now returns the time in UTC, cut to microseconds. It has no monotonic
// reading: what is stored and read back must compare equal.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Random draws from the kernel's generator. It is safe for concurrent use.
type Random struct {
	mu     sync.Mutex
	buffer [512]byte
	used   int // bytes of buffer that were handed out
}

// NewRandom returns a source of randomness.
func NewRandom() *Random {
	r := &Random{}
	r.used = len(r.buffer)
	return r
}

// ID returns a new UUIDv7 (RFC 9562, section 5.7), later than every one that
// this process made before, even while the clock stands still or steps back.
// Its last 62 bits are random.
func (*Random) ID() uuid.UUID {
	return uuid.Must(uuid.NewV7()) // fails only where crypto/rand does, which ends the program first
}

// Bytes returns n random bytes.
func (*Random) Bytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: it ends the program instead
	return b
}

// Uniform returns a number in [0, n), each exactly as likely as the other. It
// panics unless 0 < n < 2^32.
func (r *Random) Uniform(n int) int {
	if n <= 0 || int64(n) > 1<<32-1 {
		panic("system: no number in an empty or too wide range")
	}
	limit := uint32(n) //nolint:gosec // just checked
	shift := bits.LeadingZeros32(limit - 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		// Taking only as many bits as n needs, and drawing again past it, has no
		// bias; a remainder would favor the low numbers.
		if v := uint32(uint64(r.draw()) >> shift); v < limit {
			return int(v)
		}
	}
}

// draw takes four bytes from the buffer, one system call for 128 of them, and
// leaves none of them behind in memory.
func (r *Random) draw() uint32 {
	if r.used == len(r.buffer) {
		rand.Read(r.buffer[:]) // never fails: it ends the program instead
		r.used = 0
	}
	taken := r.buffer[r.used : r.used+4]
	v := binary.LittleEndian.Uint32(taken)
	clear(taken)
	r.used += 4
	return v
}
