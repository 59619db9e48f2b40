"""The practice pages in a real Chromium, row by row beside the descriptions of the original screenshots."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, ViewportSize

from palma_wizard import guide
from palma_wizard.practice import PracticeExchange
from tests.browser import chromium

WORDS = guide.load()
RIGHTS = (
    "Order book, History, Trading balance",
    "Place/cancel orders",
    "Payment information",
    "Withdraw cryptocurrencies",
    "Allow all",
)
TABS = ["General settings", "Whitelist", "Security", "API keys", "KYC", "Account verification"]
INSTRUMENTS = [
    "BTC/USDT 6625.59000000 36197.6987 -3.99%",
    "ETH 0.01839400 1554.9126 -4.13%",
    "XRP 0.000027602 1490.0042 -7.38%",
    "LTC 0.00558700 1446.5254 -3.85%",
    "EOS 0.00033231 1400.6867 -2.71%",
    "BCH 0.02666800 1247.4820 -6.15%",
    "BSV 0.01222700 1097.9139 -5.63%",
    "TRX 0.0000018775 570.4469 -3.82%",
    "XMR 0.00679500 353.3474 -4.97%",
    "XLM 0.000006525 275.2362 -5.00%",
    "NEO 0.00118780 249.6893 -2.65%",
    "ETC 0.00052260 215.6836 -1.86%",
    "ZEC 0.00419300 189.3278 -2.35%",
    "VET 0.0000007089 180.3614 -3.44%",
    "WAVES 0.00013686 143.3236 21.22%",
    "ADA 0.000004766 126.6262 -3.65%",
]
SCAN_AT_HOME = (
    "If you are on a personal connection, like at home, you can run an anti-virus scan on your device to make sure it "
    "is not infected with malware."
)
ASK_AT_WORK = (
    "If you are at an office or shared network, you can ask the network administrator to run a scan across the network "
    "looking for misconfigured or infected devices."
)
WITHOUT_CODES = (
    "If you don't have access to your 2FA codes, please use the backup code. If the backup code is unavailable too, "
    "please fill in this form. Sign in with different account"
)


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def is_below(self, other: Box) -> bool:
        return self.top >= other.bottom - 1

    def is_right_of(self, other: Box) -> bool:
        return self.left >= other.right - 1

    def holds(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


def box(found: Locator) -> Box:
    place = found.bounding_box()
    assert place is not None
    return Box(place["x"], place["y"], place["x"] + place["width"], place["y"] + place["height"])


def text(found: Page | Locator) -> str:
    shown = found.locator("body").inner_text() if isinstance(found, Page) else found.inner_text()
    return re.sub(r"\s+", " ", shown.replace("\u00ad", "").replace("\u200b", "")).strip()


def style(found: Locator, name: str) -> str:
    return str(found.evaluate("(each, name) => getComputedStyle(each)[name]", name))


def colour(found: Locator, name: str = "backgroundColor") -> tuple[int, int, int]:
    red, green, blue = map(int, re.findall(r"\d+", style(found, name))[:3])
    return red, green, blue


def is_dark_blue(rgb: tuple[int, int, int]) -> bool:
    red, green, blue = rgb
    return blue > 1.5 * green and blue > 2 * red and max(rgb) < 100


def is_dark_grey(rgb: tuple[int, int, int]) -> bool:
    return max(rgb) < 100 and max(rgb) - min(rgb) < 35


def is_blue(rgb: tuple[int, int, int]) -> bool:
    red, green, blue = rgb
    return blue > 180 and blue > 1.5 * green and blue > 3 * red


def is_green(rgb: tuple[int, int, int]) -> bool:
    red, green, blue = rgb
    return green > 1.3 * max(red, blue)


def is_white(rgb: tuple[int, int, int]) -> bool:
    return min(rgb) > 235


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def width(page: Page) -> int:
    assert page.viewport_size is not None
    return page.viewport_size["width"]


def columns(page: Page) -> list[Locator]:
    return page.locator(".columns section").all()


def tick_columns(page: Page) -> list[Box]:
    return [box(cell) for cell in page.locator(".keys .rights th").all()]


def ticks(page: Page) -> list[Locator]:
    return page.locator("tbody tr:first-child .tick-mark").all()


def hovered_tab(page: Page) -> bool:
    tab, other = link(page, "API keys"), link(page, "KYC")
    tab.hover()
    return style(tab, "borderBottomColor") != style(other, "borderBottomColor")


Row = tuple[str, str, Callable[[Page], object]]
ROWS: tuple[Row, ...] = (
    # 2. Complete captcha
    ("captcha", "a dark blue background", lambda p: is_dark_blue(colour(p.locator("body")))),
    ("captcha", "the logo at the top left", lambda p: box(p.locator(".logo")).right < width(p) / 2),
    (
        "captcha",
        "below it, the text that asks for the security check",
        lambda p: (
            p.locator(".over").inner_text() == "PLEASE COMPLETE THE SECURITY CHECK TO ACCESS HITBTC.COM"
            and box(p.locator(".over")).is_below(box(p.locator(".logo")))
        ),
    ),
    ("captcha", "the main heading", lambda p: p.locator("h1").inner_text() == "Security check"),
    (
        "captcha",
        "below the heading a white box with the text I'm not a robot",
        lambda p: (
            is_white(colour(p.locator(".captcha")))
            and text(p.locator(".captcha")) == "I'm not a robot"
            and box(p.locator(".captcha")).is_below(box(p.locator("h1")))
        ),
    ),
    ("captcha", "a Submit button", lambda p: box(button(p, "Submit")).is_below(box(p.locator("h1")))),
    *(
        (
            "captcha",
            f"to the right of the box a link for {name}",
            lambda p, n=name: box(link(p, n)).is_right_of(box(p.locator(".captcha"))),
        )
        for name in ("reCAPTCHA", "Privacy", "Terms")
    ),
    (
        "captcha",
        "below the box two columns of text",
        lambda p: (
            len(columns(p)) == 2
            and box(columns(p)[1]).is_right_of(box(columns(p)[0]))
            and all(box(each).is_below(box(p.locator(".captcha"))) for each in columns(p))
        ),
    ),
    (
        "captcha",
        "the left column with its title and two paragraphs of advice",
        lambda p: (
            columns(p)[0].locator("h2").inner_text() == "What can I do to prevent this in the future?"
            and [text(each) for each in columns(p)[0].locator("p").all()] == [SCAN_AT_HOME, ASK_AT_WORK]
        ),
    ),
    (
        "captcha",
        "the right column with its title and one paragraph",
        lambda p: (
            columns(p)[1].locator("h2").inner_text() == "Why do I have to complete a CAPTCHA?"
            and [text(each) for each in columns(p)[1].locator("p").all()]
            == ["Completing the CAPTCHA proves you are a human and gives you temporary access to the web property."]
        ),
    ),
    # 3. Enter User ID and password
    ("sign-in", "the logo in white", lambda p: is_white(colour(p.locator(".logo"), "color"))),
    ("sign-in", "a dark blue background", lambda p: is_dark_blue(colour(p.locator("body")))),
    (
        "sign-in",
        "below the logo a dark grey box with the form",
        lambda p: (
            is_dark_grey(colour(p.locator(".box")))
            and box(p.locator(".box")).is_below(box(p.locator(".logo")))
            and box(p.locator(".box")).holds(box(p.locator("main form")))
        ),
    ),
    (
        "sign-in",
        "two input fields, Email and Password",
        lambda p: (
            [each.get_attribute("placeholder") for each in p.locator("main input").all()] == ["Email", "Password"]
        ),
    ),
    (
        "sign-in",
        "to the right of the Password field the link Reset password",
        lambda p: (
            box(link(p, "Reset password")).is_right_of(box(p.get_by_label("Password")))
            and box(link(p, "Reset password")).top < box(p.get_by_label("Password")).bottom
        ),
    ),
    (
        "sign-in",
        "below the fields a large blue button Sign in",
        lambda p: (
            is_blue(colour(button(p, "Sign in")))
            and box(button(p, "Sign in")).is_below(box(p.get_by_label("Password")))
            and box(button(p, "Sign in")).bottom - box(button(p, "Sign in")).top >= 44
        ),
    ),
    (
        "sign-in",
        "at the bottom of the box a link Learn more about HitBTC",
        lambda p: (
            box(p.locator(".box")).holds(box(link(p, "Learn more about HitBTC")))
            and box(link(p, "Learn more about HitBTC")).is_below(box(button(p, "Sign in")))
        ),
    ),
    # 4. If you use 2FA enter code
    ("two-factor", "the logo in white", lambda p: is_white(colour(p.locator(".logo"), "color"))),
    ("two-factor", "a dark grey box below it", lambda p: box(p.locator(".box")).is_below(box(p.locator(".logo")))),
    (
        "two-factor",
        "one input field labelled Authentication Code",
        lambda p: (
            [each.get_attribute("placeholder") for each in p.locator("main input").all()] == ["Authentication Code"]
        ),
    ),
    (
        "two-factor",
        "below it a large blue button Confirm",
        lambda p: (
            is_blue(colour(button(p, "Confirm")))
            and box(button(p, "Confirm")).is_below(box(p.get_by_label("Authentication Code")))
        ),
    ),
    (
        "two-factor",
        "below the button the paragraph about the backup code, with its two links",
        lambda p: (
            text(p.locator("[data-spot=backup]")) == WITHOUT_CODES
            and box(p.locator("[data-spot=backup]")).is_below(box(button(p, "Confirm")))
            and link(p, "please fill in this form").count() == 1
            and link(p, "Sign in with different account").count() == 1
        ),
    ),
    (
        "two-factor",
        "at the bottom of the box a link Learn more about HitBTC",
        lambda p: box(link(p, "Learn more about HitBTC")).is_below(box(p.locator("[data-spot=backup]"))),
    ),
    # 5. Navigate to the menu in the upper right hand corner
    (
        "gear",
        "trading balance and estimated value at the top right, 0 BTC and 0 USDT",
        lambda p: (
            text(p.locator(".balance")) == "Trading balance 0 BTC Estimated value 0 USDT"
            and box(p.locator(".balance")).left > width(p) / 2
        ),
    ),
    (
        "gear",
        "a settings gear in the upper right corner",
        lambda p: (
            box(link(p, "Settings")).is_right_of(box(p.locator(".balance")))
            and box(link(p, "Settings")).bottom < 100
            and box(link(p, "Settings")).right > width(p) - 40
        ),
    ),
    (
        "gear",
        "a BTC/USDT candlestick chart",
        lambda p: text(p.locator(".chart h1")) == "BTC/USDT" and p.locator(".candles .wick").count() >= 30,
    ),
    (
        "gear",
        "its time frames",
        lambda p: (
            [text(each) for each in p.locator(".chart nav a").all()]
            == ["m1", "m3", "m5", "m15", "m30", "H1", "H4", "D1", "W1", "M1"]
        ),
    ),
    (
        "gear",
        "volume bars below the candles",
        lambda p: (
            p.locator(".candles .volume").count() == p.locator(".candles .wick").count()
            and min(box(each).top for each in p.locator(".candles .volume").all())
            >= max(box(each).bottom for each in p.locator(".candles .wick").all()) - 1
        ),
    ),
    (
        "gear",
        "to the right a table of instruments with name, price, volume and change",
        lambda p: (
            box(p.locator(".instruments")).is_right_of(box(p.locator(".chart")))
            and text(p.locator(".instruments h2")) == "Instruments"
            and [text(each) for each in p.locator(".instruments th").all()]
            == ["Name", "Price", "Volume (BTC)", "Change"]
        ),
    ),
    (
        "gear",
        "the documented rows",
        lambda p: [text(each) for each in p.locator(".instruments tbody tr").all()] == INSTRUMENTS,
    ),
    # 6. Now click on "API Keys"
    (
        "api-keys",
        "a navigation bar",
        lambda p: (
            [text(each) for each in p.locator(".sections a").all()]
            == ["Reports", "Market Overview", "System Monitor", "Trading Contests"]
        ),
    ),
    (
        "api-keys",
        "below it the tabs",
        lambda p: (
            [text(each) for each in p.locator(".tabs a").all()] == TABS
            and box(p.locator(".tabs")).is_below(box(p.locator(".sections")))
        ),
    ),
    ("api-keys", "the tab API keys standing out where the mouse is", hovered_tab),
    ("api-keys", "the title Profile", lambda p: p.locator("h1").inner_text() == "Profile"),
    (
        "api-keys",
        "the nickname with a link to change it",
        lambda p: p.get_by_label("Nickname (used on HitBTC Trollbox):").count() == 1 and link(p, "Change").count() == 1,
    ),
    (
        "api-keys",
        "the time zone",
        lambda p: p.get_by_label("Your time zone:").input_value() == "(GMT) Africa/Abidjan",
    ),
    (
        "api-keys",
        "a password field to confirm",
        lambda p: p.get_by_label("Enter your password to confirm:").get_attribute("type") == "password",
    ),
    ("api-keys", "a Save button", lambda p: button(p, "Save").count() == 1),
    # 7. Now click on “New API Key”
    ("new-key", "the tabs", lambda p: [text(each) for each in p.locator(".tabs a").all()] == TABS),
    ("new-key", "the heading Your API keys", lambda p: p.locator("h1").inner_text() == "Your API keys"),
    (
        "new-key",
        "a text box with the text about the API, and a blue button New API key",
        lambda p: (
            text(p.locator(".intro"))
            == "The HitBTC API provides access to market data and trading operations New API key"
            and is_blue(colour(button(p, "New API key")))
        ),
    ),
    (
        "new-key",
        "below it a link to the API documentation",
        lambda p: box(link(p, "HitBTC API documentation")).is_below(box(p.locator(".intro"))),
    ),
    (
        "new-key",
        "a table with its columns",
        lambda p: (
            [text(each) for each in p.locator(".keys thead tr:first-child th").all()]
            == ["Keys", "Status", "Last use", "Access Rights", "Del"]
        ),
    ),
    (
        "new-key",
        "an empty list that asks to add a key",
        lambda p: text(p.locator(".keys tbody")) == "Please add one or more API keys to your account",
    ),
    # 8. Now you can enable the permissions you want
    (
        "permissions",
        "the five access rights",
        lambda p: [text(each) for each in p.locator("fieldset label").all()] == list(RIGHTS),
    ),
    ("permissions", "the 2FA code", lambda p: p.get_by_label("Authentication Code").count() == 1),
    (
        "key-list",
        "one key in the table: its ID, the word API and a hidden secret",
        lambda p: re.fullmatch(
            r"[\w-]{32} API •+ show secret key",
            text(p.locator("tbody tr:first-child td.first")),
        ),
    ),
    (
        "key-list",
        "the status ON, with OFF to choose",
        lambda p: (
            [text(each) for each in p.locator("tbody tr:first-child .switch button").all()] == ["ON", "OFF"]
            and p.locator("tbody tr:first-child .switch [aria-current]").inner_text() == "ON"
            and is_green(colour(p.locator("tbody tr:first-child .switch [aria-current]")))
        ),
    ),
    ("key-list", "the last use Never", lambda p: text(p.locator("tbody tr:first-child td:nth-child(3)")) == "Never"),
    (
        "key-list",
        "five columns of access rights",
        lambda p: [text(each) for each in p.locator(".keys .rights th").all()] == list(RIGHTS),
    ),
    (
        "key-list",
        "a green tick under each of them",
        lambda p: (
            len(ticks(p)) == 5
            and all(is_green(colour(each, "color")) for each in ticks(p))
            and all(
                head.left <= (box(tick).left + box(tick).right) / 2 <= head.right
                for head, tick in zip(tick_columns(p), ticks(p), strict=True)
            )
        ),
    ),
    (
        "key-list",
        "a trash icon in the column Del",
        lambda p: p.locator("tbody tr:first-child td:last-child summary svg").count() == 1,
    ),
    (
        "key-list",
        "the button New API key still at the top right",
        lambda p: (
            box(button(p, "New API key")).right > width(p) - 60
            and box(p.locator(".keys")).is_below(box(button(p, "New API key")))
        ),
    ),
)


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[str, Page]]:
    """Each page of the steps in a tab of its own, as it is when a person comes to it; by the step's id."""
    with PracticeExchange() as practice, chromium() as browser:
        context = browser.new_context(viewport=ViewportSize(width=720, height=405))
        context.set_default_timeout(5000)
        tabs: dict[str, Page] = {}

        def tab(name: str, path: str) -> Page:
            tabs[name] = context.new_page()
            tabs[name].goto(practice.url + path)
            return tabs[name]

        def code(page: Page) -> None:
            page.get_by_label("Authentication Code").fill(page.locator(".code").inner_text())
            button(page, "Confirm").click()

        tab("sign-up", "/")
        tab("captcha", "/security-check")
        moving = context.new_page()
        moving.goto(practice.url + "/security-check")
        moving.get_by_label("I'm not a robot").check()
        button(moving, "Submit").click()
        tab("sign-in", "/sign-in")
        moving.get_by_label("Email").fill("practice@example.com")
        moving.get_by_label("Password").fill("practice-password")
        button(moving, "Sign in").click()
        moving.wait_for_url("**/two-factor")
        tab("two-factor", "/two-factor")
        code(moving)
        moving.wait_for_url("**/trading")
        tab("gear", "/trading")
        tab("api-keys", "/settings")
        tab("new-key", "/settings/api-keys")
        moving.goto(practice.url + "/settings/api-keys")
        button(moving, "New API key").click()
        moving.wait_for_url("**/settings/api-keys/1")
        tab("permissions", "/settings/api-keys/1")
        moving.get_by_label("Allow all").check()
        code(moving)
        moving.wait_for_url("**/sent")
        moving.goto(practice.url + "/inbox")
        link(moving, "Confirm the permissions").click()
        link(moving, "Back to your API keys").click()
        button(moving, "New API key").click()
        moving.wait_for_load_state()
        tab("key-list", "/settings/api-keys")
        yield tabs
        context.close()


