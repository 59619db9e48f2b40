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

from palma_wizard import verify
from palma_wizard.exchanges import (
    Cause,
    Check,
    CheckState,
    Credentials,
    Outcome,
    Right,
    RightState,
    Verdict,
    hitbtc,
)
from palma_wizard.practice import KEY, SCENARIOS, SECRET, PracticeExchange
from palma_wizard.practice.hitbtc import ApiKey
from palma_wizard.practice.hitbtc import Right as Box
from palma_wizard.practice.stage import PRACTICE_KEY

ENTRY = Credentials(KEY, SECRET)
MISTYPED = (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
ADDRESS = (Cause.ADDRESS_LIST, Cause.EMAIL_NOT_CONFIRMED, Cause.KEY_INACTIVE)
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
    "v2-switched-off": (Outcome.WORKS, (Cause.V2_SWITCHED_OFF,)),
    "slow": (Outcome.WORKS, ()),
    "hangs": (Outcome.TIMED_OUT, (Cause.SLOW_NETWORK, Cause.MAINTENANCE)),
    "closes-half-way": (Outcome.NO_CONNECTION, (Cause.BROKEN_OFF, Cause.BLOCKED_ON_THE_WAY)),
    "html-instead-of-json": (Outcome.NOT_UNDERSTOOD, (Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED)),
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
    with PracticeExchange("v2-switched-off") as practice:
        practice.add_key(ApiKey(KEY[:6] + "x" * 26, "s" * 32, frozenset(Box), allowed_ips=("192.0.2.1",)))
        verdict = check(practice)
    assert verdict.reading.rights[Right.WITHDRAW] is RightState.UNKNOWN
    assert verdict.reading.allowed_addresses is None
    assert verdict.reading.causes == (Cause.WITHDRAW_UNKNOWN, Cause.V2_SWITCHED_OFF)


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
