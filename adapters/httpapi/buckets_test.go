package httpapi

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// handClock moves when a test says so.
type handClock struct{ passed atomic.Int64 }

func (c *handClock) now() time.Time { return noon.Add(time.Duration(c.passed.Load())) }

func (c *handClock) pass(d time.Duration) { c.passed.Add(int64(d)) }

func named(n int) (name bucketID) {
	binary.BigEndian.PutUint64(name[:], uint64(n))
	return name
}

// takeAll takes until one is refused, and returns how many were admitted.
func takeAll(b *buckets, name bucketID) (admitted int, refused standing) {
	for {
		s := b.take(name)
		if s.wait > 0 {
			return admitted, s
		}
		admitted++
	}
}

func TestALimitAdmitsThatManyAtOnceAndThenOneByOne(t *testing.T) {
	t.Parallel()
	var clock handClock
	b := newBuckets(10, clock.now)
	for i := range 10 {
		if s := b.take(named(1)); s.wait != 0 || s.remaining != 9-i || s.reset != time.Duration(i+1)*6*time.Second {
			t.Errorf("take %d: %+v", i+1, s)
		}
	}
	if s := b.take(named(1)); s.wait != 6*time.Second || s.remaining != 0 || s.reset != time.Minute {
		t.Errorf("one too many: %+v", s)
	}
	clock.pass(6*time.Second - 1)
	if s := b.take(named(1)); s.wait != 1 {
		t.Errorf("a nanosecond too early: %+v", s)
	}
	clock.pass(1)
	if s := b.take(named(1)); s.wait != 0 || s.remaining != 0 {
		t.Errorf("in time: %+v", s)
	}
	if s := b.take(named(2)); s.remaining != 9 {
		t.Errorf("somebody else: %+v", s)
	}
}

func TestABucketKeepsWhatItsHeadersSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var clock handClock
		perMinute := rapid.IntRange(1, 5000).Draw(t, "per minute")
		b, name := newBuckets(perMinute, clock.now), named(7)
		var admitted []time.Duration
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			clock.pass(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "pass")))
			for range rapid.IntRange(1, 200).Draw(t, "burst") {
				before := b.take(name)
				if before.wait == 0 {
					admitted = append(admitted, time.Duration(clock.passed.Load()))
				} else if before.remaining != 0 || before.wait > before.reset {
					t.Fatalf("refused: %+v", before)
				}
			}
		}
		// No span of time sees more than the limit and what came back meanwhile.
		for i := range admitted {
			for j := i; j < len(admitted); j += 1 + len(admitted)/50 {
				if most := int64(perMinute) + int64(admitted[j]-admitted[i])/b.cost; int64(j-i+1) > most {
					t.Fatalf("%d within %s, with %d a minute", j-i+1, admitted[j]-admitted[i], perMinute)
				}
			}
		}
		if s := b.take(name); s.wait == 0 {
			if n, _ := takeAll(b, name); n != s.remaining {
				t.Fatalf("%d remained, and %d were admitted", s.remaining, n)
			}
		}
		_, refused := takeAll(b, name)
		clock.pass(refused.wait)
		if s := b.take(name); s.wait != 0 {
			t.Fatalf("waiting %s was not enough: %+v", refused.wait, s)
		}
		_, refused = takeAll(b, name)
		clock.pass(refused.reset)
		if n, _ := takeAll(b, name); n != perMinute {
			t.Fatalf("after the reset %d are admitted, not %d", n, perMinute)
		}
	})
}

func TestABurstFromManySidesGetsNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	var clock handClock
	b := newBuckets(1000, clock.now)
	var admitted atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 200 {
				if b.take(named(1)).wait == 0 {
					admitted.Add(1)
				}
			}
		})
	}
	all.Wait()
	if admitted.Load() != 1000 {
		t.Errorf("%d were admitted", admitted.Load())
	}
}

func kept(b *buckets) (n int) {
	for i := range b.shards {
		n += len(b.shards[i].fullAt)
	}
	return n
}

func TestAFloodOfNamesTakesBoundedMemoryAndFreesNobodyWhoIsRefused(t *testing.T) {
	t.Parallel()
	var clock handClock
	b := newBuckets(10, clock.now)
	const victims, flood = 1000, 1_000_000
	for name := range victims {
		takeAll(b, named(name))
	}
	for name := range flood {
		b.take(named(victims + name))
		if name%100 == 0 {
			clock.pass(time.Microsecond) // a hundred million a second
		}
	}
	if n := kept(b); n > bucketShards*shardRoom {
		t.Errorf("%d buckets are kept", n)
	}
	for name := range victims {
		if s := b.take(named(name)); s.wait == 0 {
			t.Fatalf("%d was refused, and is admitted after a flood", name)
		}
	}
}

func TestWhoIsIdleIsForgottenFirst(t *testing.T) {
	t.Parallel()
	var clock handClock
	b := newBuckets(10, clock.now)
	const room = bucketShards * shardRoom
	for name := range room / 2 {
		b.take(named(name))
	}
	clock.pass(time.Minute)
	for name := range room / 2 {
		b.take(named(room + name))
	}
	for name := range room / 4 {
		b.take(named(2*room + name))
	}
	remembered := 0
	for name := range room / 2 {
		if b.take(named(room+name)).remaining == 8 {
			remembered++
		}
	}
	if remembered < room/2 {
		t.Errorf("%d of %d who were active are remembered", remembered, room/2)
	}
}

func BenchmarkALimitIsChecked(b *testing.B) {
	limit := newBuckets(10_000_000, time.Now)
	b.Run("one bucket", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			limit.take(named(1))
		}
	})
	b.Run("one bucket, from all sides", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				limit.take(named(1))
			}
		})
	})
	b.Run("a flood of names", func(b *testing.B) {
		b.ReportAllocs()
		strict, name := newBuckets(1, time.Now), 0
		for b.Loop() {
			strict.take(named(name))
			name++
		}
	})
	b.Run("with its headers", func(b *testing.B) {
		b.ReportAllocs()
		header := map[string][]string{}
		for b.Loop() {
			_ = spend(header, limit.take(named(1)))
		}
	})
}
