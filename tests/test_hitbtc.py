"""HitBTC's answers, as they are understood: every table here is a fact from the exchange's published documents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pickle
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palma_wizard.exchanges import (
    OPENED,
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
    failures,
    hitbtc,
)

ENTRY = Credentials("Vt3xQ_hN81sLw-Kd0aZpRy7MfUj5Eb2G", "nH4_cX9vTq0-LsYwB6dEr1KzJm8PfGa7")
NOW = Moment(1_700_000_000_000, "6f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f")
V3_PRIVATE = ("account", "rights", "read", "trade", "payment")
V2 = ("withdraw", "palmabot")
ALL = ("reach", *V3_PRIVATE, *V2)
HTML = b"<!DOCTYPE html><html><body>Log in</body></html>"

Answers = dict[str, Reply | Fault]


def json_reply(document: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode(), clock_error=0.1)


def refusal(code: int | str, status: int) -> Reply:
    return json_reply({"error": {"code": code, "message": "any words at all"}}, status)


def row(**changes: object) -> dict[str, object]:
    return {
        "api_key_first_six": ENTRY.key[:6],
        "key_name": "PalmaBot",
        "exchange_read": True,
        "exchange_trade": True,
        "bank_read": True,
        "bank_withdraw": False,
        "allowed_ips": [],
        "is_active": True,
    } | changes


def listed(*rows: Mapping[str, object]) -> Reply:
    return json_reply(list(rows))


K1002 = refusal(1002, 401)
K1003 = refusal(1003, 403)
GONE = Reply(404, HTML)
LATE = Reply(429, b"", retry_after=3)
DOWN = refusal(503, 503)
PAGE = Reply(200, HTML)

WELL: Answers = {
    "reach": json_reply({"type": "spot"}),
    "account": json_reply({"result": []}),
    "read": json_reply([{"currency": "BTC", "available": "0.1"}]),
    "trade": json_reply([]),
    "payment": json_reply([]),
    "withdraw": K1003,
    "rights": listed(row()),
    "palmabot": json_reply([{"currency": "BTC", "available": "0.1"}]),
}


def every(answer: Reply | Fault, *ids: str) -> Answers:
    return dict.fromkeys(ids or ALL, answer)


def off(seconds: float, answers: Mapping[str, Reply | Fault]) -> Answers:
    """The same answers from an exchange whose clock is `seconds` behind this one."""
    whole = {**WELL, **answers}
    return {id: a._replace(clock_error=seconds) if isinstance(a, Reply) else a for id, a in whole.items()}


STATES = {
    "c": RightState.CONFIRMED,
    "r": RightState.REFUSED,
    "i": RightState.INFERRED,
    "u": RightState.UNKNOWN,
}
ADDRESS = (Cause.EMAIL_NOT_CONFIRMED, Cause.ADDRESS_LIST, Cause.KEY_INACTIVE)
MISTYPED = (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
MUTE = (Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED)
CHANGED = (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)
RIGHTS = (Right.READ, Right.TRADE, Right.PAYMENT, Right.WITHDRAW)
LATE_CAUSES = (Cause.SLOW_NETWORK, Cause.MAINTENANCE)

# what answers differently, outcome, causes, and the rights: read, trade, payment, withdraw
CASES: dict[str, tuple[Answers, Outcome, tuple[Cause, ...], str]] = {
    "all is well": ({}, Outcome.WORKS, (), "cccr"),
    "a new account has no balances": (every(json_reply([]), "read", "payment"), Outcome.WORKS, (), "cccr"),
    "sub-accounts come as a list": ({"account": json_reply([])}, Outcome.WORKS, (), "cccr"),
    "payment is not ticked": (
        {"payment": K1003, "rights": listed(row(bank_read=False))},
        *(Outcome.WORKS, (), "ccrr"),
    ),
    # the key is not known
    "1002 everywhere": (every(K1002, *V3_PRIVATE, *V2), Outcome.WRONG_KEY, MISTYPED, "uuuu"),
    "1002 as a string": (every(refusal("1002", 401), *V3_PRIVATE, *V2), Outcome.WRONG_KEY, MISTYPED, "uuuu"),
    "1001 everywhere": (every(refusal(1001, 401), *V3_PRIVATE, *V2), Outcome.WRONG_KEY, MISTYPED, "uuuu"),
    "1004 everywhere": (every(refusal(1004, 401), *V3_PRIVATE, *V2), Outcome.WRONG_KEY, MISTYPED, "uuuu"),
    "1002 while v2 is gone": (
        every(K1002, *V3_PRIVATE) | every(GONE, *V2),
        *(Outcome.WRONG_KEY, MISTYPED, "uuuu"),
    ),
    "one 1002 and else silence": (
        every(Fault.TIMED_OUT) | {"read": K1002},
        *(Outcome.WRONG_KEY, MISTYPED, "uuuu"),
    ),
    "1002 on v3 alone": (
        every(K1002, *V3_PRIVATE),
        *(Outcome.WRONG_SIGNATURE, (Cause.SIGNATURE_REFUSED, Cause.CLOCK_WRONG), "uuuu"),
    ),
    # the clock
    "1002 on v3 alone, clock ahead": (
        off(300, every(K1002, *V3_PRIVATE)),
        *(Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG,), "uuuu"),
    ),
    "1002 on v3 alone, clock behind": (
        off(-300, every(K1002, *V3_PRIVATE)),
        *(Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG,), "uuuu"),
    ),
    "1002 everywhere, clock off": (
        off(300, every(K1002, *V3_PRIVATE, *V2)),
        *(Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG, *MISTYPED), "uuuu"),
    ),
    "1002 everywhere, clock off by five seconds": (
        off(5.0, every(K1002, *V3_PRIVATE, *V2)),
        *(Outcome.WRONG_KEY, MISTYPED, "uuuu"),
    ),
    "works with a clock that is off": (off(-7, {}), Outcome.WORKS, (Cause.CLOCK_WRONG,), "cccr"),
    # 1003
    "1003 everywhere": (every(K1003, *V3_PRIVATE, *V2), Outcome.ADDRESS_NOT_ALLOWED, ADDRESS, "uuuu"),
    "1003 everywhere, v2 gone": (
        every(K1003, *V3_PRIVATE) | every(GONE, *V2),
        *(Outcome.ADDRESS_NOT_ALLOWED, ADDRESS, "uuuu"),
    ),
    "1003 on v3 and no list": (
        every(K1003, *V3_PRIVATE, *V2) | {"rights": GONE},
        *(Outcome.ADDRESS_NOT_ALLOWED, ADDRESS, "uuuu"),
    ),
    "1003 on trade": (
        {"trade": K1003, "rights": listed(row(exchange_trade=False))},
        *(Outcome.MISSING_RIGHT, (Cause.TRADE_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED), "crcr"),
    ),
    "1003 on trade though it is listed": (
        {"trade": K1003},
        *(Outcome.MISSING_RIGHT, (Cause.TRADE_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED), "crcr"),
    ),
    "1003 on read": (
        {"read": K1003, "palmabot": K1003},
        *(Outcome.MISSING_RIGHT, (Cause.READ_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED), "rccr"),
    ),
    "1003 on all but the account": (
        {**every(K1003, *V3_PRIVATE, *V2), "account": WELL["account"]},
        *(
            Outcome.MISSING_RIGHT,
            (Cause.READ_NOT_TICKED, Cause.TRADE_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED),
            "rrrr",
        ),
    ),
    "1003 on trade, and it may withdraw": (
        {"trade": K1003, "withdraw": json_reply({"fee": "0.1"})},
        *(
            Outcome.MISSING_RIGHT,
            (Cause.TRADE_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED, Cause.WITHDRAW_TICKED),
            "crcc",
        ),
    ),
    # withdrawals
    "the estimate is answered": (
        {"withdraw": json_reply({"fee": "0.1"}), "rights": listed(row(bank_withdraw=True))},
        *(Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,), "cccc"),
    ),
    "the estimate is answered though the list denies it": (
        {"withdraw": json_reply({"fee": "0.1"})},
        *(Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,), "cccc"),
    ),
    "withdraw is listed but refused": (
        {"rights": listed(row(bank_withdraw=True))},
        *(Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,), "ccci"),
    ),
    "the estimate fails on its arguments": (
        {"withdraw": refusal(10001, 400), "rights": GONE},
        *(Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,), "ccci"),
    ),
    "the estimate fails on its arguments, code as a string": (
        {"withdraw": refusal("10001", 400)},
        *(Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,), "ccci"),
    ),
    "withdraw is listed and v2 is gone": (
        every(GONE, *V2) | {"rights": listed(row(bank_withdraw=True))},
        *(Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED, Cause.OLDER_SWITCHED_OFF), "cccc"),
    ),
    "nobody tells about withdrawals": (
        every(GONE, *V2, "rights"),
        *(Outcome.WORKS, (Cause.WITHDRAW_UNKNOWN, Cause.OLDER_SWITCHED_OFF), "cccu"),
    ),
    # the list of keys
    "the list is not there": ({"rights": GONE}, Outcome.WORKS, (), "cccr"),
    "the list is forbidden": ({"rights": K1003}, Outcome.WORKS, (), "cccr"),
    "the list is forbidden by a page": ({"rights": Reply(403, HTML)}, Outcome.WORKS, (), "cccr"),
    "the list times out": ({"rights": Fault.TIMED_OUT}, Outcome.WORKS, (), "cccr"),
    "the list holds other keys alone": (
        {"rights": listed(row(api_key_first_six="other1", bank_withdraw=True))},
        *(Outcome.WORKS, (), "cccr"),
    ),
    "two keys begin with the same six characters": (
        {**every(GONE, *V2), "rights": listed(row(), row(bank_withdraw=True))},
        *(Outcome.WORKS, (Cause.WITHDRAW_UNKNOWN, Cause.OLDER_SWITCHED_OFF), "cccu"),
    ),
    "the list fills in for a slow answer": ({"trade": Fault.TIMED_OUT}, Outcome.WORKS, (), "cccr"),
    "the list denies what did not answer": (
        {"trade": Fault.TIMED_OUT, "rights": listed(row(exchange_trade=False))},
        *(Outcome.MISSING_RIGHT, (Cause.TRADE_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED), "crcr"),
    ),
    # what is needed did not answer, and nobody fills in
    "trade timed out, no list": (
        {"trade": Fault.TIMED_OUT, "rights": GONE},
        *(Outcome.TIMED_OUT, LATE_CAUSES, "cucr"),
    ),
    "read limited, no list": (
        {"read": LATE, "rights": GONE},
        *(Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uccr"),
    ),
    "trade down, no list": (
        {"trade": DOWN, "rights": GONE},
        *(Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,), "cucr"),
    ),
    # API 2.0
    "v2 answers 404": (every(GONE, *V2), Outcome.WORKS, (Cause.OLDER_SWITCHED_OFF,), "cccr"),
    "v2 answers 410": (every(Reply(410, b""), *V2), Outcome.WORKS, (Cause.OLDER_SWITCHED_OFF,), "cccr"),
    "v2 answers a page": (every(PAGE, *V2), Outcome.WORKS, (Cause.OLDER_SWITCHED_OFF,), "cccr"),
    "v2 is reset": (every(Fault.BROKEN_OFF, *V2), Outcome.WORKS, (Cause.OLDER_SWITCHED_OFF,), "cccr"),
    "v2 refuses the key": (every(K1002, *V2), Outcome.WORKS, (Cause.OLDER_REFUSED,), "cccr"),
    "v2 forbids the balance": ({"palmabot": K1003}, Outcome.WORKS, (Cause.OLDER_REFUSED,), "cccr"),
    "v2 is down": (every(DOWN, *V2), Outcome.WORKS, (Cause.OLDER_UNKNOWN,), "cccr"),
    "v2 is limited": (every(LATE, *V2), Outcome.WORKS, (Cause.OLDER_UNKNOWN,), "cccr"),
    "v2 times out": (every(Fault.TIMED_OUT, *V2), Outcome.WORKS, (Cause.OLDER_UNKNOWN,), "cccr"),
    # addresses
    "PalmaBot's address is not listed": (
        {"rights": listed(row(allowed_ips=["203.0.113.7"]))},
        *(Outcome.WORKS, (Cause.PALMABOT_NOT_ALLOWED,), "cccr"),
    ),
    "PalmaBot's address is listed": (
        {"rights": listed(row(allowed_ips=["203.0.113.7", "46.19.9.48"]))},
        *(Outcome.WORKS, (), "cccr"),
    ),
    "PalmaBot's address is in a range": (
        {"rights": listed(row(allowed_ips=["46.19.9.0/24"]))},
        *(Outcome.WORKS, (), "cccr"),
    ),
    "the addresses are of a strange shape": (
        {"rights": listed(row(allowed_ips={"46": 1}))},
        *(Outcome.WORKS, (), "cccr"),
    ),
    # the exchange
    "429 everywhere": (every(LATE), Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uuuu"),
    "code 429 in another status": (
        every(refusal(429, 400)),
        *(Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uuuu"),
    ),
    "500 everywhere": (every(refusal(500, 500)), Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,), "uuuu"),
    "503 everywhere": (every(DOWN), Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,), "uuuu"),
    "504 without words": (every(Reply(504, b"")), Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,), "uuuu"),
    "a page everywhere": (every(PAGE), Outcome.NOT_UNDERSTOOD, MUTE, "uuuu"),
    "nothing is there any more": (every(GONE), Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
    "another error everywhere": (every(refusal(600, 400)), Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
    "the account is forbidden": (
        every(refusal(403, 401), *V3_PRIVATE, *V2),
        *(Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_BLOCKED,), "uuuu"),
    ),
    "the account is disabled": (
        every(refusal(10021, 400), *V3_PRIVATE, *V2),
        *(Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_BLOCKED,), "uuuu"),
    ),
    # the way there: the rest of that table is in test_failures.py
    "a stranger's certificate, and silence": (
        every(Fault.TIMED_OUT) | {"read": Fault.UNTRUSTED},
        *(Outcome.UNTRUSTED_CONNECTION, failures.TABLE[Fault.UNTRUSTED][1], "uuuu"),
    ),
    "every answer breaks off": (
        every(Fault.BROKEN_OFF),
        *(Outcome.NO_CONNECTION, (Cause.BROKEN_OFF, Cause.BLOCKED_ON_THE_WAY), "uuuu"),
    ),
    "no answer in time": (every(Fault.TIMED_OUT), Outcome.TIMED_OUT, LATE_CAUSES, "uuuu"),
    "endless answers": (every(Fault.TOO_LARGE), Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
}


@pytest.mark.parametrize("name", CASES)
def test_answers_are_read_as_documented(name: str) -> None:
    changes, outcome, causes, letters = CASES[name]
    reading = hitbtc.read({**WELL, **changes}, ENTRY)
    rights = {right: STATES[letter] for right, letter in zip(RIGHTS, letters, strict=True)}
    assert (reading.outcome, reading.causes, dict(reading.rights)) == (outcome, causes, rights)


@pytest.mark.parametrize("name", CASES)
def test_the_order_of_the_answers_does_not_matter(name: str) -> None:
    answers = {**WELL, **CASES[name][0]}
    backwards = dict(reversed(answers.items()))
    first, second = hitbtc.read(answers, ENTRY), hitbtc.read(backwards, ENTRY)
    assert (first.outcome, first.causes, first.rights) == (second.outcome, second.causes, second.rights)


@pytest.mark.parametrize(
    "rights, told",
    [
        (listed(row()), ()),
        (listed(row(allowed_ips=["46.19.9.48", "2001:db8::/32"])), ("46.19.9.48", "2001:db8::/32")),
        (listed(row(allowed_ips=None)), None),
        (listed(row(allowed_ips=[1])), None),
        (listed(row(), row()), None),
        (listed(row(api_key_first_six="other1", allowed_ips=["192.0.2.1"])), None),
        (GONE, None),
        (K1003, None),
    ],
    ids=["any", "two", "null", "not texts", "two rows alike", "of another key", "gone", "forbidden"],
)
def test_the_allowed_addresses_are_told_or_are_none(rights: Reply, told: tuple[str, ...] | None) -> None:
    assert hitbtc.read({**WELL, "rights": rights}, ENTRY).allowed_addresses == told


def test_waiting_times_and_the_clock_of_the_public_call_are_passed_on() -> None:
    answers = {**WELL, **every(LATE._replace(clock_error=9.0)), "reach": Reply(429, b"", 0.25, 7)}
    reading = hitbtc.read(answers, ENTRY)
    assert (reading.retry_after, reading.clock_error) == (7, 0.25)


@pytest.mark.parametrize(
    "call, answer, state",
    [
        (hitbtc.REACH, WELL["reach"], CheckState.GRANTED),
        (hitbtc.REACH, json_reply([]), CheckState.UNREADABLE),
        (hitbtc.READ, json_reply({}), CheckState.UNREADABLE),
        (hitbtc.READ, Reply(200, b""), CheckState.UNREADABLE),
        (hitbtc.READ, Reply(200, b"[" * 100_000), CheckState.UNREADABLE),
        (hitbtc.ACCOUNT, refusal(1002, 200), CheckState.REJECTED),
        (hitbtc.ACCOUNT, refusal(20001, 200), CheckState.UNREADABLE),
        (hitbtc.READ, refusal(10001, 400), CheckState.UNREADABLE),
        (hitbtc.WITHDRAW, refusal(10001, 400), CheckState.PAST_THE_DOOR),
        (hitbtc.WITHDRAW, Reply(400, HTML), CheckState.PAGE),
        (hitbtc.READ, Reply(302, b""), CheckState.PAGE),
        (hitbtc.READ, Reply(401, HTML), CheckState.PAGE),
        (hitbtc.READ, refusal(True, 401), CheckState.UNREADABLE),
        (hitbtc.READ, Fault.TOO_LARGE, CheckState.UNREADABLE),
        (hitbtc.READ, Fault.RESET, CheckState.NO_ANSWER),
    ],
)
def test_one_answer_is_matched_on_status_and_code(call: Call, answer: Reply | Fault, state: CheckState) -> None:
    assert hitbtc.state(call, answer) is state


def test_every_call_is_a_get_of_the_documented_list() -> None:
    assert {(call.method, call.target.partition("?")[0]) for call in hitbtc.calls} == {
        ("GET", "/api/3/public/symbol/BTCUSDT"),
        ("GET", "/api/3/sub-account"),
        ("GET", "/api/3/user/api-keys"),
        ("GET", "/api/3/spot/balance"),
        ("GET", "/api/3/spot/order"),
        ("GET", "/api/3/wallet/balance"),
        ("GET", "/api/2/account/crypto/estimate-withdraw"),
        ("GET", "/api/2/trading/balance"),
    }
    assert len({call.id for call in hitbtc.calls}) == len(hitbtc.calls)
    assert {call.host for call in hitbtc.calls} == {"api.hitbtc.com"}


def test_a_signed_header_matches_a_vector_made_with_openssl() -> None:
    # printf 'GET/api/3/spot/balance1700000000000' | openssl dgst -sha256 -hmac SECRET
    signature = "4b042aeeeb44469f299fe3f7a5fb910458b152ebc1118aa48f7c62968cd8df12"
    plain = f"{ENTRY.key}:{signature}:1700000000000"
    scheme, _, parameters = hitbtc.sign(hitbtc.READ, ENTRY, NOW).headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(parameters).decode()) == ("HS256", plain)


@pytest.mark.parametrize("call", hitbtc.calls, ids=lambda call: str(call.id))
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1),
    st.text(min_size=1).filter(lambda text: text.isprintable()),
    st.integers(0, 2**45),
)
@settings(max_examples=20, deadline=None)
def test_headers_agree_with_an_independent_computation(call: Call, key: str, secret: str, now: int) -> None:
    signed = hitbtc.sign(call, Credentials(key, secret), Moment(now, NOW.uuid))
    assert signed.body == b""
    made = dict(signed.headers)
    if call.auth is Auth.NONE:
        assert made == {}
        return
    assert list(made) == ["Authorization"]
    if call.auth is Auth.OLDER:
        assert made["Authorization"] == "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
        return
    message = call.method + call.target + str(now)
    digest = hmac.new(bytes(secret, "utf-8"), bytes(message, "utf-8"), hashlib.sha256)
    expected = base64.b64encode(f"{key}:{digest.hexdigest()}:{now}".encode()).decode("ascii")
    assert made["Authorization"] == "HS256 " + expected


@pytest.mark.parametrize("outcome", Outcome)
def test_the_swap_is_tried_after_a_wrong_key_alone(outcome: Outcome) -> None:
    probe = hitbtc.swap_probe(Reading(outcome, {}))
    assert probe == (hitbtc.ACCOUNT if outcome is Outcome.WRONG_KEY else None)


@pytest.mark.parametrize(
    "answer, explains",
    [(WELL["account"], True), (K1003, True), (K1002, False), (PAGE, False), (DOWN, False), (Fault.TIMED_OUT, False)],
    ids=["opens", "opens but forbidden", "refused", "page", "down", "silence"],
)
def test_the_swap_explains_when_the_other_way_round_opens(answer: Reply | Fault, explains: bool) -> None:
    assert (hitbtc.state(hitbtc.ACCOUNT, answer) in OPENED) is explains


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
errors = st.fixed_dictionaries(
    {"error": json_values | st.fixed_dictionaries({"code": json_values | st.sampled_from([1002, 1003, 403, 429])})}
)
own_rows = st.lists(
    st.fixed_dictionaries(
        {"api_key_first_six": st.just(ENTRY.key[:6]) | json_values},
        optional={name: json_values for name in row() if name != "api_key_first_six"},
    ),
    max_size=3,
)
documents = (json_values | errors | own_rows).map(lambda document: json.dumps(document).encode())
replies = st.builds(
    Reply,
    st.sampled_from([200, 400, 401, 403, 404, 410, 429, 500, 503]) | st.integers(0, 999),
    st.binary() | documents,
    st.none() | st.floats(allow_nan=False),
    st.none() | st.integers(0, 999_999),
)


@given(st.fixed_dictionaries({id: replies | st.sampled_from(Fault) for id in ALL}))
@settings(max_examples=100, deadline=None)
def test_any_answers_give_a_reading_and_never_an_exception(answers: Answers) -> None:
    reading = hitbtc.read(answers, ENTRY)
    assert isinstance(reading, Reading)
    assert set(reading.rights) == set(RIGHTS)
    passed = reading.outcome in {Outcome.WORKS, Outcome.CAN_WITHDRAW}
    assert passed or reading.causes, "an outcome that stops a person must say why"
    if passed:
        assert {reading.rights[Right.READ], reading.rights[Right.TRADE]} == {RightState.CONFIRMED}


@given(st.sampled_from(hitbtc.calls), replies)
@settings(max_examples=100, deadline=None)
def test_any_reply_has_a_state(call: Call, reply: Reply) -> None:
    assert hitbtc.state(call, reply) in CheckState


def test_credentials_show_nothing_and_are_never_pickled() -> None:
    assert ENTRY.key not in repr(ENTRY)
    assert ENTRY.secret not in f"{ENTRY!r} {ENTRY} {[ENTRY]}"
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps(ENTRY)


def test_a_reply_does_not_show_its_body() -> None:
    assert "available" not in repr(WELL["read"])


def test_the_module_is_an_exchange() -> None:
    exchange: Exchange = hitbtc
    assert exchange.id == "hitbtc2"
