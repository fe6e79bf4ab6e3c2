#!/usr/bin/env bash
# Makes sure that the tests of docs/monitoring can run: promtool judges the
# alert rules. It comes with Prometheus, which is not started. What is missing is
# installed on Debian (12 or newer) and Ubuntu (24.04 or newer); elsewhere this
# says what to install.
set -euo pipefail

if command -v promtool >/dev/null; then
	exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
	cat >&2 <<TEXT
The tests need promtool, which cannot be installed from here. Please run one of
  sudo apt-get install prometheus       (Debian, Ubuntu)
  brew install prometheus               (macOS)
The tests need neither its service nor its port.
TEXT
	exit 1
fi

# Packages start the servers that they bring. Debian asks this program first. An
# administrator's own choice is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${as_root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi

echo "installing prometheus"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
	-o Dpkg::Options::=--force-confold prometheus
command -v promtool >/dev/null
