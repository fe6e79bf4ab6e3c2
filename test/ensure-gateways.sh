#!/usr/bin/env bash
# Makes sure that the tests of docs/gateways.md and docs/examples can run: they
# start nginx, Caddy, HAProxy and Node.js, each on a free port of 127.0.0.1.
# What is missing is installed on Debian (12 or newer) and Ubuntu (24.04 or
# newer); elsewhere this says what to install.
set -euo pipefail

found() {
	local directory
	for directory in ${PATH//:/ } /usr/sbin /usr/local/sbin /opt/homebrew/bin; do
		[ -x "$directory/$1" ] && return 0
	done
	return 1
}

missing=()
found nginx || missing+=(nginx-light)
found caddy || missing+=(caddy)
found haproxy || missing+=(haproxy)
found node || missing+=(nodejs)
if [ "${#missing[@]}" -eq 0 ]; then
	exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
	cat >&2 <<TEXT
The tests need ${missing[*]}, which cannot be installed from here. Please run one of
  sudo apt-get install ${missing[*]}            (Debian, Ubuntu)
  sudo dnf install nginx caddy haproxy nodejs    (Fedora)
  brew install nginx caddy haproxy node          (macOS)
The tests need neither their services nor any of their usual ports.
TEXT
	exit 1
fi

# Packages start the servers that they bring, on the machine's port 80. Debian
# asks this program first. An administrator's own choice is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${as_root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi

echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
	-o Dpkg::Options::=--force-confold "${missing[@]}"
found nginx && found caddy && found haproxy && found node
