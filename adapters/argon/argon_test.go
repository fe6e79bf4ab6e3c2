package argon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

var _ ports.Passwords = (*Hasher)(nil)

func password(t testing.TB, s string) account.Password {
	t.Helper()
	p, err := account.ParsePassword(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return p
}

func proceed() error { return nil }

// counted replaces Argon2id by something cheap that notes its costs.
func counted(o Options) (*Hasher, func() []parameters) {
	h := New(o)
	var mu sync.Mutex
	var calls []parameters
	h.derive = func(password, salt []byte, p parameters, size int) []byte {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, p)
		return cheap(password, salt, p, size)
	}
	return h, func() []parameters {
		mu.Lock()
		defer mu.Unlock()
		return calls
	}
}

func cheap(password, salt []byte, p parameters, size int) []byte {
	costs := strconv.Itoa(int(p.memory)) + "," + strconv.Itoa(int(p.passes)) + "," + strconv.Itoa(int(p.threads))
	sum := sha256.Sum256([]byte(costs + string(salt) + string(password)))
	return append(sum[:], sum[:]...)[:size]
}

// storedWith is a hash of the password by cheap.
func storedWith(p parameters, password string) *account.PasswordHash {
	salt := []byte("0123456789abcdef")
	made := account.StoredPasswordHash(phc{p, salt, cheap([]byte(password), salt, p, keySize)}.String())
	return &made
}

func TestAPasswordMatchesItsOwnHashOnly(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	hash, err := h.Hash(t.Context(), password(t, "correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if got := hash.Reveal(); !strings.HasPrefix(got, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the stored form is %s", got)
	}
	match, fresh, err := h.Verify(t.Context(), &hash, password(t, "correct horse"), proceed)
	if err != nil || !match || fresh != nil {
		t.Errorf("right password: match %v, fresh %v, error %v", match, fresh, err)
	}
	for _, wrong := range []string{"Correct horse", "correct horse ", " correct horse", "correct hors", "correct\thorse", hash.Reveal()} {
		if match, fresh, err := h.Verify(t.Context(), &hash, password(t, wrong), proceed); err != nil || match || fresh != nil {
			t.Errorf("%q: match %v, fresh %v, error %v", wrong, match, fresh, err)
		}
	}
	again, err := h.Hash(t.Context(), password(t, "correct horse"))
	if err != nil || again.Reveal() == hash.Reveal() {
		t.Errorf("two hashes of one password are equal (error %v)", err)
	}
}

// The vector is from the reference implementation's test suite (its file
// test.c, version 19, Argon2id, password "password", salt "somesalt").
func TestHashesAreArgon2id(t *testing.T) {
	t.Parallel()
	got := hex.EncodeToString(argon2id([]byte("password"), []byte("somesalt"), parameters{memory: 256, passes: 2, threads: 1}, 32))
	if want := "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNoLengthIsCut(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	for _, n := range []int{55, 64, 72, 128, 255} {
		long := strings.Repeat("p", n)
		hash, err := h.Hash(t.Context(), password(t, long))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{long + "x", long[:n-1], long[:n-1] + "q", "q" + long[1:]} {
			if match, _, err := h.Verify(t.Context(), &hash, password(t, other), proceed); err != nil || match {
				t.Errorf("%d bytes pass for the hash of %d (match %v, error %v)", len(other), n, match, err)
			}
		}
		if match, _, err := h.Verify(t.Context(), &hash, password(t, long), proceed); err != nil || !match {
			t.Errorf("%d bytes do not match themselves (error %v)", n, err)
		}
	}
	longest := strings.Repeat("€", 256)
	hash, err := h.Hash(t.Context(), password(t, longest))
	if err != nil {
		t.Fatal(err)
	}
	for other, want := range map[string]bool{longest: true, strings.TrimSuffix(longest, "€"): false} {
		if match, _, err := h.Verify(t.Context(), &hash, password(t, other), proceed); err != nil || match != want {
			t.Errorf("%d bytes of %d: match %v, error %v", len(other), len(longest), match, err)
		}
	}
}

func TestAMissingHashCostsWhatAWrongPasswordCosts(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]*account.PasswordHash{
		"a wrong password":  storedWith(current, "right password"),
		"a missing account": nil,
	} {
		h, calls := counted(Options{})
		asked := 0
		match, fresh, err := h.Verify(t.Context(), hash, password(t, "wrong password"), func() error { asked++; return nil })
		if err != nil || match || fresh != nil {
			t.Errorf("%s: match %v, fresh %v, error %v", name, match, fresh, err)
		}
		if got := calls(); len(got) != 1 || got[0] != current || asked != 1 {
			t.Errorf("%s: hashes %v, before ran %d times", name, got, asked)
		}
	}
}

func TestAMissingHashNeverMatches(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	h.derive = func([]byte, []byte, parameters, int) []byte { return h.dummy.key }
	if match, fresh, err := h.Verify(t.Context(), nil, password(t, "any"), proceed); match || fresh != nil || err != nil {
		t.Errorf("match %v, fresh %v, error %v", match, fresh, err)
	}
}

