package httpapi

import (
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	bucketShards = 64
	// shardRoom is how many buckets a shard keeps. All together are 131,072, in
	// some 6 MB.
	shardRoom = 2048
	// shardSpare is how many are given up when a shard is full of buckets that
	// are in use, so that looking for them is rare.
	shardSpare = shardRoom / 8
)

// bucketID names a bucket: a UUID, or the network of an address.
type bucketID = [16]byte

// buckets bound how often things happen, each under its name: a number a
// minute, and that many at once. It is the generic cell rate algorithm: all
// that is kept of a bucket is the moment at which it will be full again, and a
// full one is not kept at all. So forgetting who is idle changes nothing, and
// the decision, what remains and how long to wait all come of one number.
//
// A nil *buckets bounds nothing.
type buckets struct {
	limit      []string // a minute, as the value of a header
	cost, room int64    // of one, and for all, in nanoseconds
	numbers    [][]string
	now        func() time.Time
	epoch      time.Time
	seed       maphash.Seed
	shards     [bucketShards]shard
}

// shard is some of the buckets, under a lock of their own.
type shard struct {
	mu     sync.Mutex
	fullAt map[bucketID]int64 // in nanoseconds since the epoch
}

// standing is how a bucket stands after somebody took from it.
type standing struct {
	of        *buckets      // nil where nothing is bounded
	remaining int           // how many more are admitted at once
	reset     time.Duration // until the bucket is full again
	wait      time.Duration // until it is worth trying again; zero when this one was admitted
}

// newBuckets returns nil, which bounds nothing, for none a minute.
func newBuckets(perMinute int, now func() time.Time) *buckets {
	if perMinute == 0 {
		return nil
	}
	cost := int64(time.Minute) / int64(perMinute)
	b := &buckets{
		limit: []string{strconv.Itoa(perMinute)}, cost: cost, room: cost * int64(perMinute),
		numbers: numbers(min(perMinute, mostNumbers)), now: now, epoch: now(), seed: maphash.MakeSeed(),
	}
	for i := range b.shards {
		b.shards[i].fullAt = map[bucketID]int64{}
	}
	return b
}

// mostNumbers bounds the memory of the numbers that are ready to be shown: 440 KB.
const mostNumbers = 10_000

// numbers are those from 0 to most, and those of a minute's seconds, as values
// of headers. All answers share them, so that showing one costs nothing.
func numbers(most int) [][]string {
	values := make([][]string, max(most, 60)+1)
	texts := make([]string, len(values))
	for n := range values {
		texts[n] = strconv.Itoa(n)
		values[n] = texts[n : n+1 : n+1]
	}
	return values
}

// shown is a number as the value of a header.
func (b *buckets) shown(n int) []string {
	if n < len(b.numbers) {
		return b.numbers[n]
	}
	return []string{strconv.Itoa(n)}
}

// take admits one more under the name, or says how long to wait. What is not
// admitted costs nothing.
func (b *buckets) take(name bucketID) standing {
	if b == nil {
		return standing{}
	}
	now := int64(b.now().Sub(b.epoch)) // on the monotonic clock: setting the time opens nothing
	s := &b.shards[maphash.Bytes(b.seed, name[:])%bucketShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	fullAt, known := s.fullAt[name]
	spent := max(fullAt-now, 0) + b.cost
	if spent > b.room {
		return standing{of: b, reset: time.Duration(spent - b.cost), wait: time.Duration(spent - b.room)}
	}
	if !known && len(s.fullAt) >= shardRoom {
		s.evict(now)
	}
	s.fullAt[name] = now + spent
	return standing{of: b, remaining: int((b.room - spent) / b.cost), reset: time.Duration(spent)}
}

// evict gives up the buckets that are full, and if those are too few, those
// that are the nearest to it: what was spent most, and whoever is refused just
// now, is remembered the longest.
func (s *shard) evict(now int64) {
	moments := make([]int64, 0, len(s.fullAt))
	for _, at := range s.fullAt {
		moments = append(moments, at)
	}
	slices.Sort(moments)
	last, spare := moments[min(shardSpare, len(moments))-1], shardSpare
	for name, at := range s.fullAt {
		if at <= now {
			delete(s.fullAt, name)
			spare--
		}
	}
	for name, at := range s.fullAt {
		if spare > 0 && at <= last {
			delete(s.fullAt, name)
			spare--
		}
	}
}
