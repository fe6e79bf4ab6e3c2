#!/usr/bin/env bash
# Makes sure that the tests of durability can run: strace shows them which of the
# server's system calls reach the disk, and lets them fail. What is missing is
# installed on Debian and Ubuntu; elsewhere this says what to install.
set -euo pipefail

if command -v strace >/dev/null; then
	exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
	cat >&2 <<'TEXT'
The tests need strace, which cannot be installed from here. Please run one of
  sudo apt-get install strace        (Debian, Ubuntu)
  sudo dnf install strace            (Fedora)
TEXT
	exit 1
fi
echo 'installing strace'
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends strace
command -v strace >/dev/null
