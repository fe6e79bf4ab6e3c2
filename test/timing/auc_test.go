package timing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// area is that under the ROC curve, with the ends of its 95 % interval.
type area struct{ value, low, high float64 }

// inside says whether no request tells more than a coin would.
func (a area) inside() bool { return a.low >= 0.45 && a.high <= 0.55 }

func (a area) String() string { return fmt.Sprintf("AUC %.3f [%.3f, %.3f]", a.value, a.low, a.high) }

// compare returns how often a time of the first kind is longer than one of the
// second, ties counting half, and how sure that is (DeLong, DeLong and
// Clarke-Pearson 1988).
func compare(first, second []time.Duration) area {
	above, below := placements(first, second), placements(second, first)
	value := mean(above)
	deviation := math.Sqrt(variance(above)/float64(len(above)) + variance(below)/float64(len(below)))
	return area{value, max(value-1.96*deviation, 0), min(value+1.96*deviation, 1)}
}

// placements are, for each of the times, the share of the others that it exceeds.
func placements(times, others []time.Duration) []float64 {
	sorted := slices.Sorted(slices.Values(others))
	var shares []float64
	for _, t := range times {
		less, _ := slices.BinarySearch(sorted, t)
		most, _ := slices.BinarySearch(sorted, t+1)
		shares = append(shares, float64(less+most)/2/float64(len(sorted)))
	}
	return shares
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func variance(values []float64) float64 {
	m, sum := mean(values), 0.0
	for _, v := range values {
		sum += (v - m) * (v - m)
	}
	return sum / float64(len(values)-1)
}

func TestTheAreaIsWhatTheTimesSay(t *testing.T) {
	t.Parallel()
	times := func(values ...int) (all []time.Duration) {
		for _, v := range values {
			all = append(all, time.Duration(v))
		}
		return all
	}
	for _, test := range []struct {
		first, second []time.Duration
		want          float64
	}{
		{times(3, 4, 5), times(0, 1, 2), 1}, {times(0, 1, 2), times(3, 4, 5), 0}, {times(1, 1), times(1, 1), 0.5}, {times(1, 3), times(2, 4), 0.25}, {times(1, 2, 3, 4), times(2, 3), 0.5},
	} {
		if got := compare(test.first, test.second); got.value != test.want {
			t.Errorf("%v against %v: %s, want %v", test.first, test.second, got, test.want)
		}
	}
}

// The interval is one of 95 %: of a hundred measurements of two kinds that are
// alike, about ninety-five contain one half. And a difference of a fifth of what
// the times scatter by is seen.
func TestTheIntervalIsHonest(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable on purpose
	draw := func(n int, shift float64) (all []time.Duration) {
		for range n {
			all = append(all, time.Duration(1e6*(100+math.Exp(r.NormFloat64())+shift)))
		}
		return all
	}
	hit := 0
	for range 400 {
		if a := compare(draw(200, 0), draw(200, 0)); a.low <= 0.5 && a.high >= 0.5 {
			hit++
		}
	}
	if hit < 365 || hit > 395 {
		t.Errorf("%d of 400 intervals contain one half, want about 380", hit)
	}
	if a := compare(draw(1000, 0.4), draw(1000, 0)); a.inside() || a.low < 0.55 {
		t.Errorf("a leak is not seen: %s", a)
	}
}
