package smtp

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/mail"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var accounts = site{base: "https://accounts.example.com/base", host: "accounts.example.com", name: "accounts.example.com"}

func full(kind mail.Kind) mail.Mail {
	return mail.Mail{
		Kind: kind, To: account.StoredEmail("grace@example.com"), Name: "Grace <Hopper>", Token: "3q2-7w_0123456789",
		Organization: "Engines & Söhne", Inviter: "Ada O'Lovelace", Role: "developer", Other: "grace@new.example.com",
		ExpiresAt: time.Date(2026, 3, 9, 17, 30, 0, 0, time.FixedZone("", 3600)),
	}
}

func TestEveryKindReadsAsItsGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			got, err := accounts.write(full(kind))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, string(kind)+".text", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, string(kind)+".html", got.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update rewrites it): %s", name, diff)
	}
}

func TestALinkLeadsToThePageOfItsKindAtThePublicURL(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds() {
		got, err := accounts.write(full(kind))
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if page := pages[kind]; page != "" {
			want = "https://accounts.example.com/base" + page + "?token=3q2-7w_0123456789"
		}
		if got.Link != want || strings.Contains(got.Text, "token=") != (want != "") ||
			!strings.Contains(got.Text, want) || !strings.Contains(got.HTML, `href="`+want) {
			if want != "" || got.Link != "" {
				t.Errorf("%s: link %q, want %q", kind, got.Link, want)
			}
		}
		if strings.Count(got.Text+got.HTML, "://") != 3*strings.Count(want, "://") {
			t.Errorf("%s: there are other links in\n%s\n%s", kind, got.Text, got.HTML)
		}
	}
}

func TestALetterStandsWithoutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds() {
		got, err := accounts.write(mail.Mail{Kind: kind, To: account.StoredEmail("grace@example.com"), Organization: "Engines"})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got.Text+got.HTML, "href") || strings.Contains(got.Text+got.Subject, "  ") || strings.Contains(got.Text, "“”") ||
			strings.HasSuffix(got.Subject, " ") || strings.Contains(got.Text, " ,") {
			t.Errorf("%s: %s\n%s", kind, got.Subject, got.Text)
		}
	}
}

func TestAnUnknownKindIsNotSent(t *testing.T) {
	t.Parallel()
	if got, err := accounts.write(mail.Mail{Kind: "other"}); err == nil {
		t.Errorf("it was written as %v", got)
	}
}

func TestAMessageIDNamesTheHostOfThePublicURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://accounts.example.com/base/": "accounts.example.com", "http://localhost:8080": "localhost",
		"http://127.0.0.1:8080": "[127.0.0.1]", "http://[::1]:8080": "[IPv6:::1]",
	} {
		s, err := parseSite(url)
		if err != nil || s.mailDomain() != want {
			t.Errorf("%s: %s, %v", url, s.mailDomain(), err)
		}
	}
}

func TestANameInMail(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ada Lovelace":                       "Ada Lovelace",
		"Engines Inc.":                       "Engines Inc.",
		"A.B. Smith":                         "A. B. Smith",
		"עברית":                              "עברית",
		"👩‍👩‍👧‍👦 & Söhne":                    "👩‍👩‍👧‍👦 & Söhne",
		" two\r\n\tlines \u2028 more ":       "two lines more",
		"=?utf-8?q?Ada?=":                    "= ?utf-8?q?Ada?=",
		"https://evil.example/x?y":           "https: //evil. example/x?y",
		"evil..example":                      "evil. . example",
		"evil。example":                       "evil。 example",
		"mailto:eve@evil.example":            "mailto: eve@evil. example",
		"ev\u200bil\u202egnp":                "ev il gnp",
		"bytes \xff\xfe that are no text":    "bytes that are no text",
		strings.Repeat("x", 60):              strings.Repeat("x", 60),
		strings.Repeat("x", 61):              strings.Repeat("x", 60) + "…",
		strings.Repeat("🦉", 10_000):          strings.Repeat("🦉", 60) + "…",
		strings.Repeat("x", 59) + " " + "yz": strings.Repeat("x", 59) + "…",
	} {
		if got := plainName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestANameInMailIsOneShortLineWithoutLinks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{".", ":", "//", "\r\n", "www", "com", "\u200b", "\u200d"})))
		got := plainName(strings.Join(parts.Draw(t, "parts"), ""))
		if runes := []rune(got); len(runes) > maxName+1 || strings.TrimSpace(got) != got {
			t.Fatalf("%q", got)
		}
		var before rune
		for _, r := range got {
			if r != ' ' && invisible(r) || strings.ContainsRune(joints, before) && r != ' ' && r != '…' {
				t.Fatalf("%q", got)
			}
			before = r
		}
	})
}
