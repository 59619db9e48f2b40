"""The rehearsal: the real wizard and a real Chromium side by side on one screen, from the first page to a saved key."""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWizard

from palma_wizard import guide, vault
from palma_wizard.exchanges import Cause, Credentials, Outcome, Right, RightState
from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, Wizard
from tests.browser import chromium
from tests.hands import click, find, note_what_is_opened, until, visible_words

T = TypeVar("T")
Runner = Callable[[Coroutine[Any, Any, None]], None]
WORDS = guide.load()
OWN, PALMABOT = "203.0.113.7", "46.19.9.48"


class Chromium:
    """A browser window on the screen, worked from a thread of its own while the wizard's goes on living."""

    def __init__(self) -> None:
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._chromium = chromium(headless=False)
        self._page = self._thread.submit(self._open).result()

    def _open(self) -> Page:
        browser: Browser = self._chromium.__enter__()
        page = browser.new_page()
        page.set_default_timeout(8000)
        return page

    def close(self) -> None:
        self._thread.submit(self._chromium.__exit__, None, None, None).result()
        self._thread.shutdown()

    async def __call__(self, work: Callable[[Page], T]) -> T:
        return await asyncio.wrap_future(self._thread.submit(work, self._page))


@pytest.fixture
def browser(screen: None) -> Iterator[Chromium]:
    opened = Chromium()
    yield opened
    opened.close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the wizard asks the system to open: here the test's own browser takes it up."""
    return note_what_is_opened(monkeypatch)


def turn(window: Wizard) -> None:
    click(window.button(QWizard.WizardButton.NextButton))


def quoted(window: Wizard) -> set[str]:
    """The names of buttons and boxes that the page in view tells the person to look for."""
    return set(re.findall("“(.+?)”", visible_words(window)))


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).or_(page.get_by_role("link", name=name, exact=True)).click()


def enter_code(page: Page) -> None:
    page.get_by_label("Authentication Code").fill(page.locator(".code").inner_text())
    press(page, "Confirm")


def copy(page: Page, text: str) -> str:
    """A click selects it, Ctrl+C copies it: the clipboard is the screen's own."""
    found = page.locator(text).first
    found.click()
    page.keyboard.press("Control+C")
    return found.inner_text()


class Rehearsal:
    """One person's way through both windows."""

    def __init__(self, window: Wizard, browser: Chromium, opened: list[str]) -> None:
        self.window, self.browser, self.opened = window, browser, opened
        self.site = ""

    async def open_the_practice_page(self, button: str = "open-link") -> None:
        count = len(self.opened)
        click(find(self.window.currentPage(), button))
        await until(lambda: len(self.opened) > count, "nothing was opened")
        address = self.opened[-1]
        self.site = re.match(r"http://127\.0\.0\.1:\d+", address).group()  # type: ignore[union-attr]
        await self.browser(lambda page: page.goto(address))

    async def sign_in(self) -> None:
        """Steps 1 to 4."""
        click(self.window.start_page.choice("practise"))
        assert self.window.currentId() == 1
        await self.open_the_practice_page()
        await self.browser(lambda page: press(page, "Sign in"))
        turn(self.window)
        assert {"I'm not a robot", "Submit"} <= quoted(self.window)
        await self.browser(lambda page: page.get_by_label("I'm not a robot").check())
        await self.browser(lambda page: press(page, "Submit"))
        turn(self.window)
        assert {"Sign in", "Reset password"} <= quoted(self.window)
        await self.browser(lambda page: page.get_by_label("Email").fill(page.locator("kbd").first.inner_text()))
        await self.browser(lambda page: page.get_by_label("Password").fill(page.locator("kbd").last.inner_text()))
        await self.browser(lambda page: press(page, "Sign in"))
        turn(self.window)
        assert "Confirm" in quoted(self.window)
        await self.browser(enter_code)

    async def make_a_key(self, *rights: str, confirm: bool = True) -> None:
        """Steps 5 to 8; ends on the list of keys with the secret sent."""
        turn(self.window)
        await self.browser(lambda page: press(page, "Settings"))
        turn(self.window)
        assert "API keys" in quoted(self.window)
        await self.browser(lambda page: press(page, "API keys"))
        turn(self.window)
        assert "New API key" in quoted(self.window)
        await self.browser(lambda page: press(page, "New API key"))
        turn(self.window)
        assert self.window.currentId() == 8
        assert set(rights) <= quoted(self.window)
        for right in rights:
            await self.browser(lambda page, right=right: page.get_by_label(right).check())  # type: ignore[misc]
        await self.browser(enter_code)
        turn(self.window)
        await self.browser(lambda page: press(page, "practice inbox"))
        if confirm:
            await self.browser(lambda page: press(page, "Confirm the permissions"))
        await self.browser(lambda page: page.goto(f"{self.site}/settings/api-keys"))
        turn(self.window)
        assert {"New API key", "show secret key"} <= quoted(self.window)
        await self.browser(lambda page: press(page, "New API key"))
        await self.browser(lambda page: press(page, "show secret key"))
        turn(self.window)
        assert self.window.currentId() == DATA

    async def copy_and_paste(self) -> Credentials:
        """Step 9, over the clipboard."""
        key = await self.browser(lambda page: copy(page, "[data-spot=key]"))
        await self._paste("key", key)
        await self.browser(lambda page: page.goto(f"{self.site}/inbox"))
        secret = await self.browser(lambda page: copy(page, "[data-spot=secret]"))
        await self._paste("secret", secret)
        entry = self.window.draft.entry
        assert (entry.key, entry.secret) == (key, secret)
        turn(self.window)
        assert self.window.currentId() == NOTICE
        return entry

    async def _paste(self, name: str, text: str) -> None:
        await until(lambda: QGuiApplication.clipboard().text() == text, f"the {name} did not reach the clipboard")
        click(find(self.window, f"paste-{name}"))

    async def allow(self, *addresses: str) -> None:
        """The site's list of addresses, saved as typed."""
        await self.browser(lambda page: page.goto(f"{self.site}/settings/whitelist"))
        await self.browser(lambda page: page.get_by_role("textbox").fill("\n".join(addresses)))
        await self.browser(lambda page: press(page, "Save"))

    async def answer_the_notice(self) -> None:
        """Step 10."""
        click(self.window.notice_page.look_up)
        await until(lambda: self.window.notice_page.own.text() == OWN, "the address was not found")
        self.window.notice_page.understood.setFocus()
        QTest.keyClick(self.window.notice_page.understood, Qt.Key.Key_Space)
        turn(self.window)
        assert self.window.currentId() == CHECK

    async def test_the_key(self) -> Outcome:
        click(self.window.check_page.run)
        await until(
            lambda: self.window.draft.verdict is not None and self.window.check_page.run.isEnabled(), "no verdict"
        )
        assert self.window.draft.verdict is not None
        words = WORDS.outcome(self.window.draft.verdict.outcome, "hitbtc2")
        await until(lambda: words.title in visible_words(self.window), "the verdict is not shown")
        await asyncio.sleep(0.2)  # the causes below it are laid out a little later
        return self.window.draft.verdict.outcome

    def assert_words(self, outcome: Outcome, *more: str) -> None:
        assert self.window.check_page.verdict.heading() == WORDS.outcome(outcome, "hitbtc2").title
        shown = visible_words(self.window)
        for text in more:
            assert text in shown

    def state_of(self, right: Right) -> RightState:
        assert self.window.draft.verdict is not None
        return self.window.draft.verdict.reading.rights[right]


