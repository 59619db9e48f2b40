"""The practice site over the wire, without a browser: what it asks for, what it keeps, what it never gives away."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import combinations
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask, template_rendered
from hypothesis import given, settings
from hypothesis import strategies as st

from palma_wizard import assets
from palma_wizard.practice import KEYS as PRACTICE_KEYS
from palma_wizard.practice import PAGES, SCENARIOS, PracticeExchange, site
from palma_wizard.practice.account import BACKUP_CODE, EMAIL, MOST, PASSWORD, Account, SiteKey
from palma_wizard.practice.hitbtc import Right

Form = Mapping[str, str | Sequence[str]]

KEY, SECRET = PRACTICE_KEYS["hitbtc2"].key, PRACTICE_KEYS["hitbtc2"].secret
CALLER = "203.0.113.7"
PALMABOT = "46.19.9.48"
NICKNAME = "practice-trader"
BANNER = "Practice – not the real exchange"

LIST = "/api/3/user/api-keys"
NEEDS = {
    Right.READ: "/api/3/spot/balance",
    Right.TRADE: "/api/3/spot/order",
    Right.PAYMENT: "/api/3/wallet/balance",
    Right.WITHDRAW: "/api/2/account/crypto/estimate-withdraw?currency=BTC&amount=0.01",
}

OPEN = ("/", "/sign-up", "/security-check", "/reset-password", "/elsewhere/learn", "/inbox", "/confirmed")
STYLE = "/practice.css"
KEYS = "/settings/api-keys"
WHITELIST = "/settings/whitelist"
TABS = ("/settings", WHITELIST, "/settings/security", KEYS, "/settings/kyc", "/settings/verification")
GUARDED = ("/trading", *TABS, f"{KEYS}/1", f"{KEYS}/1/sent")


@dataclass(frozen=True)
class Sent:
    """A form of the site, filled in so that it changes something, and how far whoever sends it has come."""

    path: str
    form: Form
    level: str = "signed-in"


FORMS = (
    Sent("/sign-up", {}, "nobody"),
    Sent("/security-check", {"robot": "on"}, "nobody"),
    Sent("/reset-password", {}, "nobody"),
    Sent("/let-me-in", {}, "nobody"),
    Sent("/start-over", {}, "nobody"),
    Sent("/sign-in", {"email": EMAIL, "password": PASSWORD}, "human"),
    Sent("/two-factor", {"code": BACKUP_CODE}, "password"),
    Sent("/sign-out", {}),
    Sent("/settings", {"password": PASSWORD, "nickname": "another", "time-zone": site.TIME_ZONES[1]}),
    Sent(WHITELIST, {"addresses": PALMABOT}),
    Sent(KEYS, {"made": "2"}),
    Sent(f"{KEYS}/1", {"code": BACKUP_CODE, "right": ["exchange_trade"]}),
    Sent(f"{KEYS}/1/secret", {}),
    Sent(f"{KEYS}/1/switch", {"to": "off"}),
    Sent(f"{KEYS}/1/delete", {}),
)
NEEDS_SIGNING_IN = tuple(each for each in FORMS if each.level == "signed-in")

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "' OR 1=1 --",
    "nul\0nul",
    "🙂🏴‍☠️\u202e\u0000\ufffe",
    "%s%n%00%0d%0aSet-Cookie: a=b",
)


class Reader(HTMLParser):
    """One page: its tags, its text, its forms' hidden fields, its tables. Complains about tags that do not match."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})
    NEEDS_A_LABEL = frozenset({"input", "select", "textarea"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []  # the innermost tag, and what is written in it
        self.rows: list[list[str]] = []  # a picture counts as its label
        self.unlabelled: list[dict[str, str]] = []
        self.unmatched: list[str] = []
        self._open: list[str] = []
        self._needing: list[tuple[bool, dict[str, str]]] = []
        self.feed(page)
        self.close()
        self.unmatched += self._open
        named = {attributes["for"] for tag, attributes in self.tags if tag == "label" and "for" in attributes}
        self.unlabelled = [
            each for inside, each in self._needing if not (inside or each.get("aria-label") or each.get("id") in named)
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag in self.NEEDS_A_LABEL and attributes.get("type") != "hidden":
            self._needing.append(("label" in self._open, attributes))
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        if attributes.get("role") == "img" and "td" in self._open:
            self.rows[-1][-1] += attributes["aria-label"]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unmatched.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))
        if "td" in self._open and not {"svg", "details"} & set(self._open):
            self.rows[-1][-1] += data.strip() if data.strip() != "–" else ""

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.tags if tag == "a"]

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for each, attributes in self.tags if each == tag]

    def text(self, tag: str) -> str:
        return "".join(text for each, text in self.texts if each == tag)

    def value(self, name: str) -> str:
        (found,) = [each for each in self.all("input") if each.get("name") == name]
        return found["value"]


class Visitor:
    """Somebody at the site: their cookies, and the Origin that a browser puts on what it sends."""

    def __init__(self, exchange: PracticeExchange) -> None:
        self.exchange = exchange
        self.url = exchange.url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=5, **more)

    def post(self, path: str, form: Form | None = None, **more: Any) -> requests.Response:
        more.setdefault("headers", {"Origin": self.url})
        return self.session.post(self.url + path, data=form, timeout=5, **more)

    def read(self, path: str) -> Reader:
        reply = self.get(path)
        assert reply.status_code == 200, path
        return Reader(reply.text)

    def ends_at(self, path: str) -> str:
        return urlsplit(self.get(path).url).path

    def come(self, level: str) -> Visitor:
        """To "nobody", "human", "password" or "signed-in"."""
        steps = {"human": "/security-check", "password": "/sign-in", "signed-in": "/two-factor"}
        for reached, path in steps.items() if level != "nobody" else ():
            (sent,) = [each for each in FORMS if each.path == path]
            assert self.post(path, sent.form, allow_redirects=False).status_code == 302
            if reached == level:
                break
        return self

    def be_signed_in(self) -> None:
        here = site_of(self.exchange)
        here.sessions["practice-token"] = frozenset({"human", "password", "signed-in"})
        self.session.cookies.clear()
        self.session.cookies.set(here.cookie, "practice-token", domain="127.0.0.1", path="/")

    @property
    def cookie(self) -> str | None:
        return next((each.value for each in self.session.cookies if each.name.startswith("practice-")), None)

    # -- what a person does there --

    def press_new_key(self, made: str | None = None) -> requests.Response:
        return self.post(KEYS, {"made": self.read(KEYS).value("made") if made is None else made})

    def ask_rights(self, number: int, *rights: str, **more: str) -> requests.Response:
        code = self.read(f"{KEYS}/{number}").text("kbd")
        return self.post(f"{KEYS}/{number}", {"code": code, "right": list(rights), **more})

    def newest_link(self) -> str:
        return next(link for link in self.read("/inbox").links if link.startswith("/confirm/"))

    def make_key(self, *rights: str) -> SiteKey:
        """All the way, as the steps tell: the rights, the e-mail, and a second key that saves the first."""
        number = int(self.press_new_key().url.rpartition("/")[2])
        self.ask_rights(number, *rights)
        assert self.get(self.newest_link()).status_code == 200
        self.press_new_key()
        key = account(self.exchange).find(number)
        assert key is not None
        return key

    def row(self, key: SiteKey) -> list[str]:
        (found,) = [each for each in self.read(KEYS).rows if each and key.key in each[0]]
        return found


def account(exchange: PracticeExchange) -> Account:
    return exchange._stage.account


def site_of(exchange: PracticeExchange) -> site._Here:
    assert exchange._server is not None
    app = exchange._server.app
    assert isinstance(app, Flask)
    here: site._Here = app.extensions["site"]
    return here


def snapshot(exchange: PracticeExchange) -> tuple[int, str]:
    """Equal as long as nothing in the account has changed."""
    mine = account(exchange)
    return id(mine), repr(vars(mine))


def furnish(exchange: PracticeExchange) -> SiteKey:
    """An account with something to lose: a working key, one not saved yet, e-mails, and a list of addresses."""
    mine = account(exchange)
    mine.allow(CALLER)
    first = mine.start_key()
    mine.ask_rights(first, frozenset({Right.READ}))
    mine.confirm(first.link)
    mine.start_key()
    return first


