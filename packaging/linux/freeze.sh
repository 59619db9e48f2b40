#!/usr/bin/env bash
# Freezes by a recipe what lies in one folder then, the same bytes each time: freeze.sh RECIPE TARGET WORK NAME
set -euo pipefail
cd "$(dirname "$0")/../.."

shopt -s nullglob
recipe=$1 folder=$2/$4
.venv/package/bin/python -m PyInstaller --noconfirm --clean --log-level ERROR --distpath "$2" --workpath "$3" "$recipe"
strip --strip-unneeded "$folder"/lib/libpython3* "$folder"/lib/python3*/lib-dynload/*.so "$folder"/lib/nacl/*.so
for data in "$folder"/lib/PySide6/Qt/lib/libicudata.so.*; do
    name=${data##*/}
    rm "$data"
    gcc -shared -nostdlib -Wl,--build-id=none -Wl,-soname,"$name" -DVERSION="${name##*.}" -o "$data" packaging/linux/icudata.c
    strip --strip-unneeded "$data"
done
find "$folder" -type f -exec chmod 644 {} +
chmod 755 "$folder/$4"
