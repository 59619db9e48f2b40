"""Replies of every shape: nothing but a reading comes out, and nothing of a reply's words goes any further."""

from __future__ import annotations

import datetime
import json
import os
import string
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palma_wizard import report, verify
from palma_wizard.exchanges import (
    Auth,
    Call,
    Check,
    CheckState,
    Credentials,
    Exchange,
    Fault,
    Outcome,
    Reading,
    Reply,
    RightState,
    Verdict,
)
from palma_wizard.exchanges.registry import BY_NAME
from tests import test_bitstamp, test_cex, test_hitbtc

EXAMPLES = int(os.environ.get("PALMA_EXAMPLES", "200"))

MARKER: Final = "zmarkerz"
ENTRY: Final = test_hitbtc.ENTRY
WHEN: Final = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.UTC)
WELL: Final[Mapping[str, Mapping[str, Reply | Fault]]] = {
    "hitbtc2": test_hitbtc.WELL,
    "bitstamp": test_bitstamp.WELL,
    "cex": test_cex.WELL,
}

NUMBERS: Final = [
    *(429, 403, 10021, 21003, 21004, 1001, 1002, 1003, 1004, 1005, 1006, 10001, 600),
    *(0, -1, 10**400, 1e308, float("nan"), float("inf"), 1002.0, True),
]
CODES: Final = [
    *(
        "1002",
        "1003",
        "API0001",
        "API0002",
        "API0003",
        "API0004",
        "API0005",
        "API0006",
        "API0017",
        "400.002",
        "403.001",
    ),
    *("429", "٤٢٩", "1002 ", "API0005\n", "²", "9" * 5000, "\x00", "\ud800", "x" * 5000),
]
WORDS: Final = [
    *("No permission found", "ok", "error", "invalid api key", "Invalid Signature", "is NOT activated", "İ" * 300),
    *("nonce must be incremented", "permission denied", "RATE LIMIT", "key not passed or incorrect"),
]
ADDRESSES: Final = ["46.19.9.48", "0.0.0.0/0", "::/0", "fe80::1%eth0/64", "1.2.3.4/²", "1/1/1", "", " ", "٤.٤.٤.٤", "%"]
NAMES: Final = [
    *("error", "code", "message", "status", "reason", "response_code", "ok", "data", "username", "statusCode", "e"),
    *("api_key_first_six", "exchange_read", "exchange_trade", "bank_read", "bank_withdraw", "allowed_ips", "__all__"),
]
texts = (
    st.sampled_from([*CODES, *WORDS, *ADDRESSES, ENTRY.key[:6], MARKER, MARKER * 40])
    | st.text(max_size=12)
    | st.text(st.characters(), max_size=8).map(MARKER.__add__)
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(NUMBERS) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*NAMES, MARKER]) | texts, inner, max_size=5)
    ),
    max_leaves=10,
)
deep = st.sampled_from(
    [
        b"[" * 100_000,
        b'{"error":' * 50_000,
        b"[" * 900 + b"]" * 900,
        b'{"error":' * 300 + b"1" + b"}" * 300,
        b"9" * 10_000,
        b'{"error":{"code":' + b"9" * 4000 + b"}}",
        b'{"error":{"code":1002},"error":{"code":1003}}',
        b'{"code":"API0001","code":"API0003"}',
        b'{"ok":"ok","ok":"error","data":{}}',
        b'{"error":{"code":NaN}}',
        b'{"code":"\\ud800"}',
        b"\xef\xbb\xbf[]",
        b"\xff\xfe[\x00]\x00",
        b"\x00\x00\xfe\xff\x00\x00\x00[",
        b"<html>" + MARKER.encode(),
        b"",
    ]
)


def dumped(document: object) -> bytes:
    return json.dumps(document).encode()


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """The document with some of its fields lost, added or replaced."""
    if draw(st.integers(0, 5)) == 0:
        return draw(values)
    if isinstance(document, dict):
        kept = {name: draw(mutated(inner)) for name, inner in document.items() if draw(st.integers(0, 5))}
        return kept | (draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=2)) if draw(st.booleans()) else {})
    if isinstance(document, list):
        kept_rows = [draw(mutated(inner)) for inner in document]
        return kept_rows * draw(st.integers(0, 2))
    return document


ROW: Final = test_hitbtc.row(allowed_ips=["46.19.9.48", MARKER])
REFUSALS: Final[list[object]] = [
    {"error": {"code": 1002, "message": MARKER, "description": MARKER}},
    {"error": {"code": 1003, "message": MARKER}},
    {"error": {"code": "1002", "message": MARKER}},
    {"status": "error", "reason": MARKER, "code": "API0003"},
    {"status": "error", "reason": {"__all__": [MARKER]}, "response_code": "403.004"},
    {"error": "No permission found"},
    {"error": f"Invalid signature {MARKER}", "statusCode": 401},
    {"error": "Permission denied", "statusCode": 403},
]


