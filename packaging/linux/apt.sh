#!/usr/bin/env bash
# Installs what is missing of the Debian packages that the lists name: apt.sh LIST...
# A list has one package a line; "a | b" is a, or b where a is not to be had; "#" starts a comment.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
# Not grep -q: it leaves before the other has written all, which pipefail takes for a failure.
installed() { dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -x installed >/dev/null; }
to_be_had() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep 'Candidate: [^(]' >/dev/null; }
any() { local test=$1 name; shift; for name in "$@"; do if "$test" "$name"; then echo "$name"; return; fi; done; return 1; }

missing=()
while read -r line; do
    names=${line%%#*}
    # The names are separated by spaces and bars: words are wanted here.
    # shellcheck disable=SC2086
    [ -z "${names// /}" ] || any installed ${names//|/ } >/dev/null || missing+=("${names//|/ }")
done < <(cat -- "$@")
[ "${#missing[@]}" -gt 0 ] || exit 0

choose() { # the missing packages by the names this system has
    local names
    for names in "${missing[@]}"; do
        # shellcheck disable=SC2086
        any to_be_had $names || echo "${names##* }"
    done
}

if [ "$(uname)" != Linux ]; then
    exit 0 # Qt brings all it needs
elif ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "This is not a Debian or Ubuntu system, so system packages are left to you."
    say "Should something be missing, install what these Debian packages hold: $(choose | tr '\n' ' ')"
    exit 0
elif [ "$(id -u)" = 0 ]; then
    as_root=(env)
elif command -v sudo >/dev/null; then
    as_root=(sudo env)
else
    say "Some system packages are missing, and only an administrator can install them (you are not root, and there is no sudo)."
    say "Ask for this, then run make again:  apt-get install --no-install-recommends $(choose | tr '\n' ' ')"
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" >>"$log" 2>&1 </dev/null; }

say "Installing ${#missing[@]} system packages with apt..."
apt update || say "apt could not refresh all its lists; going on with those it has."
mapfile -t chosen < <(choose)
if ! apt install --no-install-recommends "${chosen[@]}"; then
    tail -n 20 "$log" >&2
    say "apt could not install: ${chosen[*]}"
    exit 1
fi
