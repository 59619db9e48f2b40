"""Takes the wizard's pictures from the practice site, and measures where their call-outs belong.

Run by `make pictures`. Writes resources/pictures/: a PNG for each picture of the guide, at twice its size on the page,
and callouts.toml with the place of each call-out, as fractions of the picture: x, y, width, height.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from palma_wizard import assets
from palma_wizard.practice import PracticeExchange
from tests.browser import chromium

SIZE = ViewportSize(width=720, height=405)
SCALE = 2
BUDGET = 2 * 1024 * 1024
"""Bytes for all pictures together."""
HEAD = (
    "# Where the call-outs of each picture are: x, y, width, height, as fractions of it. Measured by `make pictures`.\n"
)
LEFT_OUT = ".note, .practice-tools { display: none !important; }"
"""What helps while practising and would mislead in a picture of the real steps."""


def walk(page: Page, site: str, take: Callable[[str], None]) -> None:
    """The eight browser steps, stopping at each picture."""
    page.goto(site)
    take("01-sign-up")
    press(page, "[data-spot=sign-in]")
    take("02-security-check")
    page.check("[name=robot]")
    press(page, "[data-spot=submit]")
    take("03-sign-in")
    page.fill("[name=email]", "practice@example.com")
    page.fill("[name=password]", "practice-password")
    press(page, "[data-spot=sign-in]")
    take("04-two-factor")
    code(page)
    press(page, "[data-spot=confirm]")
    take("05-settings-gear")
    press(page, "[data-spot=gear]")
    page.hover("[data-spot=api-keys]")
    take("06-api-keys-tab")
    press(page, "[data-spot=api-keys]")
    take("07-new-api-key")
    press(page, "[data-spot=new-key]")
    for right in ("exchange_read", "exchange_trade"):
        page.check(f"[value={right}]")
    page.mouse.move(0, 0)
    take("08-permissions")
    code(page)
    press(page, "[data-spot=confirm] button")
    page.goto(f"{site}/inbox")
    take("08b-email")
    press(page, "[data-spot=link]")
    page.goto(f"{site}/settings/api-keys")
    press(page, "[data-spot=new-key]")
    page.evaluate("scrollTo(0, 46)")  # past the head of the page, so that the key is not at the very edge
    take("08c-key-list")


def press(page: Page, selector: str) -> None:
    with page.expect_navigation():
        page.click(selector)


def code(page: Page) -> None:
    page.fill("[name=code]", page.inner_text(".code"))


def take_all(folder: Path) -> None:
    places: dict[str, dict[str, list[float]]] = {}
    # The same keys and codes each time: a picture changes only when its page does.
    with PracticeExchange(chance=random.Random(8)) as practice, chromium() as browser:
        context = browser.new_context(viewport=SIZE, device_scale_factor=SCALE, bypass_csp=True)
        page = context.new_page()
        page.set_default_timeout(5000)

        def take(name: str) -> None:
            hidden = page.add_style_tag(content=LEFT_OUT)
            page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")
            places[name] = measure(page)
            hidden.evaluate("each => each.remove()")

        walk(page, practice.url, take)
        context.close()
    (folder / "callouts.toml").write_text(HEAD + "".join(as_toml(name, spots) for name, spots in places.items()))


def measure(page: Page) -> dict[str, list[float]]:
    found = {}
    for spot in page.locator("[data-spot]").all():
        box, name = spot.bounding_box(), spot.get_attribute("data-spot")
        assert name is not None
        if box is not None and box["y"] + box["height"] <= SIZE["height"] and name not in found:
            width, height = SIZE["width"], SIZE["height"]
            place = (box["x"] / width, box["y"] / height, box["width"] / width, box["height"] / height)
            found[name] = [round(fraction, 4) for fraction in place]
    return found


def as_toml(name: str, spots: dict[str, list[float]]) -> str:
    return f"\n[{name}]\n" + "".join(f"{spot} = {place}\n" for spot, place in spots.items())


def main() -> int:
    folder = assets.path("pictures")
    take_all(folder)
    size = sum(file.stat().st_size for file in folder.glob("*.png"))
    print(f"{len(list(folder.glob('*.png')))} pictures, {size / 1024:.0f} KiB together, in {folder}")
    return 0 if size <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
