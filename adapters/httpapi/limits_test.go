package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
)

// limitedHandler serves the world within limits, by a clock of the test's own.
func limitedHandler(t testing.TB, w *world, l Limits) (http.Handler, *handClock) {
	t.Helper()
	var clock handClock
	o := w.options(io.Discard)
	o.Limits, o.Now, o.TrustedProxies = l, clock.now, []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")} // httptest's client
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h, &clock
}

// shows fails unless the answer has these numbers in its headers; none where
// the limit is empty.
func shows(t *testing.T, w *httptest.ResponseRecorder, limit, remaining, reset string) {
	t.Helper()
	for name, want := range map[string]string{"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%d: %s is %q, want %q", w.Code, name, got, want)
		}
	}
}

func limitedFor(t *testing.T, w *httptest.ResponseRecorder, wait time.Duration) {
	t.Helper()
	refused(t, w, http.StatusTooManyRequests, "RATE_LIMITED")
	if got := w.Header().Get("Retry-After"); got != strconv.Itoa(int(wait.Seconds())) {
		t.Errorf("Retry-After is %q, want %s", got, wait)
	}
}

func TestWhoTriesCredentialsIsLimitedByAddressBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h, clock := limitedHandler(t, w, Limits{Auth: 3})
	w.broken = errors.New("the store is not to be asked")
	const from = "X-Forwarded-For: 198.51.100.7"
	for i, path := range []string{"/v1/auth/login", "/v1/auth/register", "/v1/auth/password/forgot"} {
		got := ask(t, h, http.MethodPost, path, "{", from)
		refused(t, got, http.StatusBadRequest, "VALIDATION_FAILED")
		shows(t, got, "3", strconv.Itoa(2-i), strconv.Itoa(20*(i+1)))
	}
	for _, path := range []string{
		"/v1/auth/login", "/v1/auth/register", "/v1/auth/signup", "/v1/auth/password/forgot", "/v1/auth/password/reset", "/v1/auth/verify-email",
		"/v1/auth/send-verification-email", "/v1/auth/email/undo", "/v1/invitations/preview", "/v1/invitations/accept", "/v1/invitations/decline",
	} {
		for _, header := range []string{"X-Request-ID: x", authorized, "Content-Type: text/plain"} {
			got := ask(t, h, http.MethodPost, path, "{", from, header)
			limitedFor(t, got, 20*time.Second)
			shows(t, got, "3", "0", "60")
		}
	}
	w.broken = nil
	for _, open := range []string{"/healthz", "/openapi.json", "/docs", "/v1/auth/verify-email"} {
		got := ask(t, h, http.MethodGet, open, "", from)
		if got.Code != http.StatusOK {
			t.Errorf("%s: %d", open, got.Code)
		}
		shows(t, got, "", "", "")
	}
	refresh := ask(t, h, http.MethodPost, "/v1/auth/refresh", `{"refresh_token":"x"}`, from)
	refused(t, refresh, http.StatusUnauthorized, "INVALID_REFRESH_TOKEN")
	clock.pass(20 * time.Second)
	refused(t, ask(t, h, http.MethodPost, "/v1/auth/login", "{", from), http.StatusBadRequest, "VALIDATION_FAILED")
	limitedFor(t, ask(t, h, http.MethodPost, "/v1/auth/login", "{", from), 20*time.Second)
}

func TestAnAddressHasOneLimitHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	h, _ := limitedHandler(t, newWorld(), Limits{Auth: 1})
	try := func(address string) int {
		return ask(t, h, http.MethodPost, "/v1/auth/login", "{", "X-Forwarded-For: "+address).Code
	}
	for first, same := range map[string][]string{
		"203.0.113.9":   {"203.0.113.9:80", "::ffff:203.0.113.9", "[::FFFF:cb00:7109]:443", "6.6.6.6, 203.0.113.9"},
		"2001:db8:1::1": {"2001:DB8:1::1", "2001:db8:1:0:ffff::2", "[2001:db8:1::ffff]:80"},
		"192.0.2.1":     {"", "unknown", "192.0.2.1"},
	} {
		if code := try(first); code != http.StatusBadRequest {
			t.Errorf("%s: %d", first, code)
		}
		for _, address := range same {
			if code := try(address); code != http.StatusTooManyRequests {
				t.Errorf("%q is taken for another than %s: %d", address, first, code)
			}
		}
	}
	for _, other := range []string{"203.0.113.10", "2001:db8:1:1::1", "::203.0.113.9"} {
		if code := try(other); code != http.StatusBadRequest {
			t.Errorf("%s: %d", other, code)
		}
	}
}

func TestNobodySpendsOrSeesTheLimitOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h, _ := limitedHandler(t, w, Limits{Organization: 5})
	for range 3 { // nobody who is known
		shows(t, ask(t, h, http.MethodGet, "/v1/projects", "", "Authorization: Bearer x"), "", "", "")
	}
	key := "Authorization: Bearer " + w.accountKey.Reveal()
	shows(t, ask(t, h, http.MethodGet, "/v1/projects", "", authorized), "5", "4", "12")
	shows(t, ask(t, h, http.MethodGet, "/v1/projects?unknown=1", "", authorized), "5", "3", "24")
	shows(t, ask(t, h, http.MethodGet, "/v1/projects", "", authorized, "X-Organization-ID: nonsense"), "5", "2", "36")
	shows(t, ask(t, h, http.MethodPost, "/v1/keys/verify", `{"key":"x"}`, key), "5", "1", "48")

	// The caller belongs to home alone; away and an invented one are its own affair.
	for i := range 5 {
		org := []string{away.String(), "01890a5d-ac96-774b-bcce-00000000000a"}[i%2]
		got := ask(t, h, http.MethodGet, "/v1/projects", "", authorized, "X-Organization-ID: "+org)
		refused(t, got, http.StatusNotFound, "NOT_FOUND")
		shows(t, got, "5", strconv.Itoa(4-i), strconv.Itoa(12*(i+1)))
	}
	limitedFor(t, ask(t, h, http.MethodGet, "/v1/projects", "", authorized, "X-Organization-ID: "+away.String()), 12*time.Second)

	shows(t, ask(t, h, http.MethodGet, "/v1/projects", "", authorized), "5", "0", "60")
	limitedFor(t, ask(t, h, http.MethodGet, "/v1/projects", "", authorized), 12*time.Second)
	limitedFor(t, ask(t, h, http.MethodGet, "/v1/projects", "", key), 12*time.Second)
	limitedFor(t, ask(t, h, http.MethodPost, "/v1/keys/verify", `{"key":"x"}`, key), 12*time.Second)
	for range 9 {
		free := ask(t, h, http.MethodPost, "/v1/keys/verify", `{"key":"x"}`, "Authorization: Bearer "+adminToken)
		if free.Code != http.StatusOK {
			t.Errorf("the operator's token is answered %d", free.Code)
		}
		shows(t, free, "", "", "")
	}
}

func TestGoodKeysSpendTheLimitOfTheirEnvironmentAndBadOnesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h, clock := limitedHandler(t, w, Limits{Environment: 6})
	good := keyHeader + w.key.Reveal()
	unknown := keyHeader + apikey.NewSecret(environment.Development, apikey.Client, func(int) int { return 8 }).Reveal()
	for _, bad := range []string{"", keyHeader + "x", unknown} {
		for range 9 {
			got := ask(t, h, http.MethodGet, "/v1/sdk/authorize", "", bad)
			if got.Code != http.StatusUnauthorized {
				t.Errorf("%q: %d", bad, got.Code)
			}
			shows(t, got, "", "", "")
		}
	}
	first := ask(t, h, http.MethodGet, "/v1/sdk/environment", "", good)
	shows(t, first, "6", "5", "10")
	again := ask(t, h, http.MethodGet, "/v1/sdk/environment", "", good, "If-None-Match: "+first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified {
		t.Errorf("asking again: %d", again.Code)
	}
	shows(t, again, "6", "4", "20")
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/authorize", "", good), "6", "3", "30")
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/authorize?scope=other", "", good), "6", "2", "40")
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/authorize?unknown=1", "", good), "6", "1", "50")

	for _, check := range []struct {
		key, code string
		valid     bool
	}{{"x", "MALFORMED", false}, {w.key.Reveal(), "VALID", true}, {w.key.Reveal(), "RATE_LIMITED", false}} {
		got := ask(t, h, http.MethodPost, "/v1/keys/verify", fmt.Sprintf(`{"key":%q}`, check.key), "Authorization: Bearer "+adminToken)
		var verdict verdictBody
		if err := json.Unmarshal(got.Body.Bytes(), &verdict); err != nil || verdict.Code != check.code || verdict.Valid != check.valid {
			t.Errorf("%s: %v", got.Body.String(), err)
		}
	}
	for _, target := range []string{"/v1/sdk/environment", "/v1/sdk/authorize", "/v1/sdk/authorize?scope=other", "/v1/sdk/authorize?unknown=1"} {
		got := ask(t, h, http.MethodGet, target, "", good)
		limitedFor(t, got, 10*time.Second)
		shows(t, got, "6", "0", "60")
		if got.Header().Get("X-Tenantry-Organization") != "" {
			t.Error("a refusal tells whose key it is")
		}
	}
	clock.pass(10 * time.Second)
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/authorize", "", good), "6", "0", "60")
}

func TestTheTighterLimitOfAKeyAndItsEnvironmentIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld()
	good := keyHeader + w.key.Reveal()
	h, _ := limitedHandler(t, w, Limits{Environment: 6, KeyReads: 2})
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/environment", "", good), "2", "1", "30")
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/environment", "", good), "2", "0", "60")
	for range 9 { // what the key's limit refuses is not the environment's
		got := ask(t, h, http.MethodGet, "/v1/sdk/environment", "", good)
		limitedFor(t, got, 30*time.Second)
		shows(t, got, "2", "0", "60")
	}
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/authorize", "", good), "6", "3", "30")

	h, _ = limitedHandler(t, w, Limits{Environment: 2, KeyReads: 6})
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/environment", "", good), "2", "1", "30")
	h, _ = limitedHandler(t, w, Limits{KeyReads: 6})
	shows(t, ask(t, h, http.MethodGet, "/v1/sdk/environment", "", good), "6", "5", "10")
}

func TestTakingFromALimitAndShowingItAllocatesNothing(t *testing.T) {
	header := http.Header{}
	for _, perMinute := range []int{10, 10_000} {
		b := newBuckets(perMinute, time.Now)
		if n := testing.AllocsPerRun(perMinute/2, func() { _ = spend(header, b.take(named(1))) }); n > 0 {
			t.Errorf("with %d a minute it costs %v", perMinute, n)
		}
	}
}

func TestALimitIsShownHoweverHighItIs(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{1, 59, 60, 61, 9_999, 10_000, 10_001, 10_000_000} {
		var clock handClock
		header := http.Header{}
		if err := spend(header, newBuckets(perMinute, clock.now).take(named(1))); err != nil {
			t.Error(err)
		}
		got := header.Get("X-RateLimit-Limit") + " " + header.Get("X-RateLimit-Remaining")
		if want := fmt.Sprint(perMinute, perMinute-1); got != want {
			t.Errorf("%s is shown, not %s", got, want)
		}
	}
}
