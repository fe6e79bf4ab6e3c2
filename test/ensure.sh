#!/usr/bin/env bash
# Makes sure that the tests can run. They start a private PostgreSQL, nginx,
# Caddy, HAProxy, PgBouncer and Node.js, each on a free port of 127.0.0.1; strace
# shows what reaches the disk; promtool, which comes with Prometheus, judges the
# alert rules; the race detector needs a C compiler. What is missing is installed
# on Debian (12 or newer) and Ubuntu (24.04 or newer); elsewhere this says what to
# install.
#
#   test/ensure.sh             everything
#   test/ensure.sh postgres    PostgreSQL and the compiler
set -euo pipefail

found() {
	local directory
	case "$1" in
	initdb)
		[ -z "${TEST_DATABASE_URL:-}" ] || return 0 # the tests use that server
		for directory in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
			[ -x "$directory/initdb" ] && return 0
		done
		;;
	compiler)
		command -v "$(go env CC)" >/dev/null
		return
		;;
	strace)
		[ "$(uname)" = Linux ] || return 0 # the tests that trace are for Linux
		;;
	esac
	for directory in ${PATH//:/ } /usr/sbin /usr/local/sbin /opt/homebrew/bin; do
		[ -x "$directory/$1" ] && return 0
	done
	return 1
}

# A program, and the packages of Debian that bring it.
wanted=("initdb postgresql" "compiler gcc libc6-dev")
if [ "${1:-}" != postgres ]; then
	wanted+=("nginx nginx-light" "caddy caddy" "haproxy haproxy" "pgbouncer pgbouncer" "node nodejs" "strace strace" "promtool prometheus")
fi

programs=()
packages=()
for line in "${wanted[@]}"; do
	read -r program names <<<"$line"
	found "$program" && continue
	programs+=("$program")
	# shellcheck disable=SC2206 # names are words
	packages+=($names)
done
if [ "${#programs[@]}" -eq 0 ]; then
	exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
	cat >&2 <<TEXT
The tests need ${programs[*]}, which cannot be installed from here. Please run one of
  sudo apt-get install ${packages[*]}        (Debian, Ubuntu)
  sudo dnf install postgresql-server gcc nginx caddy haproxy pgbouncer nodejs strace prometheus    (Fedora)
  brew install postgresql nginx caddy haproxy pgbouncer node prometheus    (macOS; the compiler: xcode-select --install)
They need neither the services nor any of the usual ports. Instead of installing
PostgreSQL, you may name a server whose user may create databases:
  export TEST_DATABASE_URL=postgres://user:password@host:5432/postgres?sslmode=disable
TEXT
	exit 1
fi

# Packages start the servers that they bring, on their usual ports. Debian asks
# this program first. An administrator's own choice is left alone, here and below.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${as_root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi
# PostgreSQL's package makes a server's data, too.
choice=/etc/postgresql-common/createcluster.conf
if [ ! -e "$choice" ]; then
	"${as_root[@]}" mkdir -p "$(dirname "$choice")"
	echo 'create_main_cluster = false' | "${as_root[@]}" tee "$choice" >/dev/null
fi

echo "installing ${packages[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
	-o Dpkg::Options::=--force-confold "${packages[@]}"
for program in "${programs[@]}"; do
	found "$program" || { echo "$program is missing still" >&2; exit 1; }
done