def authorization(target: str, key: str, secret: str) -> dict[str, str]:
    """HS256 for API 3, Basic for API 2."""
    if target.startswith("/api/2/"):
        return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}
    at = int(time.time() * 1000)
    digest = hmac.new(secret.encode(), f"GET{target}{at}".encode(), hashlib.sha256).hexdigest()
    return {"Authorization": "HS256 " + base64.b64encode(f"{key}:{digest}:{at}".encode()).decode()}


def ask(exchange: PracticeExchange, target: str, key: str, secret: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(exchange.url + target, headers=authorization(target, key, secret), timeout=5)


def number(exchange: PracticeExchange, key: SiteKey, target: str = LIST) -> int:
    """200, or the number of the error."""
    reply = ask(exchange, target, key.key, key.secret)
    return 200 if reply.status_code == 200 else int(reply.json()["error"]["code"])


def listed(exchange: PracticeExchange, key: SiteKey) -> dict[str, Any]:
    """The row of a key as the built-in key sees it."""
    rows = ask(exchange, LIST, KEY, SECRET).json()
    (found,) = [row for row in rows if row["api_key_first_six"] == key.key[:6]]
    return dict(found)


def rights_by_calls(exchange: PracticeExchange, key: SiteKey) -> set[Right]:
    """What the API lets a key do; anything but a plain yes and a plain "not allowed" fails."""
    answers = {right: number(exchange, key, target) for right, target in NEEDS.items()}
    assert set(answers.values()) <= {200, 1003}
    return {right for right, answer in answers.items() if answer == 200}


@pytest.fixture(scope="module")
def shared() -> Iterator[PracticeExchange]:
    with PracticeExchange(chance=Random(7)) as started:
        yield started


@pytest.fixture
def exchange(shared: PracticeExchange) -> PracticeExchange:
    """With an untouched account."""
    shared.scenario = "works"
    shared._stage.open_account()
    return shared


@pytest.fixture
def visitor(exchange: PracticeExchange) -> Iterator[Visitor]:
    made = Visitor(exchange)
    with made.session:
        yield made


@pytest.fixture
def trader(visitor: Visitor) -> Visitor:
    """Signed in without the way there, which would take a fifth of this file's time."""
    visitor.be_signed_in()
    return visitor


# -- signing in --


def test_the_tables_of_this_file_name_every_page_there_is(exchange: PracticeExchange) -> None:
    adapter = exchange._server.app.url_map.bind("localhost")  # type: ignore[union-attr]
    seen = {("GET", adapter.match(path, "GET")[0]) for path in (*OPEN, STYLE, *GUARDED, "/sign-in", "/two-factor")}
    seen |= {("GET", adapter.match("/confirm/x", "GET")[0])}
    seen |= {("POST", adapter.match(each.path, "POST")[0]) for each in FORMS}
    assert seen == {
        (method, rule.endpoint)
        for rule in adapter.map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("site.")
    }


@pytest.mark.parametrize("level", ["nobody", "human", "password", "signed-in"])
def test_the_inbox_and_the_way_in_are_open_to_everybody(visitor: Visitor, level: str) -> None:
    visitor.come(level)
    for path in (*OPEN, STYLE):
        assert visitor.get(path, allow_redirects=False).status_code == 200, path


@pytest.mark.parametrize("path", sorted(set(PAGES["hitbtc2"].values())))
def test_every_step_of_the_guide_has_its_page(trader: Visitor, path: str) -> None:
    assert trader.get(path).status_code == 200


@pytest.mark.parametrize(
    "level, leads_to", [("nobody", "/security-check"), ("human", "/sign-in"), ("password", "/sign-in")]
)
@pytest.mark.parametrize("path", GUARDED)
def test_a_page_demands_what_comes_before_it(visitor: Visitor, path: str, level: str, leads_to: str) -> None:
    furnish(visitor.exchange)
    visitor.come(level)
    for method in ("GET", "HEAD"):
        reply = visitor.session.request(method, visitor.url + path, timeout=5, allow_redirects=False)
        assert (reply.status_code, reply.headers["Location"]) == (302, "/sign-in")
    assert visitor.ends_at(path) == leads_to


@pytest.mark.parametrize("level", ["nobody", "human", "password"])
@pytest.mark.parametrize("sent", NEEDS_SIGNING_IN, ids=lambda each: each.path)
def test_a_form_sent_without_what_comes_before_it_does_nothing(visitor: Visitor, sent: Sent, level: str) -> None:
    furnish(visitor.exchange)
    visitor.come(level)
    before, cookie = snapshot(visitor.exchange), visitor.cookie
    reply = visitor.post(sent.path, sent.form, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (302, "/sign-in")
    assert (snapshot(visitor.exchange), visitor.cookie) == (before, cookie)


@pytest.mark.parametrize(
    "level, path, leads_to",
    [
        ("nobody", "/sign-in", "/security-check"),
        ("nobody", "/two-factor", "/security-check"),
        ("human", "/two-factor", "/sign-in"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_step_of_signing_in_can_be_left_out(
    visitor: Visitor, level: str, path: str, leads_to: str, method: str
) -> None:
    visitor.come(level)
    (sent,) = [each for each in FORMS if each.path == path]
    reply = visitor.get(path) if method == "GET" else visitor.post(path, sent.form)
    assert urlsplit(reply.url).path == leads_to
    visitor.get("/sign-in")
    assert visitor.ends_at("/trading") != "/trading"


def test_the_whole_way_in(visitor: Visitor) -> None:
    assert visitor.ends_at("/sign-in") == "/security-check"
    assert urlsplit(visitor.post("/security-check", {"robot": "on"}).url).path == "/sign-in"
    assert urlsplit(visitor.post("/sign-in", {"email": EMAIL, "password": PASSWORD}).url).path == "/two-factor"
    code = re.search(r'class="code">([0-9]{6})<', visitor.get("/two-factor").text)
    assert code
    assert urlsplit(visitor.post("/two-factor", {"code": code[1]}).url).path == "/trading"
    assert visitor.ends_at("/sign-in") == "/trading"


def test_the_security_check_wants_its_box_ticked(visitor: Visitor) -> None:
    reply = visitor.post("/security-check", {"something": "else"})
    assert "Tick “I'm not a robot” first." in Reader(reply.text).text("p")
    assert visitor.ends_at("/sign-in") == "/security-check"


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper(), f"  {EMAIL} "])
def test_the_shown_email_and_password_are_accepted(visitor: Visitor, email: str) -> None:
    reply = visitor.come("human").post("/sign-in", {"email": email, "password": PASSWORD})
    assert urlsplit(reply.url).path == "/two-factor"


def test_the_sign_in_page_shows_what_it_accepts(visitor: Visitor) -> None:
    assert visitor.come("human").read("/sign-in").text("kbd") == EMAIL + PASSWORD


@pytest.mark.parametrize(
    "email, password",
    [
        ("somebody@mail.example", "their own secret 1"),
        (EMAIL, "their own secret 1"),
        ("somebody@mail.example", PASSWORD),
        (EMAIL, PASSWORD.upper()),
        (EMAIL, f"{PASSWORD} "),
        (EMAIL, ""),
        ("", ""),
        *((EMAIL, each) for each in HOSTILE),
        *((each, PASSWORD) for each in HOSTILE),
    ],
)
def test_nothing_else_is_accepted_and_what_was_typed_is_neither_shown_nor_kept(
    visitor: Visitor, email: str, password: str
) -> None:
    visitor.come("human")
    before = snapshot(visitor.exchange)
    empty = visitor.get("/sign-in").text
    reply = visitor.post("/sign-in", {"email": email, "password": password})
    assert (reply.status_code, urlsplit(reply.url).path) == (403, "/sign-in")
    warning = re.compile(r'<p class="bad" role="alert">E-mail or password is wrong\.</p>')
    assert len(warning.findall(reply.text)) == 1
    # But for the warning the page is the one that was there before, so nothing typed is on it.
    assert re.sub(r"\s+", "", warning.sub("", reply.text)) == re.sub(r"\s+", "", empty)
    assert "Set-Cookie" not in reply.headers
    assert snapshot(visitor.exchange) == before
    assert visitor.ends_at("/two-factor") == "/sign-in"
    for typed in (email, password):
        if typed.strip() and typed.strip().lower() not in (EMAIL, PASSWORD):
            assert typed not in reply.text
            assert typed not in repr(reply.headers)
            assert typed not in repr(visitor.exchange.requests)
            assert typed not in repr(vars(account(visitor.exchange)))


@pytest.mark.parametrize("spelling", ["{}", " {} ", "\t{}\n"])
@pytest.mark.parametrize("spaced", [False, True])
def test_a_code_works_once(visitor: Visitor, spelling: str, spaced: bool) -> None:
    visitor.come("password")
    code = visitor.read("/two-factor").text("kbd").removesuffix(BACKUP_CODE)
    typed = spelling.format(f"{code[:3]} {code[3:]}" if spaced else code)
    assert urlsplit(visitor.post("/two-factor", {"code": typed}).url).path == "/trading"
    visitor.post("/sign-out")
    visitor.come("password")
    again = visitor.post("/two-factor", {"code": typed})
    assert again.status_code == 403
    assert "used before" in Reader(again.text).text("p")
    assert visitor.read("/two-factor").text("kbd") != code + BACKUP_CODE
    assert visitor.ends_at("/trading") != "/trading"


@pytest.mark.parametrize("typed", [BACKUP_CODE, BACKUP_CODE.lower(), "PRACTICE - BACKUP"])
def test_the_backup_code_works_each_time(visitor: Visitor, typed: str) -> None:
    for _ in range(2):
        visitor.come("password")
        assert urlsplit(visitor.post("/two-factor", {"code": typed}).url).path == "/trading"
        visitor.post("/sign-out")


@pytest.mark.parametrize("typed", ["", " ", "00000", "{}0", "0{}", "-{}", "{}\0", BACKUP_CODE[:-1], PASSWORD, *HOSTILE])
def test_another_code_is_refused_and_not_shown(visitor: Visitor, typed: str) -> None:
    visitor.come("password")
    before = snapshot(visitor.exchange)
    code = account(visitor.exchange).code
    reply = visitor.post("/two-factor", {"code": typed.replace("{}", code)})
    assert reply.status_code == 403
    field = next(each for each in Reader(reply.text).all("input") if each.get("name") == "code")
    assert "value" not in field
    assert typed not in HOSTILE or typed not in reply.text
    assert snapshot(visitor.exchange) == before
    assert visitor.ends_at("/trading") != "/trading"


def test_signing_out_forgets_all_but_the_security_check(trader: Visitor) -> None:
    assert trader.ends_at("/settings") == "/settings"
    assert urlsplit(trader.post("/sign-out").url).path == "/sign-in"
    for path in ("/two-factor", "/trading", KEYS):
        assert trader.ends_at(path) == "/sign-in"


def copied(visitor: Visitor) -> Visitor:
    """Somebody with a copy of the cookie."""
    thief = Visitor(visitor.exchange)
    thief.session.cookies.update(visitor.session.cookies)
    return thief


def test_a_copy_of_the_cookie_opens_nothing_once_its_owner_signed_out(visitor: Visitor) -> None:
    furnish(visitor.exchange)
    visitor.come("signed-in")
    thief = copied(visitor)
    with thief.session:
        assert thief.ends_at(KEYS) == KEYS
        visitor.post("/sign-out")
        before = snapshot(visitor.exchange)
        for path in GUARDED:
            reply = thief.get(path, allow_redirects=False)
            assert (reply.status_code, reply.headers["Location"]) == (302, "/sign-in"), path
        for sent in NEEDS_SIGNING_IN:
            assert thief.post(sent.path, sent.form, allow_redirects=False).headers["Location"] == "/sign-in"
        assert snapshot(visitor.exchange) == before
        assert thief.ends_at("/sign-in") == "/security-check"
        assert visitor.ends_at(KEYS) == "/sign-in"


@pytest.mark.parametrize("level", ["human", "password"])
def test_a_copy_of_the_cookie_from_before_does_not_sign_in_with_its_owner(visitor: Visitor, level: str) -> None:
    visitor.come(level)
    thief = copied(visitor)
    visitor.come("signed-in")
    with thief.session:
        assert thief.ends_at(KEYS) == "/security-check"
    assert visitor.ends_at(KEYS) == KEYS


def test_doing_a_step_again_does_not_take_the_session_from_its_owner(visitor: Visitor) -> None:
    visitor.come("signed-in")
    thief = copied(visitor)
    with thief.session:
        for sent in FORMS:
            if sent.path in ("/security-check", "/sign-in", "/two-factor"):
                assert "Set-Cookie" not in thief.post(sent.path, sent.form, allow_redirects=False).headers
        visitor.post("/sign-out")
        assert thief.ends_at(KEYS) == "/security-check"


def test_starting_over_signs_everybody_out(visitor: Visitor) -> None:
    another = Visitor(visitor.exchange)
    with another.session:
        another.come("signed-in")
        visitor.post("/start-over")
        assert another.ends_at(KEYS) == "/security-check"


def test_a_session_is_kept_by_a_name_nobody_can_guess_and_only_so_many_are(visitor: Visitor) -> None:
    tokens = []
    for _ in range(MOST + 2):
        visitor.session.cookies.clear()
        visitor.come("human")
        tokens.append(visitor.cookie)
    assert len(set(tokens)) == MOST + 2
    assert all(token and re.fullmatch(r"[A-Za-z0-9_-]{43,}", token) for token in tokens)
    assert list(site_of(visitor.exchange).sessions) == tokens[2:]
    assert visitor.ends_at(KEYS) == "/sign-in"
    assert not [token for token in tokens if token and token in repr(site_of(visitor.exchange))]


@pytest.mark.parametrize(
    "path, subject", [("/sign-up", "Confirm your e-mail address"), ("/reset-password", "Your password")]
)
def test_signing_up_and_a_lost_password_send_their_email(visitor: Visitor, path: str, subject: str) -> None:
    assert "No e-mail has arrived." in visitor.get("/inbox").text
    visitor.get(path)
    assert "No e-mail has arrived." in visitor.get("/inbox").text
    reply = visitor.post(path)
    assert EMAIL in reply.text
    assert Reader(reply.text).text("b") == "1"
    inbox = visitor.read("/inbox")
    assert inbox.text("h2") == subject
    assert visitor.read("/").text("b") == ""  # no number of unread ones any more
    if path == "/sign-up":
        (link,) = [each for each in inbox.links if each.startswith("/confirm")]
        assert "/sign-in" in visitor.read(link).links
    else:
        assert PASSWORD in inbox.text("p")


def test_the_nickname_changes_only_with_the_password(trader: Visitor) -> None:
    form = {"nickname": "another", "time-zone": site.TIME_ZONES[2]}
    for password, shown in (("wrong", NICKNAME), ("", NICKNAME), (PASSWORD, "another")):
        reply = trader.post("/settings", {**form, "password": password})
        assert ("The password is wrong." in reply.text) == (shown == NICKNAME)
        page = trader.read("/settings")
        assert page.value("nickname") == shown
        assert [each["selected"] for each in page.all("option") if "selected" in each] == [""]
        assert account(trader.exchange).time_zone == site.TIME_ZONES[2 if shown == "another" else 0]


# -- keys --


def test_a_new_key_is_started_and_the_next_one_saves_it(trader: Visitor) -> None:
    assert "Please add one or more API keys" in trader.get(KEYS).text
    assert urlsplit(trader.press_new_key().url).path == f"{KEYS}/1"
    (first,) = account(trader.exchange).keys
    assert "New, not saved yet" in trader.row(first)[0]
    assert number(trader.exchange, first) == 1002
    assert urlsplit(trader.press_new_key().url).path == KEYS
    assert "New, not saved yet" not in trader.row(first)[0]
    first, second = account(trader.exchange).keys
    assert "New, not saved yet" in trader.row(second)[0]
    assert (number(trader.exchange, first), number(trader.exchange, second)) == (200, 1002)


def test_the_rights_of_a_new_key_are_off_until_the_link_is_pressed(trader: Visitor) -> None:
    trader.press_new_key()
    reply = trader.ask_rights(1, "exchange_read", "exchange_trade")
    assert urlsplit(reply.url).path == f"{KEYS}/1/sent"
    assert EMAIL in Reader(reply.text).text("b")
    trader.press_new_key()
    key = account(trader.exchange).keys[0]
    assert trader.row(key)[3:8] == ["no"] * 5
    assert "Waiting for the link" in trader.get(KEYS).text
    assert [number(trader.exchange, key, target) for target in (LIST, *NEEDS.values())] == [1003] * 5
    assert listed(trader.exchange, key)["is_active"] is False
    somebody = Visitor(trader.exchange)  # an inbox is read anywhere, signed in or not
    page = somebody.read(somebody.newest_link())
    assert page.text("h1") == "The permissions are confirmed"
    somebody.session.close()
    assert trader.row(key)[3:8] == ["yes", "yes", "no", "no", "no"]
    assert "Waiting for the link" not in trader.get(KEYS).text
    assert rights_by_calls(trader.exchange, key) == {Right.READ, Right.TRADE}


@pytest.mark.parametrize("code", ["", "000000x", *HOSTILE])
def test_rights_are_not_asked_for_with_a_wrong_code(trader: Visitor, code: str) -> None:
    trader.press_new_key()
    before = snapshot(trader.exchange)
    reply = trader.post(f"{KEYS}/1", {"code": code, "right": ["exchange_trade"]})
    assert reply.status_code == 403
    assert snapshot(trader.exchange) == before
    ticked = [each["value"] for each in Reader(reply.text).all("input") if "checked" in each]
    assert ticked == ["exchange_trade"]  # what was chosen need not be chosen again


def test_a_code_that_opened_the_account_does_not_change_rights(visitor: Visitor) -> None:
    visitor.come("password")
    code = visitor.read("/two-factor").text("kbd").removesuffix(BACKUP_CODE)
    visitor.post("/two-factor", {"code": code})
    visitor.press_new_key()
    assert visitor.post(f"{KEYS}/1", {"code": code}).status_code == 403


def test_an_older_link_does_not_count_and_the_newest_does_twice(trader: Visitor) -> None:
    trader.press_new_key()
    trader.ask_rights(1, "bank_withdraw")
    older = trader.newest_link()
    trader.ask_rights(1, "exchange_read")
    newest = trader.newest_link()
    assert older != newest
    trader.press_new_key()
    key = account(trader.exchange).keys[0]
    reply = trader.get(older)
    assert (reply.status_code, Reader(reply.text).text("h1")) == (404, "This link does not count any more")
    assert trader.row(key)[3:8] == ["no"] * 5
    for _ in range(2):
        assert trader.read(newest).text("h1") == "The permissions are confirmed"
        assert rights_by_calls(trader.exchange, key) == {Right.READ}
    assert trader.get(older).status_code == 404
    assert rights_by_calls(trader.exchange, key) == {Right.READ}


@pytest.mark.parametrize("link", ["x", "None", "%00", "%F0%9F%99%82", "a" * 5000, "%3Cscript%3E"])
def test_an_invented_link_confirms_nothing(trader: Visitor, link: str) -> None:
    trader.press_new_key()
    before = snapshot(trader.exchange)
    assert trader.get(f"/confirm/{link}").status_code == 404
    assert snapshot(trader.exchange) == before


def test_the_link_of_a_deleted_key_does_not_count(trader: Visitor) -> None:
    trader.press_new_key()
    trader.ask_rights(1, "exchange_read")
    link = trader.newest_link()
    trader.post(f"{KEYS}/1/delete")
    assert trader.get(link).status_code == 404


def test_changed_rights_wait_and_the_old_ones_stay(trader: Visitor) -> None:
    key = trader.make_key("exchange_read")
    trader.ask_rights(key.id, "exchange_trade", "bank_read")
    assert trader.row(key)[3:8] == ["yes", "no", "no", "no", "no"]
    assert rights_by_calls(trader.exchange, key) == {Right.READ}
    trader.get(trader.newest_link())
    assert rights_by_calls(trader.exchange, key) == {Right.TRADE, Right.PAYMENT}


@pytest.mark.parametrize("ticked", [(), ("exchange_read",), ("exchange_read", "bank_read")])
def test_allow_all_is_all_four(trader: Visitor, ticked: tuple[str, ...]) -> None:
    trader.press_new_key()
    trader.ask_rights(1, *ticked, **{"allow-all": "on"})
    trader.get(trader.newest_link())
    trader.press_new_key()
    key = account(trader.exchange).keys[0]
    assert trader.row(key)[3:8] == ["yes"] * 5
    assert rights_by_calls(trader.exchange, key) == set(Right)
    assert len([each for each in trader.read(f"{KEYS}/1").all("input") if "checked" in each]) == 5


@pytest.mark.parametrize("rights", [each for size in range(5) for each in combinations(Right, size)], ids="+".join)
def test_the_api_lets_a_key_do_exactly_what_was_ticked(trader: Visitor, rights: tuple[Right, ...]) -> None:
    key = trader.make_key(*rights)
    row = listed(trader.exchange, key)
    assert {right for right in Right if row[right.value]} == set(rights)
    assert (row["is_active"], row["allowed_ips"]) == (True, [])
    assert rights_by_calls(trader.exchange, key) == set(rights)
    assert trader.row(key)[3:7] == ["yes" if right in rights else "no" for right in Right]


def test_a_right_that_does_not_exist_is_not_given(trader: Visitor) -> None:
    key = trader.make_key("exchange_read", "exchange_admin", "READ", "")
    assert rights_by_calls(trader.exchange, key) == {Right.READ}


def test_a_second_click_on_a_stale_page_starts_no_second_key(trader: Visitor) -> None:
    stale = trader.read(KEYS).value("made")
    for _ in range(3):
        trader.press_new_key(stale)
    assert [(each.id, each.saved) for each in account(trader.exchange).keys] == [(1, False)]
    fresh = trader.read(KEYS).value("made")
    for made in (fresh, fresh, stale):
        trader.press_new_key(made)
    assert [(each.id, each.saved) for each in account(trader.exchange).keys] == [(1, True), (2, False)]
    trader.post(f"{KEYS}/2/delete")
    trader.press_new_key(fresh)  # a number is not used a second time
    assert [each.id for each in account(trader.exchange).keys] == [1]


@pytest.mark.parametrize("made", ["", "-1", "1", "00", "0 ", "x", "\u0660", "9" * 5000])
def test_a_form_that_is_not_of_the_page_starts_no_key(trader: Visitor, made: str) -> None:
    assert trader.press_new_key(made).status_code == 200
    assert trader.post(KEYS).status_code == 200
    assert account(trader.exchange).keys == []


def crawl(visitor: Visitor) -> dict[str, requests.Response]:
    """Every page that links lead to; of the many charts one other is enough."""
    todo, seen = ["/", "/security-check", "/two-factor", *OPEN, *GUARDED], dict[str, requests.Response]()
    charts = 0
    while todo:
        path = todo.pop()
        if "/trading?" in path:
            charts += 1
        if path in seen or ("/trading?" in path and charts > 2):
            continue
        seen[path] = visitor.get(path)
        todo += Reader(seen[path].text).links
    return seen


def test_every_link_leads_to_a_page(trader: Visitor) -> None:
    trader.make_key("exchange_read")
    trader.post("/sign-up")
    replies = crawl(trader)
    assert {path: reply.status_code for path, reply in replies.items() if reply.status_code != 200} == {}
    assert len(replies) > 25


def test_the_secret_is_nowhere_but_in_the_email_that_was_asked_for(trader: Visitor) -> None:
    key = trader.make_key("exchange_read", "exchange_trade")
    second = account(trader.exchange).keys[1]
    for path, reply in crawl(trader).items():
        for secret in (key.secret, second.secret):
            assert secret not in reply.text + repr(reply.headers), path
    reply = trader.post(f"{KEYS}/{key.id}/secret")
    assert "We have sent the secret key" in reply.text
    replies = crawl(trader)
    assert [path for path, each in replies.items() if key.secret in each.text] == ["/inbox"]
    assert not [path for path, each in replies.items() if second.secret in each.text]
    assert trader.read("/inbox").text("code") == key.secret
    assert key.secret not in repr(vars(account(trader.exchange)))
    assert number(trader.exchange, key, NEEDS[Right.TRADE]) == 200


def test_the_secret_of_a_key_that_is_not_saved_is_not_sent(trader: Visitor) -> None:
    trader.press_new_key()
    before = snapshot(trader.exchange)
    assert trader.post(f"{KEYS}/1/secret").status_code == 404
    assert snapshot(trader.exchange) == before
    assert f"{KEYS}/1/secret" not in trader.get(KEYS).text


def test_off_and_on_count_at_once(trader: Visitor) -> None:
    key = trader.make_key("exchange_read")
    for to, answer in (("off", 1003), ("on", 200), ("off", 1003)):
        trader.post(f"{KEYS}/{key.id}/switch", {"to": to})
        assert number(trader.exchange, key, NEEDS[Right.READ]) == answer
        assert listed(trader.exchange, key)["is_active"] is (to == "on")
        switches = [each for each in trader.read(KEYS).all("button") if each.get("name") == "to"]
        assert [each["value"] for each in switches if "aria-current" in each] == [to]


def test_a_deleted_key_is_unknown_at_once(trader: Visitor) -> None:
    key = trader.make_key("exchange_read")
    assert number(trader.exchange, key) == 200
    trader.post(f"{KEYS}/{key.id}/delete")
    assert number(trader.exchange, key) == 1002
    assert key.key not in trader.get(KEYS).text
    for page in (f"{KEYS}/{key.id}", f"{KEYS}/{key.id}/sent"):
        assert trader.get(page).status_code == 404


def test_last_use_turns_from_never_to_a_time(trader: Visitor) -> None:
    key = trader.make_key("exchange_read")
    other = account(trader.exchange).keys[1]
    assert trader.row(key)[2] == "Never"
    ask(trader.exchange, LIST, key.key, "not its secret")
    assert trader.row(key)[2] == "Never"
    before = time.time()
    number(trader.exchange, key)
    shown = {time.strftime("%H:%M", time.localtime(each)) for each in (before, time.time())}
    assert trader.row(key)[2] in shown
    assert trader.row(other)[2] == "Never"


def test_only_so_many_keys_and_emails_are_kept(trader: Visitor) -> None:
    for made in range(MOST + 2):
        trader.post(KEYS, {"made": str(made)}, allow_redirects=False)
        trader.post("/reset-password")
    trader.post("/sign-up")
    assert MOST == 50
    rows = [row for row in trader.read(KEYS).rows if len(row) == 9]
    assert len(rows) == len(account(trader.exchange).keys) == MOST
    assert [each.id for each in account(trader.exchange).keys] == list(range(3, MOST + 3))
    assert trader.get(f"{KEYS}/2").status_code == 404
    assert number(trader.exchange, account(trader.exchange).keys[0]) == 200
    inbox = trader.read("/inbox")
    assert len(inbox.all("article")) == len(account(trader.exchange).emails) == MOST
    assert inbox.text("h2").startswith("Confirm your e-mail address")  # the newest is there, and on top


def test_keys_and_secrets_look_like_practice_ones_and_differ_early(trader: Visitor) -> None:
    for made in range(MOST):
        trader.post(KEYS, {"made": str(made)}, allow_redirects=False)
    keys = account(trader.exchange).keys
    for each in keys:
        assert re.fullmatch(r"[A-Za-z0-9_-]{32}", each.key)
        assert re.fullmatch(r"[A-Za-z0-9_-]{32}", each.secret)
        assert "-practice-" in each.key
        assert each.secret.startswith("practice-secret-")
    first_six = [each.key[:6] for each in keys]
    assert len({*first_six, KEY[:6]}) == MOST + 1
    assert len({each.secret for each in keys} | {SECRET}) == MOST + 1
    shown = [row[0] for row in trader.read(KEYS).rows if len(row) == 9]
    assert all(key.key in row for key, row in zip(keys, shown, strict=True))


# -- the whitelist --


@pytest.mark.parametrize(
    "text, saved, lets_in",
    [
        ("", (), True),
        (" \r\n ,;, ", (), True),
        (CALLER, (CALLER,), True),
        (f"  {CALLER}\r\n", (CALLER,), True),
        (f"{PALMABOT}\r\n{CALLER}", (PALMABOT, CALLER), True),
        (f"{CALLER},{PALMABOT}", (CALLER, PALMABOT), True),
        (f"{CALLER}; {PALMABOT}\t{CALLER}", (CALLER, PALMABOT), True),
        ("203.0.113.0/24", ("203.0.113.0/24",), True),
        ("203.0.113.9/24", ("203.0.113.9/24",), True),
        ("203.0.113.0/29", ("203.0.113.0/29",), True),
        ("0.0.0.0/0", ("0.0.0.0/0",), True),
        ("203.0.113.8/29", ("203.0.113.8/29",), False),
        (f"{CALLER}0", ("203.0.113.70",), False),
        (PALMABOT, (PALMABOT,), False),
        (f"{PALMABOT}/16", (f"{PALMABOT}/16",), False),
        ("2001:db8::7", ("2001:db8::7",), False),  # the exchange sees its callers at their IPv4 address
        ("::/0", ("::/0",), False),
        (f"2001:db8::/32\n{CALLER}/32", ("2001:db8::/32", f"{CALLER}/32"), True),
    ],
)
def test_a_list_of_addresses_lets_in_whom_it_names(
    trader: Visitor, text: str, saved: tuple[str, ...], lets_in: bool
) -> None:
    reply = trader.post(WHITELIST, {"addresses": text})
    assert account(trader.exchange).allowed == saved
    assert reply.status_code == (200 if lets_in else 403)
    assert urlsplit(reply.url).query == "saved=1"
    if lets_in:
        page = trader.read(WHITELIST)
        assert page.text("textarea").split() == list(saved)


@pytest.mark.parametrize(
    "entry",
    [
        *("1.2.3", "1.2.3.4.5", "256.1.1.1", "203.0.113.07", "203.0.113.0/33", "203.0.113.7/", "/24", "0x7f000001"),
        *("3405803783", "localhost", "hitbtc.com", "http://203.0.113.7", "203.0.113.7:80", "[::1]", "1::2::3", ":::"),
        *("203.0.113.*", "203.0.113.1-9", "٢٠٣.0.113.7", "::1/129", "-", "me", "🙂", "203.0.113.7\0"),
        *("1/" + "9" * 5000,),
        *("<script>alert(1)</script>", '"><b>', "</textarea>", "{{7*7}}"),
    ],
)
def test_what_is_no_address_is_named_and_nothing_is_saved(trader: Visitor, entry: str) -> None:
    account(trader.exchange).allow(CALLER)
    typed = f"{PALMABOT} {entry}"
    reply = trader.post(WHITELIST, {"addresses": typed})
    assert reply.status_code == 200
    page = Reader(reply.text)
    assert f"Not an internet address: {entry}. Nothing was saved." in page.text("p")
    assert page.text("textarea") == typed  # to be put right, not to be typed again
    assert len(page.all("textarea")) == 1
    assert not page.all("script")
    assert account(trader.exchange).allowed == (CALLER,)
    assert trader.read(WHITELIST).text("textarea") == CALLER


def test_palmabots_address_alone_locks_every_page_but_the_inbox_and_the_way_back(trader: Visitor) -> None:
    key = trader.make_key("exchange_read", "exchange_trade")
    reply = trader.post(WHITELIST, {"addresses": PALMABOT})
    before = snapshot(trader.exchange)
    for path in {*OPEN, *GUARDED, "/sign-in", "/two-factor", "/confirm/x"} - {"/inbox"}:
        locked = trader.get(path, allow_redirects=False)
        assert locked.status_code == 403, path
        page = Reader(locked.text)
        assert page.text("h1") == "Access denied"
        assert f"Your address {CALLER} is not on the whitelist" in page.text("p")
        assert f"Allowed: {PALMABOT}" in page.text("p")
        assert "/let-me-in" in [each["action"] for each in page.all("form")]
    for sent in FORMS:
        if sent.path not in ("/let-me-in", "/start-over"):
            assert trader.post(sent.path, sent.form, allow_redirects=False).status_code == 403, sent.path
    assert snapshot(trader.exchange) == before
    assert reply.status_code == 403
    assert trader.get("/inbox").status_code == trader.get(STYLE).status_code == 200
    assert [number(trader.exchange, key, target) for target in (LIST, *NEEDS.values())] == [1003] * 5
    assert ask(trader.exchange, LIST, KEY, SECRET).status_code == 200  # the built-in key is not of this account


def test_the_way_back_empties_the_list(trader: Visitor) -> None:
    key = trader.make_key("exchange_read")
    trader.post(WHITELIST, {"addresses": PALMABOT})
    assert number(trader.exchange, key) == 1003
    reply = trader.post("/let-me-in")
    assert (reply.status_code, urlsplit(reply.url).path) == (200, WHITELIST)
    assert Reader(reply.text).text("textarea") == ""
    assert number(trader.exchange, key) == 200
    assert trader.get("/trading").status_code == 200


def test_with_both_addresses_keys_work_and_the_api_names_them(trader: Visitor) -> None:
    trader.post(WHITELIST, {"addresses": f"{CALLER}\r\n{PALMABOT}"})
    key = trader.make_key("exchange_read")
    assert rights_by_calls(trader.exchange, key) == {Right.READ}
    assert listed(trader.exchange, key)["allowed_ips"] == [CALLER, PALMABOT]


# -- who may ask --


def test_only_this_computer_is_listened_to(exchange: PracticeExchange) -> None:
    port = urlsplit(exchange.url).port or 0
    assert exchange._server is not None
    assert exchange._server.socket.getsockname() == ("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", "[::1]:{port}"])
def test_a_foreign_host_name_gets_no_page(trader: Visitor, host: str) -> None:
    furnish(trader.exchange)
    before = snapshot(trader.exchange)
    port = urlsplit(trader.url).port
    headers = {"Host": host.format(port=port), "Origin": trader.url}
    for path in (*OPEN, STYLE, *GUARDED, "/sign-in", "/two-factor", "/nothing"):
        reply = trader.get(path, headers=headers, allow_redirects=False)
        assert (reply.status_code, BANNER in reply.text) == (421, False), path
    for sent in FORMS:
        assert trader.post(sent.path, sent.form, headers=headers, allow_redirects=False).status_code == 421
    assert snapshot(trader.exchange) == before


@pytest.mark.parametrize("sent", FORMS, ids=lambda each: each.path)
def test_a_form_from_another_page_is_refused_and_changes_nothing(visitor: Visitor, sent: Sent) -> None:
    furnish(visitor.exchange)
    visitor.come(sent.level)
    port = urlsplit(visitor.url).port
    before, cookie = snapshot(visitor.exchange), visitor.cookie
    for origin in (
        *(None, "", "null", "https://evil.example", f"http://evil.example:{port}", "http://127.0.0.1"),
        *(f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port}.evil.example", f"http://127.0.0.2:{port}"),
        *(f"{visitor.url}/", f"{visitor.url}, https://evil.example", "http://localhost", f"127.0.0.1:{port}", "*"),
    ):
        headers = {} if origin is None else {"Origin": origin}
        headers |= {"Referer": f"{visitor.url}/", "Sec-Fetch-Site": "same-origin"}  # these prove nothing
        reply = visitor.post(sent.path, sent.form, headers=headers, allow_redirects=False)
        assert reply.status_code == 403, origin
        assert "Set-Cookie" not in reply.headers
        assert (snapshot(visitor.exchange), visitor.cookie) == (before, cookie)
    assert visitor.post(sent.path, sent.form, allow_redirects=False).status_code in (200, 302)
    assert (snapshot(visitor.exchange), visitor.cookie) != (before, cookie)


@pytest.mark.parametrize("origin", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_both_spellings_of_this_computer_work(visitor: Visitor, host: str, origin: str) -> None:
    port = urlsplit(visitor.url).port
    headers = {"Host": f"{host}:{port}", "Origin": f"http://{origin}:{port}"}
    reply = visitor.post("/sign-up", headers=headers)
    assert reply.status_code == 200
    assert len(account(visitor.exchange).emails) == 1


def test_what_is_asked_with_get_changes_nothing_but_the_inbox_and_the_link(trader: Visitor) -> None:
    furnish(trader.exchange)
    trader.get("/inbox")
    before = snapshot(trader.exchange)
    for sent in FORMS:
        trader.get(sent.path, params=sent.form, allow_redirects=False)
    assert snapshot(trader.exchange) == before


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(visitor: Visitor) -> None:
    seen = 0
    for sent in (*(each for each in FORMS if each.path in ("/security-check", "/sign-in", "/two-factor")), FORMS[7]):
        reply = visitor.post(sent.path, sent.form, allow_redirects=False)
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(reply.headers["Set-Cookie"].split("; "))
        assert "Domain" not in reply.headers["Set-Cookie"]
        seen += 1
    assert seen == 4


@pytest.mark.parametrize("cookie", ["", "x", "eyJzaWduZWQtaW4iOnRydWV9", "eyJzaWduZWQtaW4iOnRydWV9.a.b", "\0"])
def test_an_invented_cookie_is_nobodys(visitor: Visitor, cookie: str) -> None:
    (name,) = visitor.come("human").session.cookies.keys()
    visitor.session.cookies.clear()
    reply = visitor.get("/settings", headers={"Cookie": f"{name}={cookie}"}, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (302, "/sign-in")


@pytest.mark.parametrize("sent", FORMS, ids=lambda each: each.path)
def test_a_body_over_the_limit_is_refused_and_changes_nothing(visitor: Visitor, sent: Sent) -> None:
    furnish(visitor.exchange)
    visitor.come(sent.level)
    before, cookie = snapshot(visitor.exchange), visitor.cookie
    reply = visitor.post(sent.path, {**sent.form, "more": "a" * 100_000}, allow_redirects=False)
    assert reply.status_code == 413
    assert (snapshot(visitor.exchange), visitor.cookie) == (before, cookie)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_site_answers_at_once_in_every_scenario(trader: Visitor, scenario: str) -> None:
    trader.exchange.scenario = scenario
    started = time.monotonic()
    assert trader.get(KEYS).status_code == 200
    assert time.monotonic() - started < 1


# -- what the pages are made of --


@pytest.fixture(scope="module")
def pages() -> dict[str, tuple[requests.Response, Reader]]:
    """Every page in every state that looks different, and what is not a page of the exchange."""
    found: dict[str, requests.Response] = {}
    rendered: set[str] = set()

    def note(_app: object, template: Any, **_: object) -> None:
        rendered.add(template.name)

    template_rendered.connect(note)
    try:
        with PracticeExchange(chance=Random(7)) as exchange:
            visitor = Visitor(exchange)
            with visitor.session:
                visit_everything(visitor, found)
    finally:
        template_rendered.disconnect(note)
    files = {each.name for each in assets.path("practice").glob("*.html")}
    assert rendered == files - {"base.html", "narrow.html", "parts.html", "settings.html"}
    return {path: (reply, Reader(reply.text)) for path, reply in found.items()}


def visit_everything(visitor: Visitor, found: dict[str, requests.Response]) -> None:
    def get(path: str, note: str = "") -> None:
        found[f"{path} {note}".strip()] = visitor.get(path)

    def post(path: str, form: Form | None = None, note: str = "sent") -> None:
        found[f"{path} {note}"] = visitor.post(path, form)

    for path in OPEN:
        get(path, "as nobody")
    post("/sign-up")
    post("/reset-password")
    post("/security-check", {}, "not ticked")
    visitor.come("human")
    get("/sign-in")
    post("/sign-in", {}, "wrong")
    visitor.come("password")
    get("/two-factor")
    post("/two-factor", {}, "wrong")
    visitor.come("signed-in")
    get("/")
    for path in TABS:
        get(path, "of an empty account")
    get("/settings?change=nickname")
    post("/settings", {"password": PASSWORD, "nickname": HOSTILE[0]}, "saved")
    post("/settings", {}, "wrong")
    post(WHITELIST, {"addresses": "<b>"}, "wrong")
    get("/trading?name=ETH&frame=M1")
    post(KEYS, {"made": "0"})
    get(KEYS, "with a new key")
    post(f"{KEYS}/1", {"right": ["exchange_read"]}, "with a wrong code")
    post(f"{KEYS}/1", {"right": ["exchange_read"], "code": BACKUP_CODE})
    get(visitor.newest_link(), "of an unsaved key")
    get(f"{KEYS}/1/sent", "and confirmed")
    post(KEYS, {"made": "1"}, "the second time")
    post(f"{KEYS}/1/secret")
    post(f"{KEYS}/1/switch", {"to": "off"}, "off")
    post(f"{KEYS}/1", {"allow-all": "on", "code": BACKUP_CODE}, "for all rights")
    post(WHITELIST, {"addresses": CALLER}, "saved")
    for path in (*GUARDED, *OPEN, visitor.newest_link()):
        get(path, "of a furnished account")
    for name in site.ELSEWHERE:
        get(f"/elsewhere/{name}")
    get("/confirm/nothing")
    get(f"{KEYS}/77")
    get("/elsewhere/nowhere")
    get("/nothing")
    post(WHITELIST, {"addresses": PALMABOT}, "without one's own")
    get("/inbox", "of somebody locked out")


Check = Callable[[requests.Response, Reader], object]


def _address_is_here(address: str) -> bool:
    return address in ("", "data:,") or re.fullmatch(r"/(?!/)[A-Za-z0-9/?=&.%+_-]*", address) is not None


def _loads_nothing_from_elsewhere(reply: requests.Response, page: Reader) -> bool:
    named = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("href", "src", "action", "formaction", "srcset", "poster", "data", "cite", "background")
        or "href" in name
    ]
    others = [value for _, attributes in page.tags for value in attributes.values() if "//" in value]
    return all(map(_address_is_here, named)) and not others and len(named) > 2


def _runs_nothing(reply: requests.Response, page: Reader) -> bool:
    tags = {tag for tag, _ in page.tags}
    names = {name for _, attributes in page.tags for name in attributes}
    values = [value.lower() for _, attributes in page.tags for value in attributes.values()]
    return (
        not tags & {"script", "style", "iframe", "frame", "object", "embed", "base", "img", "template"}
        and not [name for name in names if name.startswith("on") or name in ("style", "srcdoc", "ping", "http-equiv")]
        and not [value for value in values if "javascript:" in value]
    )


def _policy_is_strict(reply: requests.Response, page: Reader) -> bool:
    parts = {part.strip() for part in reply.headers.get("Content-Security-Policy", "").split(";")}
    return parts == {
        *("default-src 'none'", "style-src 'self'", "img-src data:", "form-action 'self'", "base-uri 'none'"),
        "frame-ancestors 'none'",
    }


CHECKS: dict[str, Check] = {
    "says that it is practice": lambda reply, page: BANNER in page.text("strong"),
    "has the policy that lets nothing run": _policy_is_strict,
    "is not kept": lambda reply, page: reply.headers.get("Cache-Control") == "no-store",
    "is what it says it is": lambda reply, page: reply.headers.get("X-Content-Type-Options") == "nosniff",
    "is HTML": lambda reply, page: reply.headers["Content-Type"] == "text/html; charset=utf-8",
    "tells nobody else where it was": lambda reply, page: reply.headers.get("Referrer-Policy") == "same-origin",
    "runs nothing": _runs_nothing,
    "loads nothing from elsewhere": _loads_nothing_from_elsewhere,
    "has one h1 with words": lambda reply, page: len(page.all("h1")) == 1 and page.text("h1").strip(),
    "has a title": lambda reply, page: len(page.all("title")) == 1 and page.text("title").partition("·")[0].strip(),
    "says its language": lambda reply, page: page.all("html") == [{"lang": "en"}],
    "has a label for each field": lambda reply, page: not page.unlabelled,
    "closes its tags": lambda reply, page: not page.unmatched and reply.text.startswith("<!DOCTYPE html>"),
    "uses an id once": lambda reply, page: (
        len(ids := [attributes["id"] for _, attributes in page.tags if "id" in attributes]) == len(set(ids))
    ),
    "sends its forms with POST": lambda reply, page: {each["method"] for each in page.all("form")} == {"post"},
    "lets nothing typed be remembered": lambda reply, page: all(
        each.get("autocomplete") == "off" for each in page.all("input") if each.get("type") == "password"
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_page(pages: dict[str, tuple[requests.Response, Reader]], name: str) -> None:
    assert [path for path, (reply, page) in pages.items() if not CHECKS[name](reply, page)] == []
    assert len(pages) > 50


def test_the_style_sheet_loads_nothing_and_has_the_headers(visitor: Visitor) -> None:
    reply = visitor.get(STYLE)
    assert reply.headers["Content-Type"] == "text/css; charset=utf-8"
    assert _policy_is_strict(reply, Reader(""))
    assert (reply.headers["Cache-Control"], reply.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert not re.findall(r"@import|//|url\(\s*(?!['\"]?data:)", re.sub(r"/\*.*?\*/", "", reply.text, flags=re.DOTALL))


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/settings/", "/settings//whitelist", "/inbox/", "/INBOX", "/static/x", "/base.html"),
        *("/settings/nothing", "/elsewhere/nothing", "/elsewhere/", "/elsewhere/%3Cscript%3E", "/confirm/", "/🙂"),
        *("/%00",),
        *("/trading?name=NONE", "/trading?frame=H2", "/trading?frame=", "/trading?name=%3Cscript%3E"),
        *("/trading?name=%00",),
        *(f"{KEYS}/3", f"{KEYS}/0", f"{KEYS}/-1", f"{KEYS}/x", f"{KEYS}/1.0", f"{KEYS}/3/sent", f"{KEYS}/{'9' * 6000}"),
        *(f"{KEYS}/1/nothing", f"{KEYS}//1", "/trading?frame=h1", "/confirm/a/b"),
    ],
)
def test_what_does_not_exist_has_a_page_that_says_so(trader: Visitor, path: str) -> None:
    furnish(trader.exchange)
    reply = trader.get(path)
    assert reply.status_code == 404
    page = Reader(reply.text)
    assert page.text("h1") == "There is no such page here"
    assert BANNER in page.text("strong")
    assert not page.all("script")


@pytest.mark.parametrize("action", ["", "/secret", "/switch", "/delete"])
def test_a_form_for_a_key_that_does_not_exist_is_not_found(trader: Visitor, action: str) -> None:
    furnish(trader.exchange)
    before = snapshot(trader.exchange)
    reply = trader.post(f"{KEYS}/77{action}", {"code": BACKUP_CODE, "to": "off"})
    assert (reply.status_code, Reader(reply.text).text("h1")) == (404, "There is no such page here")
    assert snapshot(trader.exchange) == before


# -- what people type --


@pytest.mark.parametrize("typed", HOSTILE)
def test_a_hostile_nickname_is_only_text(trader: Visitor, typed: str) -> None:
    trader.post("/settings", {"password": PASSWORD, "nickname": typed})
    reply = trader.get("/settings")
    page = Reader(reply.text)
    assert page.value("nickname") == typed.strip()[:40]
    assert _runs_nothing(reply, page)


FIELDS = {name for sent in FORMS for name in sent.form} | {"allow-all"}
MARKUP = "'\"></textarea></title><u>typed</u>"


def test_markup_is_tried_in_every_field(pages: dict[str, tuple[requests.Response, Reader]]) -> None:
    tags = ("input", "textarea", "select", "button")
    named = {each["name"] for _, page in pages.values() for tag in tags for each in page.all(tag) if "name" in each}
    assert named == FIELDS


@pytest.mark.parametrize("sent", FORMS, ids=lambda each: each.path)
def test_markup_in_a_field_is_only_text_on_every_page(visitor: Visitor, sent: Sent) -> None:
    furnish(visitor.exchange)
    visitor.come(sent.level)
    for field in FIELDS:
        replies = [visitor.post(sent.path, {**sent.form, field: MARKUP})]
        replies += [visitor.get(path) for path in ("/settings", WHITELIST, KEYS, "/inbox")]
        for reply in replies:
            page = Reader(reply.text)
            assert not page.all("u"), (field, reply.url)
            assert not page.unmatched, (field, reply.url)


def test_no_template_leaves_the_escaping_out(exchange: PracticeExchange) -> None:
    assert exchange._server is not None
    assert isinstance(exchange._server.app, Flask)
    for file in assets.path("practice").glob("*.html"):
        assert exchange._server.app.select_jinja_autoescape(file.name)
        assert not re.search(r"\|\s*(safe|xmlattr)|autoescape|Markup", file.read_text()), file


@pytest.mark.parametrize("path", [*OPEN, *GUARDED])
def test_a_hostile_query_is_never_echoed(trader: Visitor, path: str) -> None:
    furnish(trader.exchange)
    query = dict.fromkeys(("sent", "saved", "change", "name", "frame", "wrong"), HOSTILE[0])
    assert "alert(1)" not in trader.get(path, params=query).text


def test_no_form_breaks_a_page(exchange: PracticeExchange) -> None:
    visitor = Visitor(exchange)
    names = [
        *("email", "password", "code", "nickname", "time-zone", "addresses", "made", "right", "allow-all", "to"),
        *("robot", "session", ""),
    ]
    good = [EMAIL, PASSWORD, BACKUP_CODE, "0", "1", "on", CALLER, "exchange_read", *HOSTILE]
    values = st.lists(st.one_of(st.sampled_from(good), st.text(max_size=60)), min_size=1, max_size=3)
    forms = st.dictionaries(st.sampled_from(names), values, max_size=5)

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(FORMS), forms, st.booleans(), st.booleans())
    def send(sent: Sent, typed: dict[str, list[str]], fills_in: bool, in_parts: bool) -> None:
        exchange._stage.open_account()
        furnish(exchange)
        visitor.be_signed_in()
        form: dict[str, str | Sequence[str]] = {**(sent.form if fills_in else {}), **typed}
        files = {"file": ("a\"'<b>", b"\0<script>")} if in_parts else None
        reply = visitor.post(sent.path, form, files=files, allow_redirects=False)
        assert reply.status_code in (200, 302, 400, 403, 404)
        for path in ("/settings", WHITELIST, KEYS):
            after = visitor.get(path)
            assert after.status_code in (200, 403)
            assert _runs_nothing(after, Reader(after.text))

    with visitor.session:
        send()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain; charset=nonsense",
        "",
        "🙂".encode().decode("latin-1"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"\xff\xfe\0=%zz&&&==", b"--x\r\n\r\n", b"a" * 60_000, b"=&" * 20_000, b"{}"])
def test_no_body_breaks_a_page(trader: Visitor, body: bytes, content_type: str) -> None:
    headers = {"Origin": trader.url, "Content-Type": content_type}
    for path in ("/settings", WHITELIST):
        reply = trader.session.post(trader.url + path, data=body, headers=headers, timeout=5)
        assert reply.status_code in (200, 400, 403, 413), path


# -- what is kept, and for how long --


def test_another_exchange_knows_neither_the_session_nor_the_keys(trader: Visitor) -> None:
    key = trader.make_key("exchange_read")
    trader.post(WHITELIST, {"addresses": f"{CALLER} {PALMABOT}"})
    with PracticeExchange(chance=Random(7)) as another:
        stranger = Visitor(another)
        stranger.session.cookies.update(trader.session.cookies)
        assert stranger.cookie
        assert stranger.ends_at(KEYS) == "/security-check"
        assert number(another, key) == 1002
        assert "No e-mail has arrived." in stranger.get("/inbox").text
        stranger.come("signed-in")
        assert stranger.read(WHITELIST).text("textarea") == ""
        assert key.key not in stranger.get(KEYS).text
        trader.session.cookies.update(stranger.session.cookies)  # a browser keeps one jar for both
        assert trader.ends_at(KEYS) == KEYS
        stranger.session.close()
    assert number(trader.exchange, key) == 200


@pytest.mark.parametrize("addresses", ["", f"{CALLER} {PALMABOT}", PALMABOT])
def test_start_over_forgets_everything(trader: Visitor, addresses: str) -> None:
    key = trader.make_key("exchange_read")
    trader.post(f"{KEYS}/1/secret")
    trader.post("/settings", {"password": PASSWORD, "nickname": "another", "time-zone": site.TIME_ZONES[2]})
    trader.post(WHITELIST, {"addresses": addresses})
    reply = trader.post("/start-over")
    assert (reply.status_code, urlsplit(reply.url).path) == (200, "/")
    assert number(trader.exchange, key) == 1002
    assert "No e-mail has arrived." in trader.get("/inbox").text
    for path in ("/two-factor", KEYS):
        assert trader.ends_at(path) == "/security-check"
    trader.come("signed-in")
    assert trader.read(WHITELIST).text("textarea") == ""
    assert trader.read("/settings").value("nickname") == NICKNAME
    assert "Please add one or more API keys" in trader.get(KEYS).text
    assert len(ask(trader.exchange, LIST, KEY, SECRET).json()) == 2
    assert trader.make_key("exchange_trade").id == 1


def test_the_link_of_a_forgotten_account_does_not_count(trader: Visitor) -> None:
    trader.press_new_key()
    trader.ask_rights(1, "exchange_read")
    link = trader.newest_link()
    trader.post("/start-over")
    assert trader.get(link).status_code == 404


# -- many at once, and failures --


def test_many_visitors_at_once_are_kept_apart(exchange: PracticeExchange) -> None:
    names = ("BTC/USDT", "ETH", "XRP", "LTC")

    def visit(place: int) -> list[str]:
        visitor = Visitor(exchange)
        with visitor.session:
            signs_in = place % 2 == 0
            visitor.come("signed-in" if signs_in else "human")
            seen = []
            for turn in range(4):
                name = names[(place // 2 + turn) % len(names)]
                visitor.post("/reset-password")
                page = visitor.read(f"/trading?name={name}")
                expected = f"{name} chart" if signs_in else "Sign in"
                if expected not in repr(page.tags) + repr(page.texts):
                    seen.append(f"{place} got another's page")
                if not signs_in and page.all("table"):
                    seen.append(f"{place} is in")
            return seen

    with ThreadPoolExecutor(12) as pool:
        assert [found for each in pool.map(visit, range(12)) for found in each] == []
    assert len(account(exchange).emails) == account(exchange).unread == 48


def test_many_clicks_at_once_start_one_key(trader: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    start_key = Account.start_key

    def take_long(mine: Account) -> SiteKey:
        time.sleep(0.02)
        return start_key(mine)

    monkeypatch.setattr(Account, "start_key", take_long)

    def click(_: int) -> int:
        with requests.Session() as session:
            session.trust_env = False
            session.cookies.update(trader.session.cookies)
            headers = {"Origin": trader.url}
            return session.post(trader.url + KEYS, {"made": "0"}, headers=headers, timeout=5).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(click, range(8))) == [200] * 8
    assert [each.id for each in account(trader.exchange).keys] == [1]


def test_the_api_answers_while_keys_are_made(trader: Visitor) -> None:
    key = trader.make_key("exchange_read")

    def call(_: int) -> int:
        return number(trader.exchange, key)

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(call, range(60))
        for _ in range(10):
            trader.press_new_key()
        assert set(answers) == {200}


@pytest.mark.parametrize(
    "failing, sent",
    [
        ("candles", "GET /trading"),
        ("render_template", "GET /inbox"),
        ("redirect", "GET /sign-in"),
        ("_account", f"GET {KEYS}"),
        ("_account", "POST /sign-up"),
        ("send_file", f"GET {STYLE}"),
        ("_named", f"POST {KEYS}/1/switch"),
    ],
)
def test_a_page_that_fails_says_so_plainly_and_keeps_nobody_waiting(
    trader: Visitor, failing: str, sent: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    furnish(trader.exchange)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the words of the error")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, failing, fail)
        method, path = sent.split()
        for _ in range(3):
            reply = trader.get(path) if method == "GET" else trader.post(path)
            assert reply.status_code == 500
            assert reply.headers["Content-Type"].startswith("text/html")
            assert "Internal Server Error" in reply.text
            assert "the words of the error" not in reply.text
            assert "Traceback" not in reply.text
    for after in ("/", KEYS, "/inbox", "/trading", STYLE):
        assert trader.get(after).status_code == 200
    assert trader.post("/sign-up").status_code == 200
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if not record.name.startswith("urllib3")]


@pytest.mark.parametrize("asked", ["POST /security-check", "GET /settings"])
@pytest.mark.parametrize("leaves", [True, False])
def test_a_form_that_does_not_come_to_its_end_keeps_nobody_waiting(trader: Visitor, leaves: bool, asked: str) -> None:
    address = ("127.0.0.1", urlsplit(trader.url).port or 0)
    head = (
        f"{asked} HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\nOrigin: {trader.url}\r\n"
        "Cookie: " + "; ".join(f"{each.name}={each.value}" for each in trader.session.cookies) + "\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\nrobot="
    )
    before = trader.exchange.requests
    with socket.create_connection(address, timeout=5) as sending:
        sending.sendall(head.encode())
        while trader.exchange.requests == before:
            time.sleep(0.01)
        if leaves:
            sending.close()
        time.sleep(0.05)
        assert trader.session.get(trader.url + KEYS, timeout=1).status_code == 200


def test_the_site_prints_and_logs_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with PracticeExchange() as exchange:
        visitor = Visitor(exchange)
        with visitor.session:
            for path in (*OPEN, STYLE, "/nothing"):
                visitor.get(path)
            visitor.post("/sign-up", headers={})
            visitor.come("signed-in").make_key("exchange_read")
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if not record.name.startswith("urllib3")]
