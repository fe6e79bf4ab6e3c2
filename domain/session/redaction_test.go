package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/session"
)

const hidden = "hidden-in-plain-sight"

// secrets are all the types of the domain that must not show what they hold,
// each with that text.
func secrets(t *testing.T) map[string]struct {
	value any
	text  string
} {
	t.Helper()
	password, err := account.ParsePassword(hidden)
	if err != nil {
		t.Fatal(err)
	}
	hash := account.StoredPasswordHash("$argon2id$" + hidden)
	key := apikey.NewSecret(environment.Production, apikey.Server, func(int) int { return 10 })
	accountKey := apikey.NewAccountSecret(func(int) int { return 10 })
	linked := link.NewToken([]byte(hidden + hidden)[:32])
	token := deriver.Token(someone, 3)
	named, err := idempotency.ParseKey(hidden)
	if err != nil {
		t.Fatal(err)
	}
	derived := idempotency.Secrets{Sealing: []byte(hidden)}
	return map[string]struct {
		value any
		text  string
	}{
		"a password":                  {password, hidden},
		"a password's hash":           {hash, hidden},
		"an account":                  {account.Account{PasswordHash: hash}, hidden},
		"an API key":                  {key, "AAAAAAAA"},
		"an account key":              {accountKey, "AAAAAAAA"},
		"a link's token":              {linked, linked.Reveal()},
		"a refresh token":             {token, token.Reveal()[3:]},
		"a pair of tokens":            {session.Tokens{Refresh: token}, token.Reveal()[3:]},
		"what derives refresh tokens": {session.NewDeriver([]byte(hidden)), hidden},
		"an idempotency key":          {named, hidden},
		"what is derived from it":     {derived, hidden},
		"what derives that":           {idempotency.NewDeriver([]byte(hidden)), hidden},
	}
}

func TestSecretsShowThemselvesToNobody(t *testing.T) {
	for name, secret := range secrets(t) {
		shown := map[string]string{}
		for _, value := range []any{secret.value, &secret.value, []any{secret.value}, struct{ Held any }{secret.value}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				shown[fmt.Sprintf("%s of %T", verb, value)] = fmt.Sprintf(verb, value)
			}
			text, err := json.Marshal(value)
			if err != nil {
				t.Errorf("%s: json: %v", name, err)
			}
			shown[fmt.Sprintf("json of %T", value)] = string(text)
			for form, handler := range map[string]func(*bytes.Buffer) slog.Handler{
				"slog json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
				"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			} {
				var log bytes.Buffer
				slog.New(handler(&log)).Info("made", "value", value, slog.Group("in", "group", value))
				shown[fmt.Sprintf("%s of %T", form, value)] = log.String()
			}
		}
		shown["an error"] = fmt.Errorf("refused: %v", secret.value).Error()
		for how, text := range shown {
			for _, spelling := range spellings(secret.text) {
				if strings.Contains(text, spelling) {
					t.Errorf("%s shows itself by %s: %s", name, how, text)
				}
			}
		}
	}
}

// spellings are the ways in which fmt and json write text or bytes.
func spellings(text string) []string {
	decimal := strings.Trim(fmt.Sprintf("%d", []byte(text)), "[]")
	return []string{text, fmt.Sprintf("%x", text), decimal, strings.ReplaceAll(decimal, " ", ",")}
}

func TestSecretsAreSeenToBeRedacted(t *testing.T) {
	for name, secret := range secrets(t) {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "value", secret.value)
		if name == "an account" || name == "a pair of tokens" {
			continue // what holds a secret shows the rest
		}
		if !strings.Contains(log.String(), "[redacted]") || fmt.Sprint(secret.value) != "[redacted]" {
			t.Errorf("%s is logged as %s", name, log.String())
		}
	}
}
