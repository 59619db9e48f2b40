#!/usr/bin/env bash
# Builds once more, and fails unless that gives the bytes that lie in dist: reproduce.sh [linux] [windows]
set -euo pipefail
cd "$(dirname "$0")/.."
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
[ $# -gt 0 ] || set -- linux windows
for system in "$@"; do
    bash "packaging/$system/build.sh" "$again"
done
for file in "$again"/*; do
    built=${file##*/}
    [ -e "dist/$built" ] || built=${built/-unsigned/} # a signature of GPG's lies beside a file and changes nothing in it
    cmp "$file" "dist/$built"
    (cd dist && sha256sum "$built")
done
