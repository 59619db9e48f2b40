"""A whole check, through real sockets, against the practice exchange."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from palma_wizard import transport, verify
from palma_wizard.exchanges import (
    Auth,
    Cause,
    Check,
    CheckState,
    Credentials,
    Moment,
    Outcome,
    Right,
    RightState,
    Verdict,
    hitbtc,
)
from palma_wizard.exchanges.registry import BY_NAME
from palma_wizard.practice import KEYS, SCENARIOS, PracticeExchange
from palma_wizard.practice.hitbtc import ApiKey
from palma_wizard.practice.hitbtc import Right as Box
from palma_wizard.practice.stage import HITBTC_KEY as PRACTICE_KEY
from palma_wizard.transport import Door
from tests.servers import Server, replies

KEY, SECRET = KEYS["hitbtc2"].key, KEYS["hitbtc2"].secret
ENTRY = Credentials(KEY, SECRET)
MISTYPED = (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
ADDRESS = (Cause.EMAIL_NOT_CONFIRMED, Cause.ADDRESS_LIST, Cause.KEY_INACTIVE)
COMES_TO: dict[str, tuple[Outcome, tuple[Cause, ...]]] = {
    "works": (Outcome.WORKS, ()),
    "wrong-key": (Outcome.WRONG_KEY, MISTYPED),
    "wrong-secret": (Outcome.WRONG_KEY, MISTYPED),
    "clock-off": (Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG,)),
    "address-not-allowed": (Outcome.ADDRESS_NOT_ALLOWED, ADDRESS),
    "email-not-confirmed": (Outcome.ADDRESS_NOT_ALLOWED, ADDRESS),
    "no-trade-right": (Outcome.MISSING_RIGHT, (Cause.TRADE_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED)),
    "can-withdraw": (Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,)),
    "rate-limited": (Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,)),
    "maintenance": (Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,)),
    "older-switched-off": (Outcome.WORKS, (Cause.OLDER_SWITCHED_OFF,)),
    "slow": (Outcome.WORKS, ()),
    "hangs": (Outcome.TIMED_OUT, (Cause.SLOW_NETWORK, Cause.MAINTENANCE)),
    "closes-half-way": (Outcome.NO_CONNECTION, (Cause.BROKEN_OFF, Cause.BLOCKED_ON_THE_WAY)),
    "html-instead-of-json": (Outcome.NOT_UNDERSTOOD, (Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED)),
    "wrong-user-id": (Outcome.WORKS, ()),
    "not-in-this-country": (Outcome.NOT_OFFERED_HERE, (Cause.NOT_IN_THIS_COUNTRY, Cause.BLOCKED_ON_THE_WAY)),
}


def check(
    practice: PracticeExchange, entry: Credentials = ENTRY, heard: Callable[[Check], None] = lambda _: None
) -> Verdict:
    return asyncio.run(verify.check(hitbtc, entry, practice_url=practice.url, on_check=heard))


def test_every_scenario_is_in_the_table() -> None:
    assert COMES_TO.keys() == set(SCENARIOS)


@pytest.mark.parametrize("scenario", COMES_TO)
def test_every_scenario_comes_to_its_outcome_and_causes(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if scenario == "hangs":
        monkeypatch.setattr(verify, "TIME_LIMIT", 0.5)
    heard: list[Check] = []
    begun = time.monotonic()
    with PracticeExchange(scenario) as practice:
        verdict = check(practice, heard=heard.append)
        asked = practice.requests
    assert time.monotonic() - begun < 3  # "slow" too, whose calls take 1.5 s each: they go side by side
    assert (verdict.outcome, verdict.reading.causes) == COMES_TO[scenario]
    assert verdict.passed is (verdict.outcome in {Outcome.WORKS, Outcome.CAN_WITHDRAW})
    assert verdict.practice
    assert verdict.exchange == "hitbtc2"
    assert [row.id for row in verdict.checks] == [call.id for call in hitbtc.calls]
    assert sorted(row.id for row in heard) == sorted(call.id for call in hitbtc.calls)
    assert {each.method for each in asked} == {"GET"}
    assert {each.scheme for each in asked if "/public/" in each.path} == {""}


def test_the_rights_and_addresses_of_a_good_key_are_told() -> None:
    with PracticeExchange() as practice:
        reading = check(practice).reading
    assert reading.rights == {
        Right.READ: RightState.CONFIRMED,
        Right.TRADE: RightState.CONFIRMED,
        Right.PAYMENT: RightState.CONFIRMED,
        Right.WITHDRAW: RightState.REFUSED,
    }
    assert reading.allowed_addresses == ()
    assert reading.clock_error == pytest.approx(0, abs=1.5)


def test_the_time_to_wait_is_told() -> None:
    with PracticeExchange("rate-limited") as practice:
        assert check(practice).reading.retry_after == 3


def test_an_address_list_without_palmabot_is_noted() -> None:
    with PracticeExchange() as practice:
        practice.add_key(replace(PRACTICE_KEY, allowed_ips=("203.0.113.7",)))
        verdict = check(practice)
    assert (verdict.outcome, verdict.reading.causes) == (Outcome.WORKS, (Cause.PALMABOT_NOT_ALLOWED,))
    assert verdict.reading.allowed_addresses == ("203.0.113.7",)


def test_two_keys_that_begin_alike_are_not_confused() -> None:
    with PracticeExchange("older-switched-off") as practice:
        practice.add_key(ApiKey(KEY[:6] + "x" * 26, "s" * 32, frozenset(Box), allowed_ips=("192.0.2.1",)))
        verdict = check(practice)
    assert verdict.reading.rights[Right.WITHDRAW] is RightState.UNKNOWN
    assert verdict.reading.allowed_addresses is None
    assert verdict.reading.causes == (Cause.WITHDRAW_UNKNOWN, Cause.OLDER_SWITCHED_OFF)


def test_a_swapped_key_and_secret_is_found_out_and_named_first() -> None:
    with PracticeExchange() as practice:
        verdict = check(practice, Credentials(SECRET, KEY))
        asked = practice.requests
    assert verdict.outcome is Outcome.WRONG_KEY
    assert verdict.reading.causes == (Cause.SWAPPED, *MISTYPED)
    assert not verdict.passed
    assert len(asked) == len(hitbtc.calls) + 1
    assert len(verdict.checks) == len(hitbtc.calls)


def test_a_key_that_is_wrong_either_way_is_not_called_swapped() -> None:
    with PracticeExchange() as practice:
        assert check(practice, Credentials("a" * 32, "b" * 32)).reading.causes == MISTYPED


@pytest.mark.parametrize(
    "entry", [Credentials("🔑\x00", "日本"), Credentials("a:b", ":"), Credentials("x" * 512, "y" * 512)]
)
def test_strange_keys_are_wrong_keys_and_nothing_worse(entry: Credentials) -> None:
    with PracticeExchange() as practice:
        assert check(practice, entry).outcome is Outcome.WRONG_KEY


def test_rows_are_heard_on_the_callers_thread() -> None:
    threads: set[threading.Thread] = set()
    with PracticeExchange() as practice:
        check(practice, heard=lambda _: threads.add(threading.current_thread()))
    assert threads == {threading.current_thread()}


def hung_up(connection: socket.socket) -> bool:
    """Whether the other side of an accepted connection has closed it; what was sent before is read on the way."""
    with contextlib.suppress(BlockingIOError):
        try:
            while connection.recv(65536, socket.MSG_DONTWAIT):
                pass
        except ConnectionError:
            return True
        return True
    return False


def all_hung_up(connections: list[socket.socket]) -> bool:
    until = time.monotonic() + 1
    while time.monotonic() < until:
        if all(hung_up(each) for each in connections):
            return True
        time.sleep(0.01)
    return False


async def _cancel_a_hanging_check(practice: PracticeExchange) -> float:
    running = asyncio.create_task(verify.check(hitbtc, ENTRY, practice_url=practice.url))
    while len(practice.requests) < len(hitbtc.calls):
        await asyncio.sleep(0.01)
    begun = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return time.monotonic() - begun


def test_a_cancelled_check_returns_at_once_and_its_connections_end() -> None:
    with PracticeExchange("hangs") as practice:
        took = asyncio.run(_cancel_a_hanging_check(practice))
        assert took < 0.2
        server = practice._server
        assert server is not None
        connections = list(server._connections)
        assert len(connections) == len(hitbtc.calls)
        assert all_hung_up(connections)


def test_the_whole_check_has_a_limit_and_leaves_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify.TIME_LIMIT == 20.0
    monkeypatch.setattr(verify, "TIME_LIMIT", 0.3)
    with PracticeExchange("hangs") as practice:
        begun = time.monotonic()
        verdict = check(practice)
        assert time.monotonic() - begun < 0.8
        server = practice._server
        assert server is not None
        assert all_hung_up(list(server._connections))
    assert {row.state for row in verdict.checks} == {CheckState.NO_ANSWER}
    assert all(250 <= row.ms < 700 for row in verdict.checks)


def test_a_practice_exchange_that_has_stopped_is_no_connection() -> None:
    with PracticeExchange() as practice:
        url = practice.url
    verdict = asyncio.run(verify.check(hitbtc, ENTRY, practice_url=url))
    assert verdict.outcome is Outcome.NO_CONNECTION


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    with PracticeExchange() as practice:
        check(practice)
    until = time.monotonic() + 2
    while (left := set(threading.enumerate()) - before) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left


@pytest.mark.parametrize("name", BY_NAME)
def test_every_call_arrives_as_it_was_signed_and_the_public_one_without_a_key(name: str) -> None:
    exchange = BY_NAME[name]
    entry = Credentials("the-key", "the-secret", "the-user-id")
    moment = Moment(1_700_000_000_000, "6f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f")
    with Server(replies()) as server:
        door = Door(exchange.calls, base_url=server.url)
        for call in exchange.calls:
            door.send(call, exchange.sign(call, entry, moment))
        door.close()
    for call, asked in zip(exchange.calls, server.asked, strict=True):
        head, _, body = asked.partition(b"\r\n\r\n")
        signed = exchange.sign(call, entry, moment)
        assert head.startswith(f"{call.method} {call.target} HTTP/1.1\r\n".encode())
        assert body == signed.body
        for header, value in signed.headers.items():
            assert f"\r\n{header}: {value}\r\n".lower().encode() in (head + b"\r\n").lower()
        assert (b"the-key" in asked or b"authorization" in asked.lower()) is (call.auth is not Auth.NONE)
        assert b"the-secret" not in asked


def test_an_older_connection_that_counts_is_asked_once_with_the_seconds_that_are_told() -> None:
    for name in ("bitstamp", "cex"):
        with PracticeExchange() as practice:
            own = KEYS[name]
            entry = Credentials(own.key, own.secret, own.user_id)
            begun = int(time.time())
            verdict = asyncio.run(verify.check(BY_NAME[name], entry, practice_url=practice.url))
            older = [each for each in practice.requests if each.scheme == "older"]
        assert len(older) == 1
        assert verdict.counter is not None
        assert begun - 3 <= verdict.counter <= begun + 1
    with PracticeExchange() as practice:
        assert check(practice).counter is None


@pytest.mark.parametrize("name", ["bitstamp", "cex"])
def test_two_tests_within_a_second_do_not_count_alike(name: str) -> None:
    own = KEYS[name]
    entry = Credentials(own.key, own.secret, own.user_id)
    with PracticeExchange() as practice:
        first, second = (asyncio.run(verify.check(BY_NAME[name], entry, practice_url=practice.url)) for _ in range(2))
    assert first.counter is not None
    assert second.counter is not None
    assert first.counter < second.counter <= time.time()
    assert Cause.COUNTER_USED not in second.reading.causes


def test_a_counter_far_ahead_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    own = KEYS["cex"]
    with PracticeExchange() as practice:
        monkeypatch.setitem(verify._counted, ("cex", practice.url), int(time.time()) + 3600)
        begun = time.monotonic()
        asyncio.run(
            verify.check(BY_NAME["cex"], Credentials(own.key, own.secret, own.user_id), practice_url=practice.url)
        )
        assert time.monotonic() - begun < 3


class Clock:
    """The module `time` of a computer whose clock is wrong."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead

    def time(self) -> float:
        return time.time() + self._ahead

    def time_ns(self) -> int:
        return time.time_ns() + self._ahead * 10**9


@pytest.mark.parametrize("name", ["bitstamp", "cex"])
@pytest.mark.parametrize("ahead", [86_400, -86_400], ids=["a day ahead", "a day behind"])
def test_a_wrong_clock_does_not_lock_out_a_bot_that_counts_by_the_right_one(
    name: str, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PracticeExchange() as practice:
        own = KEYS[name]
        monkeypatch.setattr(verify, "time", Clock(ahead))
        monkeypatch.setattr(transport, "time", Clock(ahead))
        entry = Credentials(own.key, own.secret, own.user_id)
        verdict = asyncio.run(verify.check(BY_NAME[name], entry, practice_url=practice.url))
    assert verdict.counter is not None
    assert time.time() - 5 <= verdict.counter <= time.time()


def test_nothing_is_said_to_be_counted_where_nothing_arrived() -> None:
    with PracticeExchange() as practice:
        url = practice.url
    verdict = asyncio.run(verify.check(BY_NAME["cex"], Credentials("k", "s", "u"), practice_url=url))
    assert verdict.outcome is Outcome.NO_CONNECTION
    assert verdict.counter is None
