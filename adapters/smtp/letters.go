package smtp

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"

	"github.com/tenantry/tenantry/domain/mail"
)

// A letter is a file: its first line is the subject, what follows are
// paragraphs, and one in brackets names the link. Both bodies are made of the
// same paragraphs, so they cannot say different things.
//
//go:embed letters
var files embed.FS

// pages are where the links of each kind lead. Those outside of /v1 belong to
// the dashboard.
var pages = map[mail.Kind]string{
	mail.VerifyEmail:   "/v1/auth/verify-email",
	mail.ConfirmEmail:  "/v1/auth/verify-email",
	mail.ResetPassword: "/reset-password",
	mail.Invitation:    "/invitations/accept",
	mail.EmailChanged:  "/undo-email-change",
}

var (
	letters  = parseLetters()
	textBody = template.Must(template.ParseFS(files, "letters/layout.text"))
	htmlBody = htmltemplate.Must(htmltemplate.ParseFS(files, "letters/layout.html"))
)

type letter struct {
	subject    *template.Template
	paragraphs []paragraph
}

type paragraph struct {
	text *template.Template
	link bool
}

func parseLetters() map[mail.Kind]letter {
	all := map[mail.Kind]letter{}
	for _, kind := range mail.Kinds() {
		content, err := files.ReadFile("letters/" + string(kind) + ".txt")
		if err != nil {
			panic(err) // a kind without its letter does not get past the first test
		}
		all[kind] = parseLetter(string(kind), string(content))
	}
	return all
}

// parseLetter splits before anything is filled in: no name can begin a
// paragraph of its own.
func parseLetter(name, content string) letter {
	parse := func(text string) *template.Template {
		return template.Must(template.New(name).Parse(text))
	}
	parts := strings.Split(strings.TrimSpace(content), "\n\n")
	l := letter{subject: parse(parts[0])}
	for _, part := range parts[1:] {
		label, opens := strings.CutPrefix(part, "[")
		label, closes := strings.CutSuffix(label, "]")
		if opens && closes {
			l.paragraphs = append(l.paragraphs, paragraph{parse(label), true})
			continue
		}
		l.paragraphs = append(l.paragraphs, paragraph{parse(strings.ReplaceAll(part, "\n", " ")), false})
	}
	return l
}

// facts are what letters may speak of, already made harmless.
type facts struct {
	Site, To, Name, Organization, Inviter, Role, Other, Until, Link string
}

// written is a mail in words.
type written struct {
	Subject, Text, HTML, Link string
}

// filled is what the layouts put into form.
type filled struct {
	facts
	Subject    string
	Paragraphs []said
}

type said struct {
	Text string
	Link bool
}

func (s site) write(m mail.Mail) (written, error) {
	l, known := letters[m.Kind]
	if !known {
		return written{}, fmt.Errorf("there is no letter for mail of the kind %q", m.Kind)
	}
	f := filled{facts: s.facts(m)}
	var err error
	if f.Subject, err = fill(l.subject, f.facts); err != nil {
		return written{}, err
	}
	for _, p := range l.paragraphs {
		text, err := fill(p.text, f.facts)
		if err != nil {
			return written{}, err
		}
		if text == "" || p.link && f.Link == "" {
			continue
		}
		f.Paragraphs = append(f.Paragraphs, said{text, p.link})
	}
	var plain, rich strings.Builder
	if err := textBody.Execute(&plain, f); err != nil {
		return written{}, err
	}
	if err := htmlBody.Execute(&rich, f); err != nil {
		return written{}, err
	}
	return written{Subject: f.Subject, Text: plain.String(), HTML: rich.String(), Link: f.Link}, nil
}

func fill(t *template.Template, f facts) (string, error) {
	var text strings.Builder
	err := t.Execute(&text, f)
	return strings.TrimSpace(text.String()), err
}

func (s site) facts(m mail.Mail) facts {
	f := facts{
		Site: s.host, To: m.To.String(), Name: plainName(m.Name), Organization: plainName(m.Organization),
		Inviter: plainName(m.Inviter), Role: plainName(m.Role), Other: plainAddress(m.Other),
		Until: m.ExpiresAt.UTC().Format("2 January 2006, 15:04") + " UTC",
	}
	if page := pages[m.Kind]; page != "" && m.Token != "" {
		f.Link = s.link(page, m.Token)
	}
	return f
}
