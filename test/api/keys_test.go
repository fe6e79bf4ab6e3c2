package api

import (
	"hash/crc32"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAKeyIsShownOnceAndDescribedEverAfter(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		path := "/v1/environments/" + stage.Dev + "/api-keys"
		made := stage.Admin.Post(path, M{"name": " Checkout ", "scopes": []string{"flags:write", "flags:read", "flags:read"}, "expires_at": "2099-12-31T23:59:59.123456789+02:00"}).Want(201)
		want := M{
			"id": "ID", "org_id": "ID", "env_id": "ID", "name": "Checkout", "type": "server", "key": "SECRET",
			"key_prefix": made.Text("key")[:len("sdk-dev-")+6], "scopes": []any{"flags:read", "flags:write"}, "expires_at": "2099-12-31T21:59:59.123456Z",
			"last_used_at": nil, "revoked_at": nil, "created_by": "ID", "created_at": "TIME",
		}
		got := shape(made.Object()).(M)
		got["expires_at"] = made.Value("expires_at")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		if made.Text("org_id") != stage.Organization || made.Text("env_id") != stage.Dev || made.Text("created_by") != stage.Admin.ID {
			t.Errorf("the key hangs elsewhere: %v, %v, %v", made.Value("org_id"), made.Value("env_id"), made.Value("created_by"))
		}
		described := changed(made.Object(), M{"key": nil})
		alone := changed(described, nil)
		alone["rotation"] = nil
		if diff := cmp.Diff(alone, stage.Viewer.Get("/v1/api-keys/"+made.Text("id")).Want(200).Object()); diff != "" {
			t.Errorf("reading it (-made +read):\n%s", diff)
		}
		if diff := cmp.Diff([]M{described}, stage.Viewer.Get(path).Want(200).List()); diff != "" {
			t.Errorf("listing it (-made +listed):\n%s", diff)
		}
		plain := stage.Admin.Post(path, M{"name": "Plain", "type": "", "scopes": []string{}, "expires_at": nil}).Want(201)
		if plain.Value("expires_at") != nil || len(plain.Value("scopes").([]any)) != 0 || plain.Text("type") != "server" {
			t.Errorf("a plain key is %v", plain.Object())
		}
	})
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// checksum is the end of a key, after all that precedes it.
func checksum(text string) string {
	digits := make([]byte, 6)
	n := crc32.ChecksumIEEE([]byte(text))
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[n%62]
		n /= 62
	}
	return string(digits)
}

func TestAKeyTellsWhatItIsForAndProvesItsForm(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		published := harness.Secrets["an environment key"]
		for _, kind := range []struct{ environment, server, client string }{
			{stage.Dev, "sdk-dev-", "sdk-dev-pub-"}, {stage.Staging, "sdk-staging-", "sdk-staging-pub-"}, {stage.Production, "sdk-prod-", "sdk-prod-pub-"},
		} {
			for keyType, prefix := range map[string]string{"server": kind.server, "client": kind.client} {
				secret, _ := stage.Admin.NewKey(t, kind.environment, M{"type": keyType})
				form := regexp.MustCompile("^" + prefix + "[0-9A-Za-z]{32}[0-9A-Za-z]{6}$")
				if !form.MatchString(secret) || published.FindString("x = '"+secret+"';") != secret {
					t.Errorf("a %s key has the form %.16s…, %d characters", keyType, secret, len(secret))
				}
				if body := secret[:len(secret)-6]; secret[len(secret)-6:] != checksum(body) {
					t.Error("the checksum is another")
				}
			}
		}
	})
}

func TestKeysAreRandomInEveryCharacter(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		const keys = 200
		seen, counts := map[string]bool{}, map[rune]int{}
		for range keys {
			secret, _ := stage.Owner.NewKey(t, stage.Dev)
			random := secret[len("sdk-dev-") : len("sdk-dev-")+32]
			seen[random] = true
			for _, r := range random {
				counts[r]++
			}
		}
		if len(seen) != keys {
			t.Errorf("%d different keys of %d", len(seen), keys)
		}
		// Chi-square with 61 degrees of freedom: 100.9 is passed once in a thousand
		// runs, 135 once in ten million.
		expected, chi := float64(keys*32)/62, 0.0
		for _, r := range base62 {
			d := float64(counts[r]) - expected
			chi += d * d / expected
		}
		if chi > 135 {
			t.Errorf("the characters are not evenly drawn: chi-square is %.0f", chi)
		}
	})
}

