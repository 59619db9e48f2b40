#!/usr/bin/env bash
# Builds the disk image for macOS, on a Mac. Not run so far: there was no Mac to run it on.
# PALMA_CODESIGN_IDENTITY names a Developer ID in the keychain and PALMA_NOTARY_PROFILE what "xcrun notarytool
# store-credentials" keeps there for Apple's look at it. Without them the image is named -unsigned, and macOS says that it
# cannot tell whether it is harmless.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=packaging/common.sh
. packaging/common.sh

target=${1:-dist}
here=packaging/macos
identity=${PALMA_CODESIGN_IDENTITY:-}
[ -z "$identity" ] || profile=${PALMA_NOTARY_PROFILE:?is needed with PALMA_CODESIGN_IDENTITY}
name="PalmaBot Setup Wizard"

scratch=$PWD/build/macos
rm -rf "$scratch"
mkdir -p "$scratch/image" "$target"
"$python" "$here/icon.py" "$scratch/palma-wizard.icns"
PALMA_SCRATCH=$scratch "$python" -m PyInstaller --noconfirm --clean --log-level ERROR --distpath "$scratch" \
    --workpath "$scratch/analysis" "$here/palma-wizard.spec"
app="$scratch/$name.app"
codesign --verify --deep --strict "$app"

notarise() { # what is handed in, and what its ticket is put on
    xcrun notarytool submit "$1" --keychain-profile "$profile" \
        ${PALMA_NOTARY_KEYCHAIN:+--keychain "$PALMA_NOTARY_KEYCHAIN"} --wait
    xcrun stapler staple "$2"
}
if [ -n "$identity" ]; then
    ditto -c -k --keepParent "$app" "$scratch/app.zip"
    notarise "$scratch/app.zip" "$app"
fi

image=$target/palma-wizard-$version-macos-$(uname -m)$([ -n "$identity" ] || echo -unsigned).dmg
ditto "$app" "$scratch/image/$name.app"
ln -s /Applications "$scratch/image/Applications"
rm -f "$target"/palma-wizard-*-macos-"$(uname -m)"*.dmg
hdiutil create -quiet -volname "$name" -srcfolder "$scratch/image" -fs HFS+ -format ULMO "$image"
if [ -n "$identity" ]; then
    codesign --sign "$identity" --timestamp "$image"
    notarise "$image" "$image"
    spctl --assess --type open --context context:primary-signature "$image"
fi
