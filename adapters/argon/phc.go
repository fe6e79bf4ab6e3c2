package argon

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of what is read from the store. They are far above our own figures
// and far below what could hurt: a hash at the bounds takes under a second and
// 256 MiB. Without them a hostile row could make a login take gigabytes, and
// zero passes or threads would panic.
const (
	maxEncoded = 512
	maxMemory  = 256 << 10 // KiB
	maxPasses  = 16
	maxWork    = 1 << 20 // KiB times passes
	maxThreads = 16
	minSalt    = 8
	minKey     = 16
	maxBytes   = 64
)

// errStored does not quote what was stored: errors are logged.
var errStored = errors.New("argon: the stored password hash is not an Argon2id PHC string within bounds")

var encoding = base64.RawStdEncoding.Strict()

// parameters are the costs of a hash.
type parameters struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// phc is a hash as it is stored,
// $argon2id$v=19$m=19456,t=2,p=1$salt$key, with one spelling for each value.
type phc struct {
	parameters
	salt, key []byte
}

func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s",
		h.memory, h.passes, h.threads, encoding.EncodeToString(h.salt), encoding.EncodeToString(h.key))
}

func (h phc) outdated() bool {
	return h.parameters != current || len(h.salt) != saltSize || len(h.key) != keySize
}

func parse(s string) (phc, error) {
	if len(s) > maxEncoded {
		return phc{}, errStored
	}
	fields := strings.Split(s, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != "v=19" {
		return phc{}, errStored
	}
	costs, ok := parseCosts(fields[3])
	salt, saltOK := decode(fields[4], minSalt)
	key, keyOK := decode(fields[5], minKey)
	if !ok || !saltOK || !keyOK {
		return phc{}, errStored
	}
	return phc{costs, salt, key}, nil
}

func parseCosts(s string) (parameters, bool) {
	fields := strings.Split(s, ",")
	if len(fields) != 3 {
		return parameters{}, false
	}
	memory, memoryOK := number(fields[0], "m=", maxMemory)
	passes, passesOK := number(fields[1], "t=", maxPasses)
	threads, threadsOK := number(fields[2], "p=", maxThreads)
	if !memoryOK || !passesOK || !threadsOK || memory < 8*threads || memory*passes > maxWork {
		return parameters{}, false
	}
	return parameters{memory, passes, uint8(threads)}, true //nolint:gosec // at most maxThreads
}

// number reads 1 to limit in its one decimal spelling.
func number(s, name string, limit uint32) (uint32, bool) {
	digits, found := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !found || err != nil || n < 1 || n > uint64(limit) || strconv.FormatUint(n, 10) != digits {
		return 0, false
	}
	return uint32(n), true
}

// decode reads base64 strictly; the line breaks that encoding/base64 passes
// over are refused.
func decode(s string, least int) ([]byte, bool) {
	b, err := encoding.DecodeString(s)
	if err != nil || len(b) < least || len(b) > maxBytes || strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	return b, true
}
