#!/usr/bin/env bash
# Makes of what was built what can be given away: finish.sh [FOLDER]. Signs the packages for Linux where PALMA_GPG_KEY names
# a key of gpg's, lists what all packages hold, and sums them up. What is signed loses the -unsigned in its name and has
# its signature (.asc) beside it. The installers for Windows and macOS are signed by their own builds.
set -euo pipefail
folder=$(realpath "${1:-$(dirname "$0")/../dist}")
cd "$(dirname "$0")/.."

version=$(sed -n 's/^__version__: Final = "\(.*\)"$/\1/p' palma_wizard/__init__.py)
key=${PALMA_GPG_KEY:-}
sign() { gpg --quiet --batch --yes --local-user "$key" --armor --detach-sign --output "$2.asc" "$1"; }

holds=()
shopt -s nullglob
for file in "$folder"/*.deb; do holds+=(Linux=build/linux/parts.json); done
for file in "$folder"/*-setup*.exe; do holds+=(Windows=build/windows/parts.json); done
for file in "$folder"/*.dmg; do holds+=(macOS=build/macos/parts.json); done
rm -f "$folder"/*.cdx.json "$folder"/SHA256SUMS*
python3 packaging/sbom.py "$folder/palma-wizard-$version.cdx.json" "${holds[@]}"

cd "$folder"
if [ -n "$key" ]; then
    for file in *-unsigned.deb *-unsigned.tar.xz; do
        sign "$file" "${file/-unsigned/}"
        mv "$file" "${file/-unsigned/}"
    done
fi
sha256sum -- palma-wizard* >SHA256SUMS
[ -z "$key" ] || sign SHA256SUMS SHA256SUMS
