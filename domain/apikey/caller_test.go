package apikey_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/apikey"
)

// calls are uses by callers, of whom there are more than are told apart.
func calls(t *rapid.T) []apikey.Caller {
	one := rapid.Custom(func(t *rapid.T) apikey.Caller {
		return apikey.Caller{
			Address:   strconv.Itoa(rapid.IntRange(0, 40).Draw(t, "address")),
			UserAgent: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "user agent"),
		}
	})
	return rapid.SliceOfN(one, 0, 300).Draw(t, "calls")
}

func TestNoUseIsLostHoweverManyCallersThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		callers, each := apikey.Callers{}, map[apikey.Caller]int64{}
		all := calls(t)
		for i, who := range all {
			if as := callers.Add(who, apikey.Usage{Uses: 1, LastUsedAt: *at(i)}); as == who {
				each[who]++
			} else if as != (apikey.Caller{}) {
				t.Fatalf("%v was counted as %v", who, as)
			}
		}
		total := callers.Total()
		if total.Uses != int64(len(all)) || len(all) > 0 && !total.LastUsedAt.Equal(*at(len(all) - 1)) {
			t.Fatalf("%d uses are %+v", len(all), total)
		}
		others, told := callers[apikey.Caller{}].Uses, len(callers)
		if others > 0 {
			told--
		}
		if told > apikey.MaxCallers || others > 0 && told < apikey.MaxCallers {
			t.Fatalf("%d callers are told apart, %d uses are by others", told, others)
		}
		for who, n := range each {
			if callers[who].Uses != n {
				t.Fatalf("%v: %d uses, want %d", who, callers[who].Uses, n)
			}
		}
	})
}

func TestACallerWithoutAnAddressIsNotToldApart(t *testing.T) {
	callers := apikey.Callers{}
	callers.Add(apikey.Caller{UserAgent: "curl"}, apikey.Usage{Uses: 2, LastUsedAt: *at(3)})
	callers.Add(apikey.Caller{UserAgent: "wget"}, apikey.Usage{Uses: 1, LastUsedAt: *at(1)})
	if diff := cmp.Diff(apikey.Callers{{}: {Uses: 3, LastUsedAt: *at(3)}}, callers); diff != "" {
		t.Error(diff)
	}
	if total := (apikey.Callers{}).Total(); total.Uses != 0 || !total.LastUsedAt.IsZero() {
		t.Errorf("nobody used it %+v", total)
	}
}
