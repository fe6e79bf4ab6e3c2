package harness

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Marker stands in every password that this package makes, so that one search
// finds them all where none may be.
const Marker = "Zq7-marker"

// Secrets are the forms of what may be written nowhere.
var Secrets = map[string]*regexp.Regexp{
	"a password":               regexp.MustCompile(regexp.QuoteMeta(Marker)),
	"a refresh token":          regexp.MustCompile(`rt_[A-Za-z0-9_-]{40,}`),
	"an access token":          regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}`),
	"an environment key":       regexp.MustCompile(`(?:sdk-(?:dev|staging|prod)-(?:pub-)?|sk_live_)[0-9A-Za-z]{38}`),
	"the operators' API token": regexp.MustCompile(AdminToken),
}

// judgeLogs looks at what the server wrote. A program that was killed may have
// left half a line.
func (s *Server) judgeLogs() {
	s.tb.Helper()
	logs := s.Logs()
	if _, report, raced := strings.Cut(logs, "WARNING: DATA RACE"); raced {
		s.tb.Errorf("the race detector found a race in the server:\n%s", head(report))
		return
	}
	for what, form := range Secrets {
		if found := form.FindString(logs); found != "" {
			s.tb.Errorf("the server's log holds %s: %.12s…", what, found)
		}
	}
	if strings.Contains(logs, "$argon2") {
		s.tb.Error("the server's log holds the hash of a password")
	}
	for line := range strings.Lines(logs) {
		if strings.HasPrefix(line, "tenantry: ") {
			continue // why the program ended, for the person who started it
		}
		if strings.HasSuffix(line, "\n") && !json.Valid([]byte(line)) {
			s.tb.Errorf("a line of the server's log is no JSON: %.300q", line)
			return
		}
	}
}

const excerpt = 6000

func head(text string) string {
	if len(text) > excerpt {
		return text[:excerpt] + "…"
	}
	return text
}

func tail(text string) string {
	if len(text) > excerpt {
		return "…" + text[len(text)-excerpt:]
	}
	return text
}
