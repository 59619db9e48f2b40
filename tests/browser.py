"""A real Chromium, Debian's, for pictures and tests: started clean, alone, and with no wish to go anywhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--disable-gpu",
    "--disable-lcd-text",
    "--disable-quic",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--no-first-run",
    "--no-proxy-server",
)


@contextmanager
def chromium(*, headless: bool = True) -> Iterator[Browser]:
    """Belongs to the thread that opened it, as all that playwright gives does."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise FileNotFoundError("chromium is missing: install the Debian package chromium (make test does)")
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(_FLAGS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, headless=headless, args=flags)
        try:
            yield browser
        finally:
            browser.close()