READ, TRADE, WITHDRAW = "Order book, History, Trading balance", "Place/cancel orders", "Withdraw cryptocurrencies"


def test_the_whole_way_through_both_windows_ends_with_a_saved_key(
    window: Wizard, browser: Chromium, opened: list[str], run: Runner, keyring_session: None
) -> None:
    async def walk() -> None:
        person = Rehearsal(window, browser, opened)
        await person.sign_in()
        await person.make_a_key(READ, TRADE)
        entry = await person.copy_and_paste()
        await person.open_the_practice_page("open-practice")
        await person.allow(PALMABOT, OWN)
        await person.answer_the_notice()
        assert await person.test_the_key() is Outcome.WORKS
        states = [person.state_of(right) for right in (Right.READ, Right.TRADE, Right.PAYMENT, Right.WITHDRAW)]
        assert states == [RightState.CONFIRMED] * 2 + [RightState.REFUSED] * 2
        person.assert_words(Outcome.WORKS)
        click(window.check_page.save)
        await until(lambda: WORDS.say("practice.finished") in visible_words(window), "it was not saved")
        saved = vault.open_vault(practice=True).load("hitbtc2")
        assert saved is not None
        assert saved.credentials == entry
        assert vault.open_vault().load("hitbtc2") is None
        assert vault.open_vault(practice=True).forget("hitbtc2")
        assert all(address.startswith("http://127.0.0.1:") for address in opened)

    run(walk())


def test_the_traps_are_met_with_the_right_words_each_time(
    window: Wizard, browser: Chromium, opened: list[str], run: Runner
) -> None:
    async def walk() -> None:
        person = Rehearsal(window, browser, opened)
        await person.sign_in()
        await person.make_a_key(READ, TRADE, WITHDRAW, confirm=False)
        await person.copy_and_paste()
        await person.answer_the_notice()

        assert await person.test_the_key() is Outcome.ADDRESS_NOT_ALLOWED
        unconfirmed = WORDS.cause(Cause("email-not-confirmed"), "hitbtc2")
        person.assert_words(Outcome.ADDRESS_NOT_ALLOWED, unconfirmed.text, unconfirmed.do)
        assert not window.check_page.save.isVisible()

        await browser(lambda page: page.goto(f"{person.site}/inbox"))
        await browser(lambda page: press(page, "Confirm the permissions"))
        assert await person.test_the_key() is Outcome.CAN_WITHDRAW
        person.assert_words(Outcome.CAN_WITHDRAW, WORDS.cause(Cause("withdraw-ticked"), "hitbtc2").text)
        assert person.state_of(Right.WITHDRAW) is RightState.CONFIRMED
        assert not window.check_page.save.isEnabled()

        await person.allow(PALMABOT)
        locked = await browser(lambda page: page.inner_text("body"))
        assert f"Your address {OWN} is not on the whitelist of this account." in locked
        assert await person.test_the_key() is Outcome.ADDRESS_NOT_ALLOWED
        person.assert_words(Outcome.ADDRESS_NOT_ALLOWED, WORDS.cause(Cause("address-list"), "hitbtc2").text)

        await browser(lambda page: press(page, "Empty the list and let me back in"))
        assert await person.test_the_key() is Outcome.CAN_WITHDRAW

    run(walk())
