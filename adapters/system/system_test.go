package system_test

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/ports"
)

var (
	_ ports.Clock  = system.Clock{}
	_ ports.Random = (*system.Random)(nil)
)

func TestTheClockTellsUTCInMicroseconds(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Microsecond)
	now := system.Clock{}.Now()
	after := time.Now()
	if now.Before(before.Round(0)) || now.After(after) {
		t.Errorf("%v is not between %v and %v", now, before, after)
	}
	if now.Location() != time.UTC {
		t.Errorf("the location is %v", now.Location())
	}
	if now.Nanosecond()%1000 != 0 {
		t.Errorf("%v has more than microseconds", now)
	}
	if now != time.UnixMicro(now.UnixMicro()).UTC() {
		t.Errorf("%#v is not equal to itself once it was stored", now)
	}
}

func TestIDsRiseWithinAProcess(t *testing.T) {
	t.Parallel()
	random := system.NewRandom()
	var group sync.WaitGroup
	all := make([][]uuid.UUID, 4)
	for i := range all {
		group.Go(func() {
			for range 20_000 {
				all[i] = append(all[i], random.ID())
			}
		})
	}
	group.Wait()
	seen := map[uuid.UUID]bool{}
	for _, own := range all {
		for i, id := range own {
			if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
				t.Fatalf("%v is no UUIDv7", id)
			}
			if i > 0 && bytes.Compare(own[i-1][:], id[:]) >= 0 {
				t.Fatalf("%v came after %v", id, own[i-1])
			}
			if seen[id] {
				t.Fatalf("%v came twice", id)
			}
			seen[id] = true
		}
	}
}

func TestAnIDBeginsWithTheTime(t *testing.T) {
	t.Parallel()
	id := system.NewRandom().ID()
	var milli int64
	for _, b := range id[:6] {
		milli = milli<<8 | int64(b)
	}
	if age := time.Since(time.UnixMilli(milli)); age < -time.Minute || age > time.Minute {
		t.Errorf("%v was made %v ago, by its own account", id, age)
	}
}

// The bound is the value of chi-square that a fair source exceeds once in a
// billion runs (Wilson and Hilferty's approximation).
func TestUniformFavorsNoNumber(t *testing.T) {
	t.Parallel()
	random := system.NewRandom()
	for _, n := range []int{2, 3, 10, 62, 64, 65, 200} {
		draws := 5000 * n
		counts := make([]float64, n)
		for range draws {
			counts[random.Uniform(n)]++
		}
		expected, chi := float64(draws)/float64(n), 0.0
		for _, c := range counts {
			chi += (c - expected) * (c - expected) / expected
		}
		freedom := float64(n - 1)
		bound := freedom * math.Pow(1-2/(9*freedom)+6*math.Sqrt(2/(9*freedom)), 3)
		if n == 2 {
			bound = 37.3 // exact: the approximation is poor for one degree of freedom
		}
		if chi > bound {
			t.Errorf("of %d: chi-square is %.1f, above %.1f", n, chi, bound)
		}
	}
}

func TestUniformStaysInItsRange(t *testing.T) {
	t.Parallel()
	random := system.NewRandom()
	for _, n := range []int{1, 2, 3, math.MaxInt32, math.MaxUint32} {
		for range 1000 {
			if v := random.Uniform(n); v < 0 || v >= n {
				t.Fatalf("Uniform(%d) is %d", n, v)
			}
		}
	}
}

func TestUniformRefusesARangeItCannotServe(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1, math.MinInt, math.MaxUint32 + 1, math.MaxInt} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Uniform(%d) returned", n)
				}
			}()
			system.NewRandom().Uniform(n)
		}()
	}
}

func TestConcurrentDrawsShareNothing(t *testing.T) {
	t.Parallel()
	random := system.NewRandom()
	var group sync.WaitGroup
	rows := make([][]int, 8)
	for i := range rows {
		group.Go(func() {
			for range 16 {
				rows[i] = append(rows[i], random.Uniform(math.MaxInt32))
			}
		})
	}
	group.Wait()
	for i := range rows {
		for j := range i {
			if slices.Equal(rows[i], rows[j]) {
				t.Errorf("goroutines %d and %d drew the same", i, j)
			}
		}
	}
}

func TestBytesAreAsManyAsAskedAndNeverTheSame(t *testing.T) {
	t.Parallel()
	random := system.NewRandom()
	for _, n := range []int{0, 1, 32, 1000} {
		if got := len(random.Bytes(n)); got != n {
			t.Errorf("Bytes(%d) has %d", n, got)
		}
	}
	if a, b := random.Bytes(32), random.Bytes(32); bytes.Equal(a, b) || bytes.Equal(a, make([]byte, 32)) {
		t.Errorf("two draws are %x and %x", a, b)
	}
}

func BenchmarkUniform(b *testing.B) {
	random := system.NewRandom()
	for b.Loop() {
		random.Uniform(62)
	}
}

func BenchmarkID(b *testing.B) {
	random := system.NewRandom()
	for b.Loop() {
		random.ID()
	}
}
