package httpapi

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestTheClientIsThePeerUnlessTrustedProxiesSayOtherwise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		remote    string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		{"203.0.113.7:1234", nil, proxies, "203.0.113.7"},
		{"203.0.113.7:1234", []string{"1.2.3.4"}, proxies, "203.0.113.7"},
		{"10.0.0.1:1234", []string{"1.2.3.4"}, nil, "10.0.0.1"},
		{"10.0.0.1:1234", nil, proxies, "10.0.0.1"},
		{"10.0.0.1:1234", []string{""}, proxies, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"1.2.3.4"}, proxies, "1.2.3.4"},
		{"10.0.0.1:1234", []string{"6.6.6.6, 1.2.3.4"}, proxies, "1.2.3.4"},
		{"10.0.0.1:1234", []string{"6.6.6.6", "1.2.3.4,10.1.1.1"}, proxies, "1.2.3.4"},
		{"10.0.0.1:1234", []string{"10.2.2.2, 10.1.1.1"}, proxies, "10.2.2.2"},
		{"10.0.0.1:1234", []string{"1.2.3.4, nonsense"}, proxies, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"nonsense, 1.2.3.4"}, proxies, "1.2.3.4"},
		{"10.0.0.1:1234", []string{"nonsense, 10.3.3.3"}, proxies, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"1.2.3.4:5678"}, proxies, "1.2.3.4"},
		{"10.0.0.1:1234", []string{"[2001:db8::1]:5678"}, proxies, "2001:db8::1"},
		{"[::ffff:10.0.0.1]:1234", []string{"::ffff:1.2.3.4"}, proxies, "1.2.3.4"},
		{"[fd00::1%eth0]:1234", []string{"2001:db8::1"}, proxies, "2001:db8::1"},
		{"@", []string{"1.2.3.4"}, proxies, ""},
	} {
		if got := clientAddress(c.remote, c.forwarded, c.trusted); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestAUserAgentIsShortPlainText(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                             "",
		"curl/8":                       "curl/8",
		"a\r\n\x1b[31m\x00b":           "a[31mb",
		"a\xffb":                       "ab",
		strings.Repeat("x", 300):       strings.Repeat("x", 256),
		"x" + strings.Repeat("é", 200): "x" + strings.Repeat("é", 127),
		"x" + strings.Repeat("😀", 100): "x" + strings.Repeat("😀", 63),
	} {
		if got := userAgent(given); got != want {
			t.Errorf("%q became %q", given, got)
		}
	}
}

func FuzzTheClientIsAlwaysAnAddressThatWasNamed(f *testing.F) {
	f.Add("10.0.0.1:1", "1.2.3.4, 10.0.0.2", "curl")
	f.Add("203.0.113.7:1", "1.2.3.4", "\xff")
	f.Add("[fd00::1]:1", "[::1]:80,,", "é")
	f.Fuzz(func(t *testing.T, remote, forwarded, agent string) {
		got := clientAddress(remote, []string{forwarded}, proxies)
		peer, ok := parseHop(remote)
		switch {
		case !ok && got != "":
			t.Errorf("no peer, and yet %q", got)
		case ok && !isTrusted(peer, proxies) && got != peer.String():
			t.Errorf("a stranger at %s passed for %s", peer, got)
		case ok:
			if address, err := netip.ParseAddr(got); err != nil || address.Zone() != "" || address.Is4In6() {
				t.Errorf("%q is no plain address", got)
			}
		}
		text := userAgent(agent)
		if len(text) > maxUserAgent || !utf8.ValidString(text) || slices.ContainsFunc([]rune(text), unicode.IsControl) {
			t.Errorf("%q became %q", agent, text)
		}
	})
}
