"""Runs an exchange's calls side by side and reads their answers into one Verdict."""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from palma_wizard import workers
from palma_wizard.exchanges import (
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

TIME_LIMIT: Final = 20.0
"""Seconds for a whole check."""


async def check(
    exchange: Exchange,
    credentials: Credentials,
    *,
    practice_url: str | None = None,
    trust: ssl.SSLContext | None = None,
    on_check: Callable[[Check], None] = lambda _: None,
) -> Verdict:
    """Ask everything at once; `on_check` hears of each call as it ends, on the caller's thread.

    `practice_url` sends the same calls to the practice exchange; `trust` stands in for the system's certificates.
    Cancelling ends the requests under way at once.
    """
    door = Door(exchange.calls, base_url=practice_url, trust=trust)
    now = time.time_ns() // 1_000_000
    deadline = time.monotonic() + TIME_LIMIT
    answers: dict[str, Reply | Fault] = {}
    checks: dict[str, Check] = {}

    async def ask(call: Call, entry: Credentials) -> tuple[Reply | Fault, int]:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, deadline - begun)):
                moment = Moment(now, str(uuid.uuid4()))
                answer = await workers.run(_send, door, exchange, call, entry, moment)
        except TimeoutError:
            answer = Fault.TIMED_OUT
        return answer, round((time.monotonic() - begun) * 1000)

    async def one_row(call: Call) -> None:
        answers[call.id], ms = await ask(call, credentials)
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
            if exchange.swap_explains(answer):
                reading = replace(reading, causes=(Cause.SWAPPED, *reading.causes))
    finally:
        door.close()
    ordered = tuple(checks[call.id] for call in exchange.calls)
    counter = now // 1000 if exchange.counts else None
    return Verdict(exchange.id, practice_url is not None, reading, ordered, counter)


def _sign(exchange: Exchange, answer: Reply | Fault) -> str:
    if isinstance(answer, Fault):
        return answer.value
    return f"HTTP {answer.status} {exchange.code(answer)}".strip()


def _send(door: Door, exchange: Exchange, call: Call, credentials: Credentials, moment: Moment) -> Reply | Fault:
    return door.send(call, exchange.sign(call, credentials, moment))
