"""Runs an exchange's calls side by side and reads their answers into one Verdict."""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections.abc import Callable
from typing import Final

from palma_wizard import workers
from palma_wizard.exchanges import (
    OPENED,
    Auth,
    Call,
    Cause,
    Check,
    Credentials,
    Exchange,
    Fault,
    Moment,
    Reply,
    Verdict,
)
from palma_wizard.transport import Door

_MAY_HAVE_ARRIVED: Final = (Fault.RESET, Fault.BROKEN_OFF, Fault.TIMED_OUT, Fault.TOO_LARGE)
TIME_LIMIT: Final = 20.0
"""Seconds for a whole check."""
_LONGEST_COUNTER_WAIT: Final = 5
_counted: dict[tuple[str, str | None], int] = {}
"""The last number an older connection was given, by exchange and practice address: the next must be higher."""


async def check(
    exchange: Exchange,
    credentials: Credentials,
    *,
    practice_url: str | None = None,
    trust: ssl.SSLContext | None = None,
    on_check: Callable[[Check], None] = lambda _: None,
) -> Verdict:
    """Ask everything at once; `on_check` hears of each call as it ends, on the caller's thread.

    An older connection that counts is asked once the exchange has told its time. `practice_url` sends the same calls
    to the practice exchange; `trust` stands in for the system's certificates.
    Cancelling ends the requests under way at once.
    """
    door = Door(exchange.calls, base_url=practice_url, trust=trust)
    reached = asyncio.Event()
    counter: int | None = None
    deadline = time.monotonic() + TIME_LIMIT
    answers: dict[str, Reply | Fault] = {}
    checks: dict[str, Check] = {}

    async def ask(call: Call, entry: Credentials) -> tuple[Reply | Fault, int]:
        nonlocal counter
        ms = time.time_ns() // 1_000_000
        if exchange.counts and call.auth is Auth.OLDER:
            await reached.wait()
            ms = await _time_to_count(exchange.id, practice_url, answers[exchange.calls[0].id])
            counter = ms // 1000
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, deadline - begun)):
                moment = Moment(ms, str(uuid.uuid4()))
                answer = await workers.run(_send, door, exchange, call, entry, moment)
        except TimeoutError:
            answer = Fault.TIMED_OUT
        return answer, round((time.monotonic() - begun) * 1000)

    async def one_row(call: Call) -> None:
        answers[call.id], ms = await ask(call, credentials)
        if call is exchange.calls[0]:
            reached.set()
        answer = answers[call.id]
        row = Check(call.id, exchange.state(call, answer), ms, _sign(exchange, answer))
        checks[call.id] = row
        on_check(row)

    try:
        async with asyncio.TaskGroup() as rows:
            for call in exchange.calls:
                rows.create_task(one_row(call))
        reading = exchange.read(answers, credentials)
        if (probe := exchange.swap_probe(reading)) is not None:
            swapped = Credentials(credentials.secret, credentials.key, credentials.user_id)
            answer, _ = await ask(probe, swapped)
            if exchange.state(probe, answer) in OPENED:
                reading = reading._replace(causes=(Cause.SWAPPED, *reading.causes))
    finally:
        door.close()
    ordered = tuple(checks[call.id] for call in exchange.calls)
    arrived = any(
        call.auth is Auth.OLDER and (isinstance(answers[call.id], Reply) or answers[call.id] in _MAY_HAVE_ARRIVED)
        for call in exchange.calls
    )
    return Verdict(exchange.id, practice_url is not None, reading, ordered, counter if arrived else None)


async def _time_to_count(exchange: str, practice_url: str | None, reached: Reply | Fault) -> int:
    """Two tests within a second would count alike, so the second waits for the next."""
    ms = _exchange_time(reached)
    ahead = _counted.get((exchange, practice_url), 0) - ms // 1000
    if 0 <= ahead <= _LONGEST_COUNTER_WAIT:
        wait = (ahead + 1) * 1000 - ms % 1000
        await asyncio.sleep(wait / 1000)
        ms += wait
    _counted[exchange, practice_url] = ms // 1000
    return ms


def _exchange_time(reached: Reply | Fault) -> int:
    """Milliseconds since 1970 on the exchange's clock, rather late than early; on this computer's where it told none.

    A counter that runs ahead would lock out a bot that counts by the right time.
    """
    ms = time.time_ns() // 1_000_000
    if isinstance(reached, Reply) and reached.clock_error is not None:
        ms -= round(reached.clock_error * 1000) + 1000
    return ms


def _sign(exchange: Exchange, answer: Reply | Fault) -> str:
    if isinstance(answer, Fault):
        return answer.value
    return f"HTTP {answer.status} {exchange.code(answer)}".strip()


def _send(door: Door, exchange: Exchange, call: Call, credentials: Credentials, moment: Moment) -> Reply | Fault:
    return door.send(call, exchange.sign(call, credentials, moment))
