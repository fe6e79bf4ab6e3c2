package tour

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// shownAddress is where the pages say that the server is; here it is elsewhere.
const shownAddress = "http://127.0.0.1:8080"

// step is a few commands with what they print; expected is empty where the page
// says nothing.
type step struct{ commands, expected string }

var tourBlock = regexp.MustCompile("(?ms)^```sh tour\n(.*?)^```$")

// steps cuts a page's blocks at the lines that say what comes back.
func steps(text string) []step {
	var found []step
	for _, block := range tourBlock.FindAllStringSubmatch(text, -1) {
		var commands strings.Builder
		for line := range strings.Lines(block[1]) {
			expected, answered := strings.CutPrefix(line, "# → ")
			if !answered {
				commands.WriteString(line)
				continue
			}
			found = append(found, step{commands.String(), strings.TrimSpace(expected)})
			commands.Reset()
		}
		if commands.Len() > 0 {
			found = append(found, step{commands.String(), ""})
		}
	}
	return found
}

func TestThePagesCommandsDoWhatThePagesSay(t *testing.T) {
	if len(steps(contents(t, "README.md"))) == 0 {
		t.Error("the README has no tour")
	}
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		sink := mailsink.Start(t, mailsink.Options{})
		follow(t, harness.Start(t, d, mailing(sink)), inMail(sink))
	})
}

func TestTheTourNeedsNoMailServer(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		server := harness.Start(t, d, asDelivered)
		follow(t, server, inLog(server))
	})
}

// asDelivered has the limits of a server that nobody configured: one reader at
// one address gets through the tour within them.
var asDelivered = harness.Environment{
	"RATE_AUTH_PER_MINUTE": harness.Unset, "RATE_ORGANIZATION_PER_MINUTE": harness.Unset,
	"RATE_ENVIRONMENT_PER_MINUTE": harness.Unset, "RATE_KEY_READS_PER_MINUTE": harness.Unset,
}

// follow does what every page with a tour says, on one server.
func follow(t *testing.T, server *harness.Server, links mailbox) {
	t.Helper()
	for _, page := range pages(t) {
		tour := steps(page.text)
		if len(tour) == 0 {
			continue
		}
		r := newReader(t)
		for _, step := range tour {
			commands := strings.ReplaceAll(step.commands, shownAddress, server.URL)
			printed := r.run(t, paste(t, commands, links))
			if step.expected != "" && !matches(step.expected, printed) {
				t.Errorf("%s: these commands:\n%s\nshould print\n%s\nand print\n%s", page.path, step.commands, step.expected, printed)
			}
		}
	}
}

// matches compares with a text in which … stands for anything.
func matches(expected, printed string) bool {
	parts := strings.Split(expected, "…")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`).MatchString(strings.TrimSpace(printed))
}

func TestAnAnswerThatDiffersFromThePageIsNoticed(t *testing.T) {
	t.Parallel()
	for expected, differing := range map[string][]string{
		"204":                        {"", "404", "204 204"},
		`{…"code":"KEY_REVOKED"…}`:   {`{"code":"KEY_EXPIRED","x":1}`, `"code":"KEY_REVOKED"`},
		`[{…"slug":"dev"…},{…"b"…}]`: {`[{"slug":"dev"}]`, `[]`},
	} {
		for _, printed := range differing {
			if matches(expected, printed) {
				t.Errorf("%s passes for %s", printed, expected)
			}
		}
	}
	if !matches(`{…"slug":"dev"…}`, "{\"id\":1,\"slug\":\"dev\",\n\"x\":2}\n") {
		t.Error("a fitting answer is refused")
	}
}

func TestStepsAreCutWhereThePageShowsAnAnswer(t *testing.T) {
	t.Parallel()
	text := "```sh\nignored\n```\n```sh tour\na\nb\n# → x…\nc\n```\ntext\n```sh tour\nd\n# → y\n```\n"
	expected := []step{{"a\nb\n", "x…"}, {"c\n", ""}, {"d\n", "y"}}
	if got := steps(text); !slices.Equal(got, expected) {
		t.Errorf("got %q, want %q", got, expected)
	}
}