func TestAHashOfOtherParametersIsRenewedOnAMatchOnly(t *testing.T) {
	t.Parallel()
	for name, old := range map[string]parameters{
		"weaker":   {memory: 4096, passes: 1, threads: 1},
		"stronger": {memory: 65536, passes: 3, threads: 4},
	} {
		h, calls := counted(Options{})
		match, fresh, err := h.Verify(t.Context(), storedWith(old, "the password"), password(t, "the password"), proceed)
		if err != nil || !match || fresh == nil {
			t.Fatalf("%s: match %v, fresh %v, error %v", name, match, fresh, err)
		}
		if got := calls(); len(got) != 2 || got[0] != old || got[1] != current {
			t.Errorf("%s: hashes %v", name, got)
		}
		match, again, err := h.Verify(t.Context(), fresh, password(t, "the password"), proceed)
		if err != nil || !match || again != nil {
			t.Errorf("%s, renewed: match %v, fresh %v, error %v", name, match, again, err)
		}
		match, fresh, err = h.Verify(t.Context(), storedWith(old, "the password"), password(t, "another"), proceed)
		if err != nil || match || fresh != nil {
			t.Errorf("%s, wrong: match %v, fresh %v, error %v", name, match, fresh, err)
		}
	}
}

func TestTheTimeOfARefusalDoesNotTellAnOldHashFromNone(t *testing.T) {
	t.Parallel()
	old := parameters{memory: 4096, passes: 1, threads: 1}
	for name, hash := range map[string]*account.PasswordHash{
		"current": storedWith(current, "the password"),
		"old":     storedWith(old, "the password"),
		"dearer":  storedWith(parameters{memory: 65536, passes: 1, threads: 1}, "the password"),
		"none":    nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			h := New(Options{})
			h.derive = func(password, salt []byte, p parameters, size int) []byte {
				time.Sleep(time.Duration(p.memory*p.passes) * time.Microsecond)
				return cheap(password, salt, p, size)
			}
			begun := time.Now()
			if match, _, err := h.Verify(t.Context(), hash, password(t, "another"), proceed); match || err != nil {
				t.Errorf("%s: match %v, error %v", name, match, err)
			}
			if took := time.Since(begun); took != step {
				t.Errorf("%s: took %v", name, took)
			}
		})
	}
}

func TestASettlingRefusalLeavesWithItsContextAndHoldsNoWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := counted(Options{Workers: 1})
		ctx, cancel := context.WithTimeout(t.Context(), step/2)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			if _, _, err := h.Verify(ctx, nil, password(t, "any"), proceed); !errors.Is(err, fault.ErrUnavailable) {
				t.Errorf("the error is %v", err)
			}
		})
		synctest.Wait()
		if working, admitted := len(h.lane.working), len(h.lane.admitted); working+admitted != 0 {
			t.Errorf("%d working, %d admitted while a refusal settles", working, admitted)
		}
		group.Wait()
	})
}

func TestAStoredHashThatCannotBeReadIsOurFault(t *testing.T) {
	t.Parallel()
	h, calls := counted(Options{})
	for _, s := range hostile {
		hash := account.StoredPasswordHash(s)
		match, fresh, err := h.Verify(t.Context(), &hash, password(t, "any"), func() error {
			t.Errorf("%q: before ran", s)
			return nil
		})
		if match || fresh != nil || fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("%q: match %v, fresh %v, error %v", s, match, fresh, err)
		}
		if len(s) > 8 && strings.Contains(err.Error(), s) {
			t.Errorf("the error shows the hash: %v", err)
		}
	}
	if got := calls(); len(got) != 0 {
		t.Errorf("hashes %v", got)
	}
}

func TestHashingInParallelIsRight(t *testing.T) {
	t.Parallel()
	h, _ := counted(Options{Workers: 3, Queue: 1000})
	var group sync.WaitGroup
	var matches atomic.Int64
	for i := range 60 {
		group.Go(func() {
			own := password(t, "password "+strconv.Itoa(i))
			hash, err := h.Hash(t.Context(), own)
			if err != nil {
				t.Error(err)
				return
			}
			if match, _, err := h.Verify(t.Context(), &hash, own, proceed); err == nil && match {
				matches.Add(1)
			}
			if match, _, err := h.Verify(t.Context(), &hash, password(t, "password"), proceed); err != nil || match {
				t.Errorf("match %v, error %v", match, err)
			}
		})
	}
	group.Wait()
	if matches.Load() != 60 {
		t.Errorf("%d of 60 matched", matches.Load())
	}
}

func BenchmarkBare(b *testing.B) {
	salt := random(saltSize)
	for b.Loop() {
		argon2id([]byte("correct horse"), salt, current, keySize)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := New(Options{})
	p := password(b, "correct horse")
	hash, err := h.Hash(b.Context(), p)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if match, _, err := h.Verify(b.Context(), &hash, p, proceed); err != nil || !match {
			b.Fatal(match, err)
		}
	}
}

// BenchmarkVerifyParallel shows what the lane is for: as many a second as
// there are cores for, however many ask.
func BenchmarkVerifyParallel(b *testing.B) {
	h := New(Options{})
	p := password(b, "correct horse")
	hash, err := h.Hash(b.Context(), p)
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if match, _, err := h.Verify(b.Context(), &hash, p, proceed); err != nil || !match {
				b.Error(match, err)
			}
		}
	})
}
