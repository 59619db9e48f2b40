"""Announcements signed with a key of the tests, and a window that has heard one."""

from __future__ import annotations

import datetime
from unittest import mock

from nacl.signing import SigningKey

from palma_wizard import news
from palma_wizard.news import Source
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import Wizard
from tests.hands import until

KEY = SigningKey(bytes(range(32)))
PAGE = "https://downloads.example/wizard/"


def signed(line: str | bytes, key: SigningKey = KEY) -> bytes:
    line = line.encode() if isinstance(line, str) else line
    return line + b"\n" + key.sign(news.PREFIX + line).signature.hex().encode() + b"\n"


def source(address: str = f"{PAGE}announcement.txt", *keys: SigningKey) -> Source:
    return Source(address, PAGE, tuple(key.verify_key.encode() for key in keys or (KEY,)))


def hear(settings: Settings, line: str = "9.9.9 2026-01-01", *, key: SigningKey = KEY, asked: str = "") -> None:
    """As if it had been asked for and heard, today if nothing else is said."""
    settings.set("news", "yes")
    settings.set("news-heard", signed(line, key).decode())
    settings.set("news-asked", asked or datetime.datetime.now().astimezone().date().isoformat())


async def tell_of_a_newer(window: Wizard) -> None:
    """On the start page."""
    hear(window._settings)
    window.rebuild()
    with mock.patch.object(news, "source", source):
        window.start_page.news.start_looking()
    await until(window.start_page.news.isVisible, "nothing is told of a newer version")
