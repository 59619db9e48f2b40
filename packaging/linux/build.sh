#!/usr/bin/env bash
# Builds the .deb and the .tar.xz: build.sh [TARGET]. Two runs from one commit give the same bytes, in whichever folder the
# checkout lies (../reproduce.sh shows it).
# What it builds is named -unsigned; packaging/finish.sh signs it.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=packaging/common.sh
. packaging/common.sh

target=${1:-dist}
here=packaging/linux
export LC_ALL=C.UTF-8
architecture=$(dpkg --print-architecture)
day=$(date --date="@$SOURCE_DATE_EPOCH" +%F)

scratch=build/linux
rm -rf "$scratch"
mkdir -p "$scratch" "$target"

bash "$here/freeze.sh" "$here/palma-wizard.spec" "$scratch" "$scratch/analysis" palma-wizard
folder=$scratch/palma-wizard
analysis=$scratch/analysis/palma-wizard
ln -s palma-wizard "$folder/palma-check"

filled() { sed -e "s/@VERSION@/$version/g" -e "s/@DATE@/$day/g" "$here/share/$1"; }
share=$scratch/share
mkdir -p "$share/applications" "$share/metainfo" "$share/man/man1" "$share/doc/palma-wizard"
"$python" "$here/pack.py" words "$here/share/palma-wizard.desktop" >"$share/applications/palma-wizard.desktop"
filled palma-wizard.metainfo.xml >"$scratch/metainfo.xml"
"$python" "$here/pack.py" words "$scratch/metainfo.xml" >"$share/metainfo/example.palmabot.palma_wizard.metainfo.xml"
for page in palma-wizard.1 palma-check.1; do filled "$page" | gzip -9n >"$share/man/man1/$page.gz"; done
"$python" "$here/pack.py" icons "$share/icons/hicolor"
"$python" "$here/pack.py" copyright "$analysis" >"$share/doc/palma-wizard/copyright"
"$python" "$here/pack.py" parts "$analysis" >"$scratch/parts.json"
desktop-file-validate "$share/applications/palma-wizard.desktop"
appstreamcli validate --no-net --no-color "$share"/metainfo/*.xml >"$scratch/appstream.log" || { cat "$scratch/appstream.log"; exit 1; }

depends=$("$python" "$here/pack.py" depends "$folder")
root=$scratch/deb
mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib"
cp -a "$folder" "$root/usr/lib/"
cp -r "$share" "$root/usr/"
for program in palma-wizard palma-check; do ln -s "../lib/palma-wizard/$program" "$root/usr/bin/$program"; done
cat >"$root/DEBIAN/control" <<END
Package: palma-wizard
Version: $version
Architecture: $architecture
Maintainer: The PalmaBot Setup Wizard authors <maintainers@palmabot.example>
Installed-Size: $(du --apparent-size -sk "$root/usr" | cut -f 1)
Depends: $depends
Recommends: fonts-dejavu-core | fonts-noto-core, gnome-keyring | kwalletmanager | keepassxc
Suggests: fonts-noto-core, fonts-noto-cjk
Section: utils
Priority: optional
Description: make, test and keep an API key for PalmaBot
 Leads step by step from an account at HitBTC, Bitstamp or CEX.IO to a tested
 API key for PalmaBot, tells what the key may do, and keeps it in the keyring
 of the desktop.
END
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
rm -f "$target"/palma-wizard_*.deb* "$target"/palma-wizard-*-linux-*
dpkg-deb -Zxz -z6 --root-owner-group --build "$root" "$target/palma-wizard_${version}_${architecture}-unsigned.deb" >/dev/null

name=palma-wizard-$version-linux-$(uname -m)
mkdir -p "$scratch/$name"
cp -a "$folder"/. "$share" "$scratch/$name/"
tar --create --directory "$scratch" --sort=name --format=gnu --owner=0 --group=0 --numeric-owner \
    --mtime="@$SOURCE_DATE_EPOCH" "$name" | xz -6 -T2 >"$target/$name-unsigned.tar.xz"

"$python" packaging/announce.py keys