func TestAKeyNamesEverythingThatItRefuses(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		path := "/v1/environments/" + stage.Dev + "/api-keys"
		stage.Admin.Post(path, M{"name": "", "type": "root", "scopes": []string{"Flags"}, "expires_at": "2020-01-01T00:00:00Z"}).
			Refused(400, "VALIDATION_FAILED").Names("name", "type", "scopes", "expires_at")
		words := make([]string, 33)
		for i := range words {
			words[i] = "scope-" + repeat("x", i)
		}
		for _, scopes := range [][]string{words, {""}, {"a b"}, {"ä"}, {repeat("x", 65)}, {"a,b"}, {"*"}} {
			if r := stage.Admin.Post(path, M{"name": "X", "scopes": scopes}); r.Refused(400, "VALIDATION_FAILED").Refusals()["scopes"] == "" {
				t.Errorf("%v is not refused by its name: %s", scopes, r.Body)
			}
		}
		for _, at := range []any{
			"yesterday", "2099-01-01", "2099-01-01T00:00:00", "2099-13-01T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
			"2099-01-01T00:00:60Z", 4102444800, true, "2099-02-30T00:00:00Z", time.Now().Add(-time.Second).Format(time.RFC3339),
		} {
			if r := stage.Admin.Post(path, M{"name": "X", "expires_at": at}); r.Refused(400, "VALIDATION_FAILED").Refusals()["expires_at"] == "" {
				t.Errorf("%v is not refused by its name: %s", at, r.Body)
			}
		}
		victim := s.Cast(t).Outsider
		for member, value := range map[string]any{
			"user_id": victim.ID, "owner_id": victim.ID, "created_by": victim.ID, "organization_id": victim.Organization, "org_id": victim.Organization,
			"env_id": victim.Dev, "environment_id": victim.Dev, "rate_limit": 1_000_000, "enabled": true, "id": randomID(), "key": "sdk-dev-mine", "last_used_at": nil,
		} {
			stage.Admin.Post(path, M{"name": "X", member: value}).Refused(400, "VALIDATION_FAILED").Names(member)
			s.Client(t).Post(path, M{"name": "X", member: value}).Refused(401, "CREDENTIALS_REQUIRED")
		}
		if n := len(stage.Owner.Get(path).Want(200).List()); n != 0 {
			t.Errorf("%d keys were made", n)
		}
	})
}

func TestARevokedKeyIsRefusedAtOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, id := stage.Owner.NewKey(t, stage.Dev)
		sibling, _ := stage.Owner.NewKey(t, stage.Dev)
		sdk := s.Client(t).Key(secret)
		sdk.Get("/v1/sdk/environment").Want(200)
		stage.Admin.Delete("/v1/api-keys/" + id).Want(204)
		sdk.Get("/v1/sdk/environment").Refused(401, "KEY_REVOKED")
		sdk.Get("/v1/sdk/authorize").Refused(401, "KEY_REVOKED")
		revoked := stage.Owner.Get("/v1/api-keys/" + id).Want(200)
		if at := revoked.Time("revoked_at"); time.Since(at) > time.Minute {
			t.Errorf("it was revoked at %s", at)
		}
		stage.Admin.Delete("/v1/api-keys/" + id).Want(204)
		if again := stage.Owner.Get("/v1/api-keys/" + id).Want(200); again.Text("revoked_at") != revoked.Text("revoked_at") {
			t.Error("revoking it again moved the time")
		}
		if got := texts(stage.Owner.Get("/v1/environments/"+stage.Dev+"/api-keys").Want(200).List(), "id"); !slices.Contains(got, id) {
			t.Error("a revoked key is not listed any more")
		}
		s.Client(t).Key(sibling).Get("/v1/sdk/environment").Want(200)
	})
}

func TestAKeyEndsAtTheInstantThatItWasGiven(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		ends := time.Now().Add(2 * time.Second).Truncate(time.Millisecond)
		secret, _ := stage.Owner.NewKey(t, stage.Dev, M{"expires_at": ends.UTC().Format(time.RFC3339Nano)})
		sdk := s.Client(t).Key(secret)
		for time.Until(ends) > 300*time.Millisecond {
			sdk.Get("/v1/sdk/environment").Want(200)
		}
		<-time.After(time.Until(ends))
		sdk.Get("/v1/sdk/environment").Refused(401, "KEY_EXPIRED")
		sdk.Get("/v1/sdk/authorize").Refused(401, "KEY_EXPIRED")
		verdict := s.Client(t).Bearer(harness.AdminToken).Post("/v1/keys/verify", M{"key": secret}).Want(200)
		if verdict.Value("valid") != false || verdict.Text("code") != "EXPIRED" {
			t.Errorf("the verdict is %s", verdict.Body)
		}
	})
}

func TestAKeyWithItsEnvironmentIsGone(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, id := stage.Owner.NewKey(t, stage.Dev)
		other, _ := stage.Owner.NewKey(t, stage.Staging)
		stage.Owner.Delete("/v1/environments/" + stage.Dev).Want(204)
		s.Client(t).Key(secret).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
		stage.Owner.Get("/v1/api-keys/"+id).Refused(404, "NOT_FOUND")
		s.Client(t).Key(other).Get("/v1/sdk/environment").Want(200)
	})
}

func TestTheLastUseOfAKeyIsWrittenWhenTheServerStops(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		ada := s.Register(t)
		used, usedID := ada.NewKey(t, ada.Dev)
		_, idleID := ada.NewKey(t, ada.Dev)
		before := time.Now().Add(-time.Second)
		for range 3 {
			s.Client(t).Key(used).Get("/v1/sdk/environment").Want(200)
		}
		s = s.Restart(t)
		ada.Client = s.Client(t).Bearer(ada.AccessToken)
		if at := ada.Get("/v1/api-keys/" + usedID).Want(200).Time("last_used_at"); at.Before(before) || time.Since(at) > time.Minute {
			t.Errorf("the last use was at %s", at)
		}
		if at := ada.Get("/v1/api-keys/" + idleID).Want(200).Value("last_used_at"); at != nil {
			t.Errorf("a key that nobody used was used at %v", at)
		}
	})
}
