package smtp_test

import "strings"

// hostile are names that want to be more than names.
var hostile = map[string]string{
	"a header":            "Ada\r\nBcc: eve@example.org\r\nX-Evil: 1",
	"a bare line feed":    "Ada\nBcc: eve@example.org",
	"a carriage return":   "Ada\rBcc: eve@example.org",
	"a body of its own":   "Ada\r\n\r\nSee http://evil.example/login",
	"the end of the mail": "Ada\r\n.\r\nMAIL FROM:<eve@example.org>",
	"an encoded word":     "=?utf-8?q?Ada=0D=0ABcc=3A_eve=40example=2Eorg?=",
	"percent signs":       "Ada%0d%0aBcc: eve@example.org",
	"a boundary":          "--\r\nContent-Type: text/html\r\n\r\n<b>",
	"NUL and escape":      "Ada\x00\x1b[31m",
	"line separators":     "Ada\u2028Bcc:\u2029x\u0085y",
	"markup":              `<a href="http://evil.example/">click</a><script>alert(1)</script><img src=x onerror=y>`,
	"an attribute's end":  `"><b onclick='x'>`,
	"a comment":           "--><!-- x",
	"a template":          `{{.Link}}{{define "x"}}{{end}}`,
	"an address":          "https://evil.example/login?x=1",
	"a host":              "www.evil.example",
	"a split host":        "evil.\u200bexample",
	"ten kilobytes":       strings.Repeat("click http://evil.example ", 400),
	"overrides":           "\u202emoc.elpmaxe\u202c",
	"bytes":               "Ada \xff\xc3\x28 Lovelace",
	"brackets":            "[Look at the invitation]",
}