@pytest.mark.parametrize("name, shown, holds", ROWS, ids=[f"{name}: {shown}" for name, shown, _ in ROWS])
def test_a_page_shows_what_the_original_screenshot_does(
    pages: dict[str, Page], name: str, shown: str, holds: Callable[[Page], object]
) -> None:
    assert holds(pages[name]), f"{name}: {shown}"


@pytest.mark.parametrize("step", WORDS.steps["hitbtc2"][:8], ids=lambda step: step.id)
def test_every_name_the_guide_quotes_stands_on_the_page_of_its_step(pages: dict[str, Page], step: guide.Step) -> None:
    on_the_page = text(pages[step.id])
    if step.id == "permissions":
        on_the_page += text(pages["key-list"])
    quoted = {name for part in step.parts for line in part.lines for name in re.findall("“(.+?)”", line.text)}
    assert {name for name in quoted if name not in on_the_page} == set()


def test_every_page_says_that_it_is_practice(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.get_by_text("Practice – not the real exchange", exact=True).is_visible(), name


@pytest.mark.parametrize("wide", [320, 480, 720, 1280, 1920])
def test_nothing_is_cut_off_at_the_side_however_wide_the_browser_is(pages: dict[str, Page], wide: int) -> None:
    for name, page in pages.items():
        page.set_viewport_size(ViewportSize(width=wide, height=700))
        assert page.evaluate("document.documentElement.scrollWidth") <= wide, name
        page.set_viewport_size(ViewportSize(width=720, height=405))
