package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/tenantry/tenantry/app"
)

// maxUserAgent is how much of a client's self-description is kept, in bytes.
const maxUserAgent = 256

// clientOf describes the device at the other end.
func clientOf(r *http.Request, trusted []netip.Prefix) app.Client {
	return app.Client{
		Address:   clientAddress(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), trusted),
		UserAgent: userAgent(r.UserAgent()),
	}
}

// clientAddress is the peer's address, unless the peer is a trusted proxy: then
// the forwarded hops are walked from the nearest to the farthest, for as long
// as each is trusted. What stands further left was written by strangers. A hop
// that is no address makes all of it worthless, and the peer is meant.
func clientAddress(remote string, forwarded []string, trusted []netip.Prefix) string {
	peer, ok := parseHop(remote)
	if !ok {
		return ""
	}
	var hops []string
	for _, line := range forwarded {
		hops = append(hops, strings.Split(line, ",")...)
	}
	client := peer
	for i := len(hops) - 1; i >= 0 && isTrusted(client, trusted); i-- {
		if client, ok = parseHop(strings.TrimSpace(hops[i])); !ok {
			return peer.String()
		}
	}
	return client.String()
}

// parseHop reads an address with or without a port.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// userAgent makes text of what a client says of itself: valid, without control
// characters, and short.
func userAgent(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxUserAgent {
		s = strings.ToValidUTF8(s[:maxUserAgent], "") // the cut may halve a character
	}
	return s
}
