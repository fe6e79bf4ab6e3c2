package smtp_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/adapters/smtp"
)

const secret = "s3sameOpen"

func TestSettingsThatCannotWorkAreRefusedWithoutShowingThePassword(t *testing.T) {
	t.Parallel()
	good := smtp.Settings{URL: "smtp://relay:" + secret + "@mail.example.com:587", From: "accounts@example.com", PublicURL: publicURL}
	tests := map[string]struct {
		change func(*smtp.Settings)
		says   string
	}{
		"no URL":                  {func(s *smtp.Settings) { s.URL = "" }, "SMTP_URL"},
		"another scheme":          {func(s *smtp.Settings) { s.URL = "https://relay:" + secret + "@mail.example.com" }, "SMTP_URL"},
		"no scheme":               {func(s *smtp.Settings) { s.URL = "relay:" + secret + "@mail.example.com" }, "SMTP_URL"},
		"no host":                 {func(s *smtp.Settings) { s.URL = "smtp://relay:" + secret + "@" }, "SMTP_URL"},
		"no host but a port":      {func(s *smtp.Settings) { s.URL = "smtp://:587" }, "SMTP_URL"},
		"a bare percent sign":     {func(s *smtp.Settings) { s.URL = "smtp://relay:" + secret + "%zz@mail.example.com" }, "percent-encode"},
		"a bare slash":            {func(s *smtp.Settings) { s.URL = "smtp://relay:" + secret + "/x@mail.example.com" }, "percent-encode"},
		"a line break":            {func(s *smtp.Settings) { s.URL += "\r\n" }, "SMTP_URL"},
		"a port that is a name":   {func(s *smtp.Settings) { s.URL = "smtp://mail.example.com:smtp" }, "SMTP_URL"},
		"port 0":                  {func(s *smtp.Settings) { s.URL = "smtp://mail.example.com:0" }, "port"},
		"port 65536":              {func(s *smtp.Settings) { s.URL = "smtp://mail.example.com:65536" }, "port"},
		"a user alone":            {func(s *smtp.Settings) { s.URL = "smtp://relay@mail.example.com" }, "both user and password"},
		"a password alone":        {func(s *smtp.Settings) { s.URL = "smtp://:" + secret + "@mail.example.com" }, "both user and password"},
		"a path":                  {func(s *smtp.Settings) { s.URL += "/inbox" }, "after the host"},
		"a query":                 {func(s *smtp.Settings) { s.URL += "?tls=skip" }, "after the host"},
		"no sender":               {func(s *smtp.Settings) { s.From = "" }, "MAIL_FROM"},
		"a sender that is a name": {func(s *smtp.Settings) { s.From = "Example" }, "MAIL_FROM"},
		"two senders":             {func(s *smtp.Settings) { s.From = "a@example.com, b@example.com" }, "MAIL_FROM"},
		"a sender of two lines":   {func(s *smtp.Settings) { s.From = "Example <a@example.com>\r\nBcc: b@example.com" }, "MAIL_FROM"},
		"a sender beyond ASCII":   {func(s *smtp.Settings) { s.From = "ä@example.com" }, "MAIL_FROM"},
		"no public address":       {func(s *smtp.Settings) { s.PublicURL = "" }, "PUBLIC_URL"},
		"a relative address":      {func(s *smtp.Settings) { s.PublicURL = "/accounts" }, "PUBLIC_URL"},
		"a script":                {func(s *smtp.Settings) { s.PublicURL = "javascript://x/%0aalert(1)" }, "PUBLIC_URL"},
		"a login in the address":  {func(s *smtp.Settings) { s.PublicURL = "https://x:y@example.com" }, "PUBLIC_URL"},
		"HELO of two words":       {func(s *smtp.Settings) { s.HELO = "a b" }, "HELO"},
		"HELO of two lines":       {func(s *smtp.Settings) { s.HELO = "a\r\nMAIL" }, "HELO"},
		"a negative time":         {func(s *smtp.Settings) { s.Timeout = -time.Second }, "negative"},
	}
	for name, test := range tests {
		s := good
		test.change(&s)
		m, err := smtp.New(s)
		if err == nil || m != nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text := err.Error(); strings.Contains(text, secret) || strings.Count(text, "\n") != 0 {
			t.Errorf("%s: the error is %q", name, text)
		}
	}
}

func TestSettingsThatWorkAreTaken(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"smtp://mail.example.com", "smtps://mail.example.com/", "smtp://mailpit:1025", "smtp://[::1]:2525",
		"smtps://relay%40example.com:p%40ss%2F%3A%25@mail.example.com:465",
	} {
		for _, from := range []string{"accounts@example.com", "tenantry@localhost", "Söhne & Co <accounts@example.com>", `"A, B" <a@example.com>`} {
			if _, err := smtp.New(smtp.Settings{URL: url, From: from, PublicURL: publicURL + "/base/"}); err != nil {
				t.Errorf("%s, %s: %v", url, from, err)
			}
		}
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	err := smtp.Settings{HELO: " "}.Validate()
	for _, part := range []string{"SMTP_URL", "MAIL_FROM", "PUBLIC_URL", "HELO"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is missing in %v", part, err)
		}
	}
}

func TestSettingsDoNotShowThePassword(t *testing.T) {
	t.Parallel()
	s := smtp.Settings{URL: "smtp://relay:" + secret + "@mail.example.com", From: "accounts@example.com", PublicURL: publicURL}
	m, err := smtp.New(s)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("text", "settings", s, "mailer", m)
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "settings", s, "mailer", m)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&log, verb+verb+verb+verb, s, &s, m, *m)
	}
	if err := json.NewEncoder(&log).Encode(map[string]any{"settings": s, "mailer": m}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the password is in %s", log.String())
	}
}
