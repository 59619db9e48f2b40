"""Makes, signs and looks at the announcements of newer versions that the program reads (palma_wizard/news.py).

announce.py new-key KEYFILE            writes a private key that only you can read, and prints the line for updates.toml
announce.py sign VERSION DAY KEYFILE   writes the announcement into build, under the name that its address ends with
announce.py verify FILE                prints what the program would read, or fails
announce.py keys                       prints the public keys of this program, or that it has none
"""

from __future__ import annotations

import datetime
import os
import re
import sys
from pathlib import Path

from nacl.signing import SigningKey

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from palma_wizard import news  # noqa: E402


def new_key(file: str) -> None:
    key = SigningKey.generate()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SystemExit(f"{file} is there already: a key is never written over") from None
    with os.fdopen(handle, "w") as out:
        out.write(f"{key.encode().hex()}\n")
    print(f'For resources/updates.toml: keys = ["{key.verify_key.encode().hex()}"]')


def sign(version: str, day: str, keyfile: str) -> None:
    announced = news.parse(f"{version} {day}")
    if announced is None or announced.day > datetime.datetime.now().astimezone().date():
        raise SystemExit("a version of three numbers is expected, and a day that is not to come: 1.2.3 2026-11-28")
    seed = Path(keyfile).read_text("ascii").strip()
    if not re.fullmatch(r"[0-9a-f]{64}", seed):
        raise SystemExit(f"{keyfile} is no key that new-key wrote")
    key, source = SigningKey(bytes.fromhex(seed)), news.source()
    if key.verify_key.encode() not in source.keys:
        raise SystemExit("resources/updates.toml does not list this key: no program would believe it")
    line = str(announced).encode()
    signature = key.sign(news.PREFIX + line).signature.hex().encode()
    file = ROOT / "build" / source.address.rpartition("/")[2]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(line + b"\n" + signature + b"\n")
    verify(str(file))
    print(f"Put {file.relative_to(ROOT)} at {source.address}")


def verify(file: str) -> None:
    found = news.read(Path(file).read_bytes(), news.source().keys)
    if found is None:
        raise SystemExit(f"{file}: the program would ignore it")
    print(f"Version {found.version}, signed on {found.day}")


def keys() -> None:
    found = news.source().keys
    for key in found:
        print(f"Announcements of newer versions are believed from {key.hex()}")
    if not found:
        print("resources/updates.toml lists no key: this build does not offer to tell of newer versions.")


COMMANDS = {"new-key": (new_key, 1), "sign": (sign, 3), "verify": (verify, 1), "keys": (keys, 0)}


if __name__ == "__main__":
    name, *given = sys.argv[1:] or [""]
    run, count = COMMANDS.get(name, (None, 0))
    if run is None or len(given) != count:
        raise SystemExit(__doc__)
    run(*given)
