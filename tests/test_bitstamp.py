"""Bitstamp's answers, as they are understood: every table here is a fact from the exchange's published documents."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palma_wizard.exchanges import (
    Auth,
    Call,
    Cause,
    CheckState,
    Credentials,
    Exchange,
    Fault,
    Moment,
    Outcome,
    Reading,
    Reply,
    Right,
    RightState,
    bitstamp,
    failures,
)

ENTRY = Credentials("Vt3xQhN81sLwKd0aZpRy7MfUj5Eb2Gq4", "nH4cX9vTq0LsYwB6dEr1KzJm8PfGa7u2", "1234567")
NOW = Moment(1_700_000_000_999, "6f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f")
NEWER = ("read", "history", "orders")
PRIVATE = (*NEWER, "palmabot")
ALL = ("reach", *PRIVATE)
HTML = b"<!DOCTYPE html><html><body>Log in</body></html>"

Answers = dict[str, Reply | Fault]


def json_reply(document: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode(), clock_error=0.1)


def refusal(code: str, status: int = 403, name: str = "code") -> Reply:
    return json_reply({"status": "error", "reason": "any words at all", name: code}, status)


NO_PERMISSION = json_reply({"error": "No permission found"}, 403)
GONE = Reply(404, HTML)
LATE = Reply(429, b"", retry_after=3)
DOWN = Reply(503, b"")
PAGE = Reply(200, HTML)

WELL: Answers = {
    "reach": json_reply({"last": "100", "timestamp": "1700000000"}),
    "read": json_reply([{"currency": "btc", "total": "1", "available": "1", "reserved": "0"}]),
    "history": json_reply([]),
    "orders": json_reply([]),
    "palmabot": json_reply({"btc_available": "1", "btc_balance": "1", "fee": "0.5"}),
}


def every(answer: Reply | Fault, *ids: str) -> Answers:
    return dict.fromkeys(ids or ALL, answer)


def off(seconds: float, answers: Mapping[str, Reply | Fault]) -> Answers:
    whole = {**WELL, **answers}
    return {id: a._replace(clock_error=seconds) if isinstance(a, Reply) else a for id, a in whole.items()}


STATES = {
    "c": RightState.CONFIRMED,
    "r": RightState.REFUSED,
    "i": RightState.INFERRED,
    "d": RightState.DOUBTED,
    "u": RightState.UNKNOWN,
}
RIGHTS = (Right.READ, Right.HISTORY, Right.TRADE, Right.WITHDRAW)
UNKNOWN_KEY = (Cause.KEY_MISTYPED, Cause.KEY_NOT_ACTIVATED, Cause.KEY_DELETED)
CHANGED = (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)
MUTE = (Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED)
NOT_TOLD = (Cause.WITHDRAW_UNKNOWN,)

# what answers differently, outcome, causes, and the rights: read, history, trade, withdraw
CASES: dict[str, tuple[Answers, Outcome, tuple[Cause, ...], str]] = {
    "all is well": ({}, Outcome.WORKS, NOT_TOLD, "cciu"),
    "a new account has no balances": ({"read": json_reply([])}, Outcome.WORKS, NOT_TOLD, "cciu"),
    "the ticker is not there": ({"reach": GONE}, Outcome.WORKS, NOT_TOLD, "cciu"),
    "history is not ticked": ({"history": refusal("API0003")}, Outcome.WORKS, NOT_TOLD, "criu"),
    "history is not ticked, without a code": ({"history": NO_PERMISSION}, Outcome.WORKS, NOT_TOLD, "criu"),
    "history is down": ({"history": DOWN}, Outcome.WORKS, NOT_TOLD, "cuiu"),
    # the key
    "API0001": (every(refusal("API0001"), *PRIVATE), Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    "API0008": (every(refusal("API0008"), *PRIVATE), Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    "API0011": (every(refusal("API0011"), *PRIVATE), Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    "API0001 by its other name": (
        every(refusal("API0001", name="response_code"), *PRIVATE),
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    "one API0001 and else silence": (
        every(Fault.TIMED_OUT) | {"read": refusal("API0001")},
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    # the secret
    "API0005 everywhere": (
        every(refusal("API0005"), *PRIVATE),
        *(Outcome.WRONG_KEY, (Cause.SECRET_MISTYPED,), "uuuu"),
    ),
    "API0005 while the older way is gone": (
        every(refusal("API0005"), *NEWER) | {"palmabot": GONE},
        *(Outcome.WRONG_KEY, (Cause.SECRET_MISTYPED,), "uuuu"),
    ),
    "API0005 though the older way opens": (
        every(refusal("API0005"), *NEWER),
        *(Outcome.WRONG_SIGNATURE, (Cause.SIGNATURE_REFUSED,), "uuuu"),
    ),
    # the user id
    "API0005 on the older way alone": (
        {"palmabot": refusal("API0005")},
        *(Outcome.WRONG_USER_ID, (Cause.USER_ID_WRONG, Cause.OLDER_SWITCHED_OFF), "cciu"),
    ),
    # the address and the account
    "API0002": (
        every(refusal("API0002"), *PRIVATE),
        *(Outcome.ADDRESS_NOT_ALLOWED, (Cause.ADDRESS_LIST,), "uuuu"),
    ),
    "API0006": (every(refusal("API0006"), *PRIVATE), Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_BLOCKED,), "uuuu"),
    "API0009": (
        every(refusal("API0009"), *PRIVATE),
        *(Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_INCOMPLETE,), "uuuu"),
    ),
    "403.001": (
        every(refusal("403.001", name="response_code"), *PRIVATE),
        *(Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_INCOMPLETE,), "uuuu"),
    ),
    "one API0006, and else nobody is there": (
        every(DOWN, *PRIVATE) | {"history": refusal("API0006")},
        *(Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_BLOCKED,), "uuuu"),
    ),
    "one API0009, and else too many questions": (
        every(LATE, *PRIVATE) | {"orders": refusal("API0009")},
        *(Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_INCOMPLETE,), "uuuu"),
    ),
    "one API0004, and else silence": (
        every(Fault.TIMED_OUT, *PRIVATE) | {"read": refusal("API0004")},
        *(Outcome.NOT_UNDERSTOOD, (Cause.COUNTER_USED,), "uuuu"),
    ),
    "403.004": (
        {"orders": refusal("403.004", name="response_code")},
        *(Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_BLOCKED,), "ccuu"),
    ),
    "API0002 for the orders alone": (
        {"orders": refusal("API0002")},
        *(Outcome.ADDRESS_NOT_ALLOWED, (Cause.ADDRESS_LIST,), "ccuu"),
    ),
    "the older way is not let in from here": (
        {"palmabot": refusal("API0002")},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_REFUSED), "cciu"),
    ),
    "one API0002 among answers": (
        {"history": refusal("API0002")},
        *(Outcome.WORKS, NOT_TOLD, "cuiu"),
    ),
    # the clock
    "API0017": (every(refusal("API0017"), *NEWER), Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG,), "uuuu"),
    "API0017 with a clock that is off": (
        off(300, every(refusal("API0017"), *NEWER)),
        *(Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG,), "uuuu"),
    ),
    "works with a clock that is off": (off(7, {}), Outcome.WORKS, (*NOT_TOLD, Cause.CLOCK_WRONG), "cciu"),
    "a wrong key with a clock that is off": (
        off(300, every(refusal("API0001"), *PRIVATE)),
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    # rights
    "nothing is ticked": (
        every(refusal("API0003"), *PRIVATE),
        *(Outcome.MISSING_RIGHT, (Cause.READ_NOT_TICKED, Cause.TRADE_DOUBTED, Cause.KEY_NOT_ACTIVATED), "rrdu"),
    ),
    "nothing is ticked, without a code": (
        every(NO_PERMISSION, *PRIVATE),
        *(Outcome.MISSING_RIGHT, (Cause.READ_NOT_TICKED, Cause.TRADE_DOUBTED, Cause.KEY_NOT_ACTIVATED), "rrdu"),
    ),
    "orders is not ticked": (
        {"orders": refusal("API0003")},
        *(Outcome.MISSING_RIGHT, (Cause.TRADE_DOUBTED, Cause.KEY_NOT_ACTIVATED), "ccdu"),
    ),
    "the balance is not ticked": (
        {"read": refusal("API0003"), "palmabot": refusal("API0003")},
        *(Outcome.MISSING_RIGHT, (Cause.READ_NOT_TICKED, Cause.KEY_NOT_ACTIVATED), "rciu"),
    ),
    "orders timed out": (
        {"orders": Fault.TIMED_OUT},
        *(Outcome.TIMED_OUT, (Cause.SLOW_NETWORK, Cause.MAINTENANCE), "ccuu"),
    ),
    "the balance is limited": ({"read": LATE}, Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uciu"),
    "orders is down": ({"orders": DOWN}, Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,), "ccuu"),
    # the older way
    "the older counter was used": (
        {"palmabot": refusal("API0004")},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.COUNTER_USED), "cciu"),
    ),
    "the older way is gone": ({"palmabot": GONE}, Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_SWITCHED_OFF), "cciu"),
    **{
        f"the older way asks for the newer one, {code}": (
            {"palmabot": refusal(code)},
            *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_SWITCHED_OFF), "cciu"),
        )
        for code in ("API0000", "API0010", "API0012", "API0016")
    },
    "the older way says something else": (
        {"palmabot": refusal("API0019")},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_UNKNOWN), "cciu"),
    ),
    "the older way is a page": ({"palmabot": PAGE}, Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_SWITCHED_OFF), "cciu"),
    "the older way is reset": (
        {"palmabot": Fault.RESET},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_SWITCHED_OFF), "cciu"),
    ),
    "the older way refuses the key": (
        {"palmabot": refusal("API0001")},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_REFUSED), "cciu"),
    ),
    "the older way refuses the balance": (
        {"palmabot": refusal("API0003")},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_REFUSED), "cciu"),
    ),
    "the older way is down": ({"palmabot": DOWN}, Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_UNKNOWN), "cciu"),
    "the older way is limited": ({"palmabot": LATE}, Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_UNKNOWN), "cciu"),
    "the older way times out": (
        {"palmabot": Fault.TIMED_OUT},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_UNKNOWN), "cciu"),
    ),
    # the exchange
    "429 everywhere": (every(LATE), Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uuuu"),
    "400.002": (every(refusal("400.002", 400)), Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uuuu"),
    "400.067": (every(refusal("400.067", 400)), Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uuuu"),
    "503 everywhere": (every(DOWN), Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,), "uuuu"),
    "a page everywhere": (every(PAGE), Outcome.NOT_UNDERSTOOD, MUTE, "uuuu"),
    "nothing is there any more": (every(GONE), Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
    "codes of our own making": (every(refusal("API0018"), *PRIVATE), Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
    "an error without a code": (
        every(json_reply({"status": "error", "reason": {"__all__": ["words"]}}), *PRIVATE),
        *(Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
    ),
    "a stranger's certificate": (
        every(Fault.UNTRUSTED),
        *(Outcome.UNTRUSTED_CONNECTION, failures.TABLE[Fault.UNTRUSTED][1], "uuuu"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_answers_are_read_as_documented(name: str) -> None:
    changes, outcome, causes, letters = CASES[name]
    reading = bitstamp.read({**WELL, **changes}, ENTRY)
    rights = {right: STATES[letter] for right, letter in zip(RIGHTS, letters, strict=True)}
    assert (reading.outcome, reading.causes, dict(reading.rights)) == (outcome, causes, rights)
    assert reading.allowed_addresses is None


@pytest.mark.parametrize("name", CASES)
def test_the_order_of_the_answers_does_not_matter(name: str) -> None:
    answers = {**WELL, **CASES[name][0]}
    first, second = bitstamp.read(answers, ENTRY), bitstamp.read(dict(reversed(answers.items())), ENTRY)
    assert (first.outcome, first.causes, first.rights) == (second.outcome, second.causes, second.rights)


def test_waiting_times_and_the_clock_of_the_public_call_are_passed_on() -> None:
    answers = {**WELL, **every(LATE._replace(clock_error=9.0)), "reach": Reply(429, b"", 0.25, 7)}
    reading = bitstamp.read(answers, ENTRY)
    assert (reading.retry_after, reading.clock_error) == (7, 0.25)


CODES = {
    "API0001": CheckState.REJECTED,
    "API0002": CheckState.FOREIGN,
    "API0003": CheckState.REFUSED,
    "API0004": CheckState.COUNTER,
    "API0005": CheckState.UNSIGNED,
    "API0006": CheckState.BLOCKED,
    "API0008": CheckState.REJECTED,
    "API0009": CheckState.INCOMPLETE,
    "API0011": CheckState.REJECTED,
    "API0017": CheckState.CLOCK,
    **dict.fromkeys(("API0000", "API0010", *(f"API00{number}" for number in range(12, 17))), CheckState.GONE),
    "403.001": CheckState.INCOMPLETE,
    "403.004": CheckState.BLOCKED,
    "400.002": CheckState.LIMITED,
    "400.067": CheckState.LIMITED,
}


@pytest.mark.parametrize(
    "call", [call for call in bitstamp.calls if call.auth is not Auth.NONE], ids=lambda c: str(c.id)
)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
@pytest.mark.parametrize(
    "code", [*(f"API{number:04}" for number in range(30)), "403.001", "403.004", "400.002", "400.067"]
)
def test_a_code_has_one_meaning_whatever_the_status(call: Call, status: int, code: str) -> None:
    otherwise = {404: CheckState.GONE, 500: CheckState.DOWN}.get(status, CheckState.UNREADABLE)
    assert bitstamp.state(call, refusal(code, status)) is CODES.get(code, otherwise)


@pytest.mark.parametrize(
    "call, answer, state",
    [
        (bitstamp.REACH, json_reply([]), CheckState.UNREADABLE),
        (bitstamp.READ, json_reply({}), CheckState.UNREADABLE),
        (bitstamp.READ, json_reply([], 201), CheckState.UNREADABLE),
        (bitstamp.READ, Reply(200, b""), CheckState.UNREADABLE),
        (bitstamp.READ, Reply(200, b"[" * 100_000), CheckState.UNREADABLE),
        (bitstamp.PALMABOT, json_reply([]), CheckState.UNREADABLE),
        (bitstamp.PALMABOT, json_reply({"error": "Invalid signature"}), CheckState.UNREADABLE),
        (bitstamp.PALMABOT, json_reply({"status": "error"}), CheckState.UNREADABLE),
        (bitstamp.READ, NO_PERMISSION, CheckState.REFUSED),
        (bitstamp.READ, json_reply({"code": True}), CheckState.UNREADABLE),
        (bitstamp.READ, json_reply({"code": 403.001}), CheckState.UNREADABLE),
        (bitstamp.READ, json_reply({"code": ["API0001"]}), CheckState.UNREADABLE),
        (bitstamp.READ, Reply(302, b""), CheckState.PAGE),
        (bitstamp.READ, Reply(403, HTML), CheckState.ELSEWHERE),
        (bitstamp.READ, Fault.TOO_LARGE, CheckState.UNREADABLE),
        (bitstamp.READ, Fault.RESET, CheckState.NO_ANSWER),
    ],
)
def test_one_answer_is_matched_on_status_and_code(call: Call, answer: Reply | Fault, state: CheckState) -> None:
    assert bitstamp.state(call, answer) is state


@pytest.mark.parametrize(
    "answer, shown",
    [
        (refusal("API0005"), "API0005"), (refusal("403.004", name="response_code"), "403.004"),
        (refusal("api0005"), ""), (refusal("API00051"), ""), (refusal("API0005 for key"), ""),
        (refusal("API0005\n"), ""), (refusal("API\u0660\u0660\u0660\u0665"), ""), (refusal(ENTRY.key), ""),
        (refusal(ENTRY.user_id), ""), (WELL["read"], ""), (WELL["reach"], ""), (PAGE, ""),
        (json_reply({"code": {"API0005": 1}}), ""), (Reply(200, b"\xff"), ""),
    ],
)  # fmt: skip
def test_only_short_codes_are_shown(answer: Reply, shown: str) -> None:
    assert bitstamp.code(answer) == shown


def test_the_calls_are_the_documented_ones_that_only_read() -> None:
    assert [(call.id, call.method, call.host + call.target, call.auth) for call in bitstamp.calls] == [
        ("reach", "GET", "www.bitstamp.net/api/v2/ticker/btcusd/", Auth.NONE),
        ("read", "POST", "www.bitstamp.net/api/v2/account_balances/", Auth.SIGNED),
        ("history", "POST", "www.bitstamp.net/api/v2/user_transactions/", Auth.SIGNED),
        ("orders", "POST", "www.bitstamp.net/api/v2/open_orders/all/", Auth.SIGNED),
        ("palmabot", "POST", "www.bitstamp.net/api/v2/balance/", Auth.OLDER),
    ]
    for word in ("withdraw", "transfer", "buy", "sell", "cancel", "revoke", "close", "convert", "deposit", "address"):
        assert not any(word in call.target for call in bitstamp.calls)


def test_the_newer_signature_is_the_documents_recipe() -> None:
    # 'BITSTAMP ' + key + method + host + path + query + (content type: none) + nonce + timestamp + 'v2' + (body: none)
    words = (
        "BITSTAMP Vt3xQhN81sLwKd0aZpRy7MfUj5Eb2Gq4POSTwww.bitstamp.net/api/v2/account_balances/"
        "6f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f1700000000999v2"
    )
    signed = bitstamp.sign(bitstamp.READ, ENTRY, NOW)
    assert signed.body == b""
    assert signed.headers == {
        "X-Auth": "BITSTAMP Vt3xQhN81sLwKd0aZpRy7MfUj5Eb2Gq4",
        "X-Auth-Nonce": "6f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f",
        "X-Auth-Timestamp": "1700000000999",
        "X-Auth-Version": "v2",
        "X-Auth-Signature": hmac.new(ENTRY.secret.encode(), words.encode(), hashlib.sha256).hexdigest(),
    }


def test_the_older_signature_is_the_documents_recipe_and_counts_in_whole_seconds() -> None:
    words = b"1700000000" + b"1234567" + b"Vt3xQhN81sLwKd0aZpRy7MfUj5Eb2Gq4"
    signed = bitstamp.sign(bitstamp.PALMABOT, ENTRY, NOW)
    assert signed.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert dict(parse_qsl(signed.body.decode(), strict_parsing=True)) == {
        "key": ENTRY.key,
        "signature": hmac.new(ENTRY.secret.encode(), words, hashlib.sha256).hexdigest().upper(),
        "nonce": "1700000000",
    }


def test_one_call_alone_takes_the_older_way() -> None:
    assert [call.id for call in bitstamp.calls if call.auth is Auth.OLDER] == ["palmabot"]
    assert bitstamp.counts


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize("call", bitstamp.calls, ids=lambda call: str(call.id))
@given(words, words, words, st.integers(10**12, 10**13 - 1))
@settings(max_examples=20, deadline=None)
def test_whatever_the_entry_the_secret_is_not_sent(call: Call, key: str, secret: str, user_id: str, now: int) -> None:
    planted = f"planted{secret}"
    signed = bitstamp.sign(call, Credentials(key, planted, user_id), Moment(now, NOW.uuid))
    sent = {**signed.headers, **dict(parse_qsl(signed.body.decode()))}
    assert not any(planted in value for value in sent.values() if key not in value)
    if call.auth is Auth.NONE:
        assert sent == {}
    if call.auth is Auth.OLDER:
        assert len(sent["nonce"]) == 10


@pytest.mark.parametrize("outcome", Outcome)
def test_no_swap_is_tried_since_it_would_send_the_secret_as_the_key(outcome: Outcome) -> None:
    assert bitstamp.swap_probe(Reading(outcome, {}, UNKNOWN_KEY)) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*CODES, "No permission found"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["code", "response_code", "error", "status", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)
bodies = st.binary() | json_values.map(lambda document: json.dumps(document).encode())
replies = st.builds(
    Reply,
    st.sampled_from([200, 400, 401, 403, 404, 429, 503]) | st.integers(0, 999),
    bodies,
    st.none() | st.floats(),
    st.none() | st.integers(0, 999_999),
)


@given(st.fixed_dictionaries({id: replies | st.sampled_from(Fault) for id in ALL}))
@settings(max_examples=100, deadline=None)
def test_any_answers_give_a_reading_and_never_an_exception(answers: Answers) -> None:
    reading = bitstamp.read(answers, ENTRY)
    assert set(reading.rights) == set(RIGHTS)
    assert reading.causes, "withdrawals are never known, so there is always something to say"
    if reading.outcome is Outcome.WORKS:
        assert reading.rights[Right.READ] is RightState.CONFIRMED
        assert reading.rights[Right.TRADE] is RightState.INFERRED


def test_the_module_is_an_exchange() -> None:
    exchange: Exchange = bitstamp
    assert exchange.id == "bitstamp"
