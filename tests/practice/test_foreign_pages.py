"""A page of somebody else's in a real Chromium, beside the practice site: what it tries to read and to change."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from palma_wizard.practice import PracticeExchange
from palma_wizard.practice.account import Account
from tests.browser import chromium
from tests.servers import Server, replies

TRIES = """async url => {
    const shown = [];
    for (const path of ["/inbox", "/settings/api-keys", "/api/3/public/symbol/BTCUSDT", "/address/first/ipv4"])
        for (const mode of ["cors", "no-cors"])
            for (const method of ["GET", "POST"]) {
                const asked = fetch(url + path, {mode, method, credentials: "include"});
                shown.push(await asked.then(reply => reply.text()).catch(() => ""));
            }
    const picture = new Image();
    picture.src = url + "/inbox";
    await picture.decode().catch(() => 0);
    return shown.join("");
}"""
SENDS = """address => {
    const form = document.body.appendChild(document.createElement("form"));
    form.method = "post";
    form.action = address;
    form.submit();
}"""


@pytest.fixture(scope="module")
def browsed() -> Iterator[tuple[PracticeExchange, Page]]:
    """A browser in which somebody is signed in."""
    with PracticeExchange() as exchange, chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(5000)
        page.goto(f"{exchange.url}/security-check")
        page.check("[name=robot]")
        page.click("[data-spot=submit]")
        page.fill("[name=email]", "practice@example.com")
        page.fill("[name=password]", "practice-password")
        page.click("[data-spot=sign-in]")
        page.fill("[name=code]", page.inner_text(".code"))
        page.click("[data-spot=confirm]")
        page.wait_for_url("**/trading")
        yield exchange, page


def account_of(exchange: PracticeExchange) -> Account:
    return exchange._stage.account


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.localhost"])
def test_a_page_from_elsewhere_reads_nothing_and_changes_nothing(
    browsed: tuple[PracticeExchange, Page], host: str
) -> None:
    exchange, page = browsed
    account_of(exchange).sign_up()
    before = repr(vars(account_of(exchange)))
    asked = len(exchange.requests)
    with Server(replies(b"<!DOCTYPE html><p>", "Content-Type: text/html")) as server:
        elsewhere = f"http://{host}:{server.port}/"
        page.goto(elsewhere)
        assert page.evaluate(TRIES, exchange.url) == ""
        assert len(exchange.requests) - asked >= 17  # the browser itself lets them through
        for path in ("/sign-up", "/start-over", "/settings/whitelist", "/api/v2/balance/"):
            page.goto(elsewhere)
            with page.expect_navigation() as left:
                page.evaluate(SENDS, exchange.url + path)
            assert left.value.status == 403, path
    assert repr(vars(account_of(exchange))) == before
    page.goto(f"{exchange.url}/settings/api-keys")
    assert page.url == f"{exchange.url}/settings/api-keys"


def test_a_name_made_to_point_here_shows_nothing(browsed: tuple[PracticeExchange, Page]) -> None:
    exchange, page = browsed
    port = urlsplit(exchange.url).port
    for path in ("/", "/inbox", "/settings/api-keys", "/api/3/public/symbol/BTCUSDT", "/address/first/ipv4"):
        reply = page.goto(f"http://rebound.localhost:{port}{path}")
        assert reply is not None
        assert (reply.status, "Practice" in page.content()) == (421, False), path