def near(exchange: Exchange, call: Call) -> st.SearchStrategy[bytes]:
    """What the exchange would say to the call, or would say instead, nearly."""
    answer = WELL[exchange.id][call.id]
    assert isinstance(answer, Reply)
    documents = [json.loads(answer.body), *REFUSALS] + [[ROW], [ROW, ROW]] * (call.id == "rights")
    return st.sampled_from(documents).flatmap(mutated).map(dumped) | st.sampled_from(documents).map(dumped)


def answers_to(exchange: Exchange, call: Call) -> st.SearchStrategy[Reply | Fault]:
    near_or_far = near(exchange, call) | near(exchange, call) | values.map(dumped) | st.binary(max_size=60) | deep
    return (
        st.builds(
            Reply,
            st.sampled_from([200, 200, 200, 400, 401, 403, 404, 422, 429, 451, 500, 503]) | st.integers(0, 999),
            near_or_far,
            st.none() | st.floats() | st.sampled_from([0.1, 5.0, 5.1, -300.0]),
            st.none() | st.integers(0, 999_999),
        )
        | st.sampled_from([WELL[exchange.id][call.id]])
        | st.sampled_from(Fault)
    )


ANSWERS: Final = {
    name: st.fixed_dictionaries({call.id: answers_to(exchange, call) for call in exchange.calls})
    for name, exchange in BY_NAME.items()
}


def verdict_on(exchange: Exchange, answers: Mapping[str, Reply | Fault], entry: Credentials) -> Verdict:
    checks = tuple(
        Check(call.id, exchange.state(call, answers[call.id]), 1, verify._sign(exchange, answers[call.id]))
        for call in exchange.calls
    )
    return Verdict(exchange.id, practice=False, reading=exchange.read(answers, entry), checks=checks)


def holds(exchange: Exchange, answers: Mapping[str, Reply | Fault]) -> None:
    verdict = verdict_on(exchange, answers, ENTRY)
    reading = verdict.reading
    assert isinstance(reading, Reading)
    assert isinstance(reading.outcome, Outcome)
    states = {row.id: row.state for row in verdict.checks}
    private = [states[call.id] for call in exchange.calls if call.auth is not Auth.NONE]
    assert all(state in CheckState for state in private)
    if verdict.passed:
        assert CheckState.GRANTED in private
    else:
        assert reading.causes, "an outcome that stops a person must say why"
    if CheckState.GRANTED not in private:
        assert RightState.CONFIRMED not in reading.rights.values()
    if (probe := exchange.swap_probe(reading)) is not None:
        assert exchange.state(probe, answers[probe.id]) in CheckState
    shown = [*(row.sign for row in verdict.checks), report.write(verdict, WHEN), report.write(verdict, WHEN, ["::1"])]
    assert not any(MARKER in text for text in shown)
    assert all(len(row.sign) <= 30 and set(row.sign) <= PLAIN for row in verdict.checks)


PLAIN: Final = frozenset(string.ascii_letters + string.digits + " .-")

exchanges = pytest.mark.parametrize("exchange", BY_NAME.values(), ids=BY_NAME)


@exchanges
def test_any_replies_come_to_a_reading_that_shows_none_of_their_words(exchange: Exchange) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(ANSWERS[exchange.id])
    def tries(answers: Mapping[str, Reply | Fault]) -> None:
        holds(exchange, answers)

    tries()


@exchanges
def test_a_single_reply_gone_wrong_comes_to_a_reading_too(exchange: Exchange) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(st.sampled_from(exchange.calls).flatmap(lambda call: st.tuples(st.just(call), answers_to(exchange, call))))
    def tries(changed: tuple[Call, Reply | Fault]) -> None:
        call, answer = changed
        holds(exchange, {**WELL[exchange.id], call.id: answer})

    tries()


LIES: dict[str, Callable[[str], bytes]] = {
    "everywhere": lambda text: dumped(dict.fromkeys(NAMES, text)),
    "in the error": lambda text: dumped({"error": dict.fromkeys(NAMES, text)}),
    "in the row": lambda text: dumped([ROW | {"allowed_ips": [text], "api_key_first_six": ENTRY.key[:6]}]),
    "as it is": str.encode,
}


@exchanges
@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 422, 503])
def test_a_secret_in_every_field_of_every_reply_is_shown_nowhere(exchange: Exchange, name: str, status: int) -> None:
    for text in (ENTRY.key, ENTRY.secret, "up918273645", "918273645", MARKER):
        reply = Reply(status, LIES[name](text))
        verdict = verdict_on(exchange, dict.fromkeys((call.id for call in exchange.calls), reply), ENTRY)
        shown = "".join(row.sign for row in verdict.checks) + report.write(verdict, WHEN, ["192.0.2.7"])
        assert text not in shown
