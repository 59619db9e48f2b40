#!/usr/bin/env bash
# Builds once more, and fails unless that gives the bytes that lie in dist.
set -euo pipefail
cd "$(dirname "$0")/../.."
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
bash packaging/linux/build.sh "$again"
for file in "$again"/*; do
    cmp "$file" "dist/${file##*/}"
    (cd dist && sha256sum "${file##*/}")
done
