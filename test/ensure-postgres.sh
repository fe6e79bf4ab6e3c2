#!/usr/bin/env bash
# Makes sure that the tests can run: they start a private PostgreSQL server, and
# the race detector needs a C compiler. What is missing is installed on Debian
# and Ubuntu; elsewhere this says what to install.
set -euo pipefail

postgres_found() {
	if [ -n "${TEST_DATABASE_URL:-}" ]; then
		return 0 # the tests use that server
	fi
	if command -v initdb >/dev/null; then
		return 0
	fi
	local program
	for program in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb \
		/opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb; do
		if [ -x "$program" ]; then
			return 0
		fi
	done
	return 1
}

compiler_found() {
	command -v "$(go env CC)" >/dev/null
}

missing=()
postgres_found || missing+=(postgresql)
compiler_found || missing+=(gcc libc6-dev)
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
  sudo apt-get install ${missing[*]}        (Debian, Ubuntu)
  sudo dnf install postgresql-server gcc    (Fedora)
  brew install postgresql                   (macOS; the compiler: xcode-select --install)
or, instead of installing PostgreSQL, name a server whose user may create databases:
  export TEST_DATABASE_URL=postgres://user:password@host:5432/postgres?sslmode=disable
TEXT
	exit 1
fi

# The tests start servers of their own; the package's default one would only
# take memory and port 5432. An administrator's own choice is left alone.
no_default_server() {
	local choice=/etc/postgresql-common/createcluster.conf
	if [ ! -e "$choice" ]; then
		"${as_root[@]}" mkdir -p "$(dirname "$choice")"
		echo 'create_main_cluster = false' | "${as_root[@]}" tee "$choice" >/dev/null
	fi
}

echo "installing ${missing[*]}"
if ! postgres_found; then
	no_default_server
fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
	-o Dpkg::Options::=--force-confold "${missing[@]}"
postgres_found && compiler_found
