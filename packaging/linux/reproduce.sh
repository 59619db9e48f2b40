#!/usr/bin/env bash
# Builds twice, and fails unless both give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/../.."
both=$(mktemp -d)
trap 'rm -rf "$both"' EXIT
for turn in first second; do
    bash packaging/linux/build.sh "$both/$turn"
    (cd "$both/$turn" && sha256sum -- *) >"$both/$turn.sums"
done
diff "$both/first.sums" "$both/second.sums"
cat "$both/first.sums"
