"""Whether this installation is whole: a line for each part, in plain English, for helpers and for builds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from palma_wizard import assets, guide, news, secrecy, transport, vault, verify
from palma_wizard.exchanges import Credentials, Outcome
from palma_wizard.exchanges.registry import BY_NAME
from palma_wizard.practice import KEYS, PracticeExchange

Part = tuple[str, Callable[[], Sequence[str]]]
"""What it is called, and what says all that is wrong with it."""

_PNG: Final = (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82")
_SVG: Final = (b"<svg", b"</svg>")
_SIGNER: Final = bytes.fromhex("08aac1ac082cc5ba2e26a860fe6040d213e5544d947aa7f36c87a77f5af7d9c1")
"""Of the announcement below; its private half was thrown away."""
_SIGNED: Final = (
    b"0.0.1 2026-01-01\n"
    b"670c13e985fb72b7e8c74281a65f49bfd8144d54694f988ccd670245a5fc3e45"
    b"415a701bc8953d8d44f82012159ff5d08f892b809e40c2ba3d75e7edef4c5900\n"
)


def run(more: Iterable[Part] = ()) -> int:
    """Prints a line for each part, and one below it for each thing that is wrong; 0, or 1 where anything is."""
    code = 0
    for name, complaints in (*_PARTS, *more):
        try:
            wrong = complaints()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are looked at as well
            wrong = [secrecy.redact(f"{type(error).__name__}: {error}")]
        print(f"{name}: {'failed' if wrong else 'ok'}", *wrong, sep="\n  ")
        code = 1 if wrong else code
    return code


def _languages() -> list[str]:
    return [language for language in guide.LANGUAGES if guide.load(language).language != language]


def _pictures() -> list[str]:
    steps = [step for steps in guide.load().steps.values() for step in steps]
    files = {part.picture.file for step in steps for part in step.parts if part.picture is not None}
    return [file for file in sorted(files) if not _is_whole("pictures", file, _PNG)]


def _icons() -> list[str]:
    files = {"app.svg", *(file.name for file in assets.path("icons").glob("*"))}
    return [file for file in sorted(files) if not _is_whole("icons", file, _SVG)]


def _is_whole(folder: str, name: str, ends: tuple[bytes, bytes]) -> bool:
    file = assets.path(folder, name)
    content = file.read_bytes().strip() if file.is_file() else b""
    return content.startswith(ends[0]) and content.endswith(ends[1])


def _certificates() -> list[str]:
    return [] if transport.knows_certificates() else ["this system has none"]


def _announcements() -> list[str]:
    """What is wrong with them is told nowhere else: the window ignores what it cannot believe."""
    believed = news.read(_SIGNED, [_SIGNER]), news.read(_SIGNED.replace(b"0.0.1", b"0.0.2"), [_SIGNER])
    news.source()
    return [] if believed == (news.parse("0.0.1 2026-01-01"), None) else ["signatures are not told apart"]


def _keyring() -> list[str]:
    return vault.broken_stores()


def _practice() -> list[str]:
    return asyncio.run(_practise())


async def _practise() -> list[str]:
    wrong = []
    with PracticeExchange() as practice:
        for name, exchange in BY_NAME.items():
            own = KEYS[name]
            entry = Credentials(own.key, own.secret, own.user_id)
            verdict = await verify.check(exchange, entry, practice_url=practice.url)
            if verdict.outcome is not Outcome.WORKS:
                wrong.append(f"{name}: {verdict.outcome.value}")
    return wrong


_PARTS: Final[tuple[Part, ...]] = (
    ("languages", _languages),
    ("pictures", _pictures),
    ("icons", _icons),
    ("certificates", _certificates),
    ("announcements", _announcements),
    ("keyring", _keyring),
    ("practice exchange", _practice),
)
