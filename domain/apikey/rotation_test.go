package apikey_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
)

var noon = time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)

// at is a time so many seconds after noon.
func at(seconds int) *time.Time {
	t := noon.Add(time.Duration(seconds) * time.Second)
	return &t
}

func TestARotatedKeyEndsWithItsOverlapOrItsExpiryWhicheverIsFirst(t *testing.T) {
	tests := []struct {
		name                   string
		ends, expires, revoked *time.Time
		want                   error
	}{
		{"the overlap runs", at(1), nil, nil, nil},
		{"the overlap ends now", at(0), nil, nil, apikey.ErrRevoked},
		{"the overlap is over", at(-1), at(9), nil, apikey.ErrRevoked},
		{"it has expired during the overlap", at(9), at(-1), nil, apikey.ErrExpired},
		{"it had expired before the overlap was over", at(-1), at(-2), nil, apikey.ErrExpired},
		{"the overlap was over before it would have expired", at(-2), at(-1), nil, apikey.ErrRevoked},
		{"both at once", at(-1), at(-1), nil, apikey.ErrExpired},
		{"it was revoked during the overlap", at(9), nil, at(-1), apikey.ErrRevoked},
	}
	for _, test := range tests {
		key := apikey.Key{EndsAt: test.ends, ExpiresAt: test.expires, RevokedAt: test.revoked}
		if err := key.Usable(noon); !errors.Is(err, test.want) {
			t.Errorf("%s: Usable = %v, want %v", test.name, err, test.want)
		}
	}
}

func TestAKeyThatHasEndedStaysEndedForTheSameReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Ptr(rapid.Map(rapid.IntRange(-50, 50), func(s int) time.Time { return *at(s) }), true)
		key := apikey.Key{ExpiresAt: moment.Draw(t, "expires"), EndsAt: moment.Draw(t, "ends")}
		now := *at(rapid.IntRange(-60, 60).Draw(t, "now"))
		first := key.Usable(now)
		if first == nil {
			return
		}
		if then := key.Usable(now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "later")) * time.Second)); !errors.Is(then, first) {
			t.Fatalf("%v became %v", first, then)
		}
	})
}

func TestARotationKeepsTheRightsAndNothingElse(t *testing.T) {
	maker := account.ID(uuid.New())
	key := apikey.Key{
		ID: apikey.ID(uuid.New()), OrganizationID: organization.ID(uuid.New()), EnvironmentID: environment.ID(uuid.New()),
		Name: naming.StoredName("Shop"), Type: apikey.Client, Prefix: "sdk-dev-pub-abc", Digest: apikey.Digest{1}, Scopes: apikey.Scopes{"a"},
		ExpiresAt: at(7200), LastUsedAt: at(-1), CreatedBy: &maker, CreatedAt: *at(-3600),
	}
	ending, successor, err := key.Rotate(time.Hour, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := key
	want.EndsAt = at(3600)
	if diff := cmp.Diff(want, ending, cmp.Comparer(func(a, b naming.Name) bool { return a == b })); diff != "" {
		t.Errorf("the old key (-want +got):\n%s", diff)
	}
	rights := apikey.Key{
		OrganizationID: key.OrganizationID, EnvironmentID: key.EnvironmentID, Name: key.Name, Type: key.Type,
		Scopes: key.Scopes, ExpiresAt: key.ExpiresAt, CreatedAt: noon,
	}
	if diff := cmp.Diff(rights, successor, cmp.Comparer(func(a, b naming.Name) bool { return a == b })); diff != "" {
		t.Errorf("the successor (-want +got):\n%s", diff)
	}
	if ending, _, _ = key.Rotate(3*time.Hour, noon); !ending.EndsAt.Equal(*key.ExpiresAt) {
		t.Errorf("it outlives its expiry until %s", ending.EndsAt)
	}
	if ending, _, _ = key.Rotate(0, noon); !errors.Is(ending.Usable(noon), apikey.ErrRevoked) {
		t.Error("without an overlap it does not end at once")
	}
}

func TestOnlyAGoodKeyIsRotatedAndOnlyOnce(t *testing.T) {
	for name, test := range map[string]struct {
		key  apikey.Key
		want error
	}{
		"a good key":                    {apikey.Key{ExpiresAt: at(1)}, nil},
		"an expired key":                {apikey.Key{ExpiresAt: at(0)}, apikey.ErrEnded},
		"a revoked key":                 {apikey.Key{RevokedAt: at(0)}, apikey.ErrEnded},
		"a key within its overlap":      {apikey.Key{EndsAt: at(1)}, apikey.ErrRotated},
		"a key after its overlap":       {apikey.Key{EndsAt: at(-1)}, apikey.ErrRotated},
		"a rotated key that is revoked": {apikey.Key{EndsAt: at(1), RevokedAt: at(0)}, apikey.ErrRotated},
	} {
		if _, _, err := test.key.Rotate(time.Hour, noon); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestAnOverlapIsFromNothingToThirtyDays(t *testing.T) {
	for seconds, want := range map[int64]time.Duration{0: 0, 1: time.Second, 86400: apikey.DefaultOverlap, 2_592_000: apikey.LongestOverlap} {
		if got, err := apikey.ParseOverlap(seconds); err != nil || got != want {
			t.Errorf("%d seconds are %s, %v", seconds, got, err)
		}
	}
	for _, seconds := range []int64{-1, 2_592_001, 1 << 62, -1 << 63} {
		if got, err := apikey.ParseOverlap(seconds); err == nil {
			t.Errorf("%d seconds are %s", seconds, got)
		}
	}
}

func TestItIsSafeToRevokeWhatTheSuccessorHasReplaced(t *testing.T) {
	hour := int(apikey.Silence / time.Second)
	running := apikey.Key{EndsAt: at(hour)}
	used := func(k apikey.Key, when *time.Time) apikey.Key { k.LastUsedAt = when; return k }
	for name, test := range map[string]struct {
		key, successor apikey.Key
		want           bool
	}{
		"never used, and the successor is":      {running, used(apikey.Key{}, at(0)), true},
		"nobody uses either":                    {running, apikey.Key{}, false},
		"silent for long enough":                {used(running, at(-hour)), used(apikey.Key{}, at(-1)), true},
		"silent for not long enough":            {used(running, at(1-hour)), used(apikey.Key{}, at(-1)), false},
		"used after the successor":              {used(running, at(-hour)), used(apikey.Key{}, at(-hour)), false},
		"silent, and nobody uses the successor": {used(running, at(-2*hour)), apikey.Key{}, false},
		"the successor is revoked":              {running, apikey.Key{LastUsedAt: at(-2), RevokedAt: at(-1)}, false},
		"the successor has expired":             {running, apikey.Key{LastUsedAt: at(-2), ExpiresAt: at(0)}, false},
		"the successor's overlap runs":          {running, apikey.Key{LastUsedAt: at(-2), EndsAt: at(1)}, true},
		"the overlap is over":                   {apikey.Key{EndsAt: at(0)}, used(apikey.Key{}, at(0)), false},
		"it is revoked":                         {apikey.Key{EndsAt: at(hour), RevokedAt: at(-1)}, used(apikey.Key{}, at(0)), false},
		"it was not rotated":                    {apikey.Key{}, used(apikey.Key{}, at(0)), false},
	} {
		if got := test.key.SafeToRevoke(test.successor, noon); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
