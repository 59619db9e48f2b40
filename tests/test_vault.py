"""The one door to the keyring, against a real gnome-keyring on a private D-Bus."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError, PasswordSetError

import palma_wizard
from palma_wizard import vault
from palma_wizard.entry import DEFAULT_LABEL
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.vault import MOST_ACCOUNTS, SIZE_LIMIT, Saved, Trouble, Vault, VaultError

ENTRY = Credentials("key-of-a-test", "secret-of-a-test", "1234")
OTHER = Credentials("another-key", "another-secret")
TODAY = datetime.date(2026, 3, 4)
MAIN = DEFAULT_LABEL


@pytest.fixture
def real(keyring_session: object) -> Iterator[Vault]:
    """The store for real keys, empty before and after."""
    store = vault.open_vault()
    _empty(store)
    yield store
    _empty(store)


@pytest.fixture
def practice(keyring_session: object) -> Iterator[Vault]:
    store = vault.open_vault(practice=True)
    _empty(store)
    yield store
    _empty(store)


def _empty(store: Vault) -> None:
    for exchange in EXCHANGES:
        for slot in vault._SLOTS:
            store._remove(store._slot(exchange, slot))


def test_what_is_saved_is_loaded_and_forgotten(real: Vault) -> None:
    assert real.load("hitbtc2") is None
    assert not real.forget("hitbtc2")
    real.save("hitbtc2", ENTRY, TODAY)
    assert real.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)
    assert vault.open_vault().load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)
    assert real.forget("hitbtc2")
    assert real.load("hitbtc2") is None
    assert not real.forget("hitbtc2")


def test_another_key_takes_a_place_only_where_that_is_wanted(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY, ["203.0.113.7"])
    with pytest.raises(VaultError) as caught:
        real.save("hitbtc2", OTHER, TODAY)
    assert caught.value.trouble is Trouble.EXISTS
    later = TODAY + datetime.timedelta(1)
    real.save("hitbtc2", ENTRY, later)
    assert real.load("hitbtc2") == Saved(MAIN, ENTRY, later, ("203.0.113.7",)), "the same key is no other"
    real.save("hitbtc2", OTHER, TODAY + datetime.timedelta(1), replace=True)
    assert real.load("hitbtc2") == Saved(MAIN, OTHER, TODAY + datetime.timedelta(1))


def test_practice_and_real_keys_lie_apart(real: Vault, practice: Vault) -> None:
    practice.save("hitbtc2", OTHER, TODAY)
    assert real.load("hitbtc2") is None
    real.save("hitbtc2", ENTRY, TODAY)
    assert practice.load("hitbtc2") == Saved(MAIN, OTHER, TODAY)
    assert practice.forget("hitbtc2")
    assert real.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)


def test_exchanges_lie_apart(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY)
    assert real.load("bitstamp") is None
    assert not real.forget("cex")


@pytest.mark.parametrize("text", ["🔑", "日本", 'quote"\\', " "], ids=ascii)
def test_any_text_comes_back_as_it_went_in(text: str, real: Vault) -> None:
    real.save("hitbtc2", Credentials(text, text, text), TODAY)
    assert real.load("hitbtc2") == Saved(MAIN, Credentials(text, text, text), TODAY)


@pytest.mark.parametrize("text", ["\x00", "a\r\nb", "\u202e"], ids=ascii)
def test_what_could_not_be_read_again_is_not_saved(text: str, real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY)
    with pytest.raises(VaultError, match="not-kept"):
        real.save("hitbtc2", Credentials(text, "s"), TODAY, replace=True)
    assert real.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)


def test_an_item_of_the_highest_order_does_not_spoil_the_next(real: Vault) -> None:
    put(real, 1, json.dumps({**GOOD_ITEM, "order": 999_999_999, "label": "other"}))
    real.save("hitbtc2", ENTRY, TODAY)
    assert real.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)


def test_what_another_program_wrote_over_ours_stays(real: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows of no lock, and chose the same slot in the same moment."""
    write = real._write
    theirs = json.dumps({**GOOD_ITEM, "key": "key-of-another"})

    def write_and_be_overwritten(service: str, text: str) -> None:
        write(service, text)
        if text != theirs:
            write(service, theirs)

    monkeypatch.setattr(real, "_write", write_and_be_overwritten)
    with pytest.raises(VaultError, match="not-kept"):
        real.save("hitbtc2", ENTRY, TODAY)
    found = real.load("hitbtc2")
    assert found is not None
    assert found.credentials.key == "key-of-another"


GOOD_ITEM: dict[str, object] = {
    "version": 1,
    "order": 1,
    "label": "main",
    "key": "k",
    "secret": "s",
    "user_id": "",
    "saved_on": "2026-03-04",
    "let_in": [],
}
BROKEN = {
    "not JSON": "what is this",
    "nothing": "{}",
    "null": "null",
    "a number": "7",
    "a list": "[1]",
    "a text": '"version"',
    "deep": "[" * 100_000,
    "half": json.dumps(GOOD_ITEM)[:-9],
    "an earlier version": json.dumps(GOOD_ITEM | {"version": 0}),
    "a version that is a text": json.dumps(GOOD_ITEM | {"version": "2"}),
    "no key": json.dumps({name: value for name, value in GOOD_ITEM.items() if name != "key"}),
    "an empty key": json.dumps(GOOD_ITEM | {"key": ""}),
    "an empty secret": json.dumps(GOOD_ITEM | {"secret": ""}),
    "a key that is a number": json.dumps(GOOD_ITEM | {"key": 7}),
    "a day that is none": json.dumps(GOOD_ITEM | {"saved_on": "2026-02-30"}),
    "a day that is a number": json.dumps(GOOD_ITEM | {"saved_on": 7}),
    "no order": json.dumps({name: value for name, value in GOOD_ITEM.items() if name != "order"}),
    "an order that is a text": json.dumps(GOOD_ITEM | {"order": "1"}),
    "a label that hides": json.dumps(GOOD_ITEM | {"label": "main\u202e"}),
    "a label without end": json.dumps(GOOD_ITEM | {"label": "m" * 500}),
    "an order without end": json.dumps(GOOD_ITEM | {"order": 10**30}),
    "a negative order": json.dumps(GOOD_ITEM | {"order": -1}),
    "no label": json.dumps(GOOD_ITEM | {"label": ""}),
    "a list that is a text": json.dumps(GOOD_ITEM | {"let_in": "203.0.113.7"}),
    "a list that is too long": json.dumps(GOOD_ITEM | {"let_in": ["203.0.113.7"] * 5}),
    "a list with a line break": json.dumps(GOOD_ITEM | {"let_in": ["203.0.113.7\n"]}),
}


def put(store: Vault, slot: int, text: str) -> None:
    store._backend.set_password(store._slot("hitbtc2", slot), vault._USER, text)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_item_is_called_broken_and_can_be_replaced_or_removed(name: str, real: Vault) -> None:
    put(real, 1, BROKEN[name])
    for look in (real.load, real.accounts):
        with pytest.raises(VaultError) as caught:
            look("hitbtc2")
        assert caught.value.trouble is Trouble.BROKEN_ITEM
    real.save("hitbtc2", ENTRY, TODAY)
    assert real.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)
    assert real.accounts("hitbtc2") == [Saved(MAIN, ENTRY, TODAY)]
    assert not real.forget("hitbtc2", "another")
    assert real.forget("hitbtc2"), "the account, and not what is damaged"
    assert len(_stored()) == 1
    assert real.forget("hitbtc2"), "no account has this name any more: what is damaged"
    assert not real.forget("hitbtc2")
    assert _stored() == []


@pytest.mark.parametrize(
    "label, loaded, saved, forgotten",
    [
        (MAIN, Trouble.BROKEN_ITEM, Trouble.EXISTS, True),
        ("second", None, None, False),
        ("main\u202e", Trouble.BROKEN_ITEM, None, False),
        (7, Trouble.BROKEN_ITEM, None, False),
        (None, Trouble.BROKEN_ITEM, None, False),
    ],
    ids=ascii,
)
def test_what_a_later_version_saved_goes_only_when_it_is_named(
    label: object, loaded: Trouble | None, saved: Trouble | None, forgotten: bool, real: Vault
) -> None:
    later = json.dumps({"version": 2, "label": label, "sealed": "all different"})

    def trouble_of(work: Callable[[], object]) -> Trouble | None:
        try:
            work()
        except VaultError as error:
            return error.trouble
        return None

    put(real, 1, later)
    put(real, 2, "damaged")
    assert trouble_of(lambda: real.accounts("hitbtc2")) is Trouble.BROKEN_ITEM
    assert trouble_of(lambda: real.forget("hitbtc2", "another")) is None
    assert len(_stored()) == 2
    real._remove(real._slot("hitbtc2", 2))
    assert trouble_of(lambda: real.load("hitbtc2")) is loaded
    assert trouble_of(lambda: real.save("hitbtc2", ENTRY, TODAY)) is saved
    assert real._read(real._slot("hitbtc2", 1)) == later
    real.save("hitbtc2", OTHER, TODAY, replace=True)
    assert (real._read(real._slot("hitbtc2", 1)) is None) is forgotten
    _empty(real)
    put(real, 1, later)
    assert real.forget("hitbtc2") is forgotten
    assert real._read(real._slot("hitbtc2", 1)) == (None if forgotten else later)


def test_items_of_a_later_version_take_their_places(real: Vault) -> None:
    for slot in range(1, MOST_ACCOUNTS + 1):
        put(real, slot, json.dumps({"version": 2, "label": f"account {slot}"}))
    with pytest.raises(VaultError) as caught:
        real.save("hitbtc2", ENTRY, TODAY)
    assert caught.value.trouble is Trouble.FULL
    real.save("hitbtc2", ENTRY, TODAY, label="account 3", replace=True)
    assert len(_stored()) == MOST_ACCOUNTS


def test_of_two_items_alike_both_are_removed(real: Vault) -> None:
    import secretstorage

    real.save("hitbtc2", ENTRY, TODAY)
    service = real._slot("hitbtc2", 1)
    text = real._read(service)
    assert text is not None
    with secretstorage.dbus_init() as connection:
        collection = secretstorage.get_default_collection(connection)
        for program in ("another program", "a third"):
            attributes = {"service": service, "username": vault._USER, "application": program}
            collection.create_item("alike", attributes, text.encode())
    assert len(_stored()) == 3
    assert real.forget("hitbtc2")
    assert _stored() == []


def test_an_account_has_one_name_however_it_is_typed(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY, label="e\u0301t\u00e9")
    with pytest.raises(VaultError) as caught:
        real.save("hitbtc2", OTHER, TODAY, label="\u00e9te\u0301")
    assert caught.value.trouble is Trouble.EXISTS
    assert real.accounts("hitbtc2") == [Saved("\u00e9t\u00e9", ENTRY, TODAY)]
    assert real.load("hitbtc2", "e\u0301te\u0301") == Saved("\u00e9t\u00e9", ENTRY, TODAY)
    assert real.forget("hitbtc2", "e\u0301t\u00e9")


# -- several accounts --


def test_accounts_of_one_exchange_lie_apart(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY)
    real.save("hitbtc2", OTHER, TODAY, label="second")
    assert real.accounts("hitbtc2") == [Saved(MAIN, ENTRY, TODAY), Saved("second", OTHER, TODAY)]
    real.save("hitbtc2", ENTRY, TODAY, label="second", replace=True)
    assert real.load("hitbtc2", "second") == Saved("second", ENTRY, TODAY)
    assert real.forget("hitbtc2")
    assert real.accounts("hitbtc2") == [Saved("second", ENTRY, TODAY)]
    assert palma_wizard.load_credentials("hitbtc2", "second") == ENTRY


def test_with_all_accounts_taken_a_new_one_is_refused_and_an_old_one_can_be_replaced(real: Vault) -> None:
    for number in range(MOST_ACCOUNTS):
        real.save("hitbtc2", ENTRY, TODAY, label=f"account {number}")
    with pytest.raises(VaultError) as caught:
        real.save("hitbtc2", ENTRY, TODAY, label="one more")
    assert caught.value.trouble is Trouble.FULL
    real.save("hitbtc2", OTHER, TODAY, label="account 3", replace=True)
    assert len(real.accounts("hitbtc2")) == MOST_ACCOUNTS
    assert real.load("hitbtc2", "account 3") == Saved("account 3", OTHER, TODAY)


@pytest.mark.parametrize("older, newer", [(1, 2), (2, 1)], ids=["in order", "the newer one in front"])
def test_of_two_with_one_name_the_newer_counts_and_the_older_goes(real: Vault, older: int, newer: int) -> None:
    put(real, older, json.dumps(GOOD_ITEM | {"order": 7, "key": "older"}))
    put(real, newer, json.dumps(GOOD_ITEM | {"order": 8, "key": "newer"}))
    saved = real.load("hitbtc2")
    assert saved is not None
    assert saved.credentials.key == "newer"
    assert real._read(real._slot("hitbtc2", older)) is None


def test_a_damaged_item_hides_no_other_account(real: Vault) -> None:
    put(real, 1, "damaged")
    real.save("hitbtc2", ENTRY, TODAY, label="second")
    assert [account.label for account in real.accounts("hitbtc2")] == ["second"]
    with pytest.raises(VaultError) as caught:
        real.load("hitbtc2")
    assert caught.value.trouble is Trouble.BROKEN_ITEM


# -- whatever happens in the middle of it --


STEPS = ("set_password", "get_password", "delete_password")


@pytest.mark.parametrize("what", ["a new one", "a replacement", "a removal"])
def test_killed_at_any_step_it_is_the_old_or_the_new_and_whole(what: str, real: Vault) -> None:
    """Killed by itself with SIGKILL before the n-th call of the store, for every n, and after the last."""
    outcomes = set()
    for step in itertools.count(1):
        _empty(real)
        if what != "a new one":
            real.save("hitbtc2", ENTRY, TODAY)
        work = (
            'store.forget("hitbtc2")'
            if what == "a removal"
            else 'store.save("hitbtc2", Credentials("another-key", "another-secret"), today, replace=True)'
        )
        done = python(
            f"""
            import datetime, os, signal
            from palma_wizard import vault
            from palma_wizard.exchanges import Credentials
            store, today = vault.open_vault(), datetime.date(2026, 3, 4)
            left = {step}
            def counted(call):
                def counting(*arguments):
                    global left
                    left -= 1
                    if not left:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return call(*arguments)
                return counting
            for name in {STEPS!r}:
                setattr(store._backend, name, counted(getattr(store._backend, name)))
            {work}
            print(left)
            """
        )
        left = real.accounts("hitbtc2")
        before = [] if what == "a new one" else [Saved(MAIN, ENTRY, TODAY)]
        after = [] if what == "a removal" else [Saved(MAIN, OTHER, TODAY)]
        assert left in (before, after)
        outcomes.add(left == after)
        assert len(_stored()) == len(left), "something was left behind"
        if done.returncode == 0:
            assert left == after
            break
        assert done.returncode == -signal.SIGKILL
    assert outcomes == {True, False}
    assert step > 9


class Fails(KeyringBackend):
    """A store that works, until the n-th call of one kind."""

    priority = 1

    def __init__(self, name: str, after: int) -> None:
        self.items: dict[tuple[str, str], str] = {}
        self.failing, self.left = name, after
        super().__init__()  # type: ignore[no-untyped-call]

    def _count(self, name: str) -> None:
        if name == self.failing:
            self.left -= 1
            if self.left < 0:
                raise PasswordSetError(name)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._count("set_password")
        self.items[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        self._count("get_password")
        return self.items.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        self._count("delete_password")
        del self.items[service, username]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("after", range(12))
def test_a_store_that_fails_half_way_leaves_the_old_or_the_new(name: str, after: int) -> None:
    backend = Fails("", 0)
    store = Vault(backend, "failing")
    store.save("hitbtc2", ENTRY, TODAY)
    backend.failing, backend.left = name, after
    with contextlib.suppress(VaultError):
        store.save("hitbtc2", OTHER, TODAY, replace=True)
    backend.failing = ""
    assert [account.credentials for account in store.accounts("hitbtc2")] in ([ENTRY], [OTHER])


class Vanishes(Fails):
    """Is gone, or locked, from its n-th call on behind a write of another key, or from that write on."""

    def __init__(self, error: Exception, after: int) -> None:
        super().__init__("", after)
        self.error, self.vanishing = error, False

    def set_password(self, service: str, username: str, password: str) -> None:
        self.vanishing = "another-key" in password
        self._count("set_password")
        super().set_password(service, username, password)

    def _count(self, name: str) -> None:
        if self.vanishing:
            self.left -= 1
            if self.left < 0:
                raise self.error


@pytest.mark.parametrize(
    "after, error, trouble",
    [
        (0, KeyringLocked(), Trouble.LOCKED),
        (0, InitError(), Trouble.UNSURE),
        (1, InitError(), Trouble.UNSURE),
        (2, KeyringLocked(), Trouble.UNSURE),
        (2, InitError(), Trouble.UNSURE),
        (3, KeyringLocked(), None),
        (4, InitError(), None),
    ],
)
def test_a_store_that_goes_behind_the_write_leaves_it_unsure(
    after: int, error: Exception, trouble: Trouble | None
) -> None:
    backend = Vanishes(error, after)
    store = Vault(backend, "vanishing")
    store.save("hitbtc2", ENTRY, TODAY)
    found = None
    try:
        store.save("hitbtc2", OTHER, TODAY, replace=True)
    except VaultError as caught:
        found = caught.trouble
    assert found is trouble
    backend.vanishing = False
    (account,) = store.accounts("hitbtc2")
    assert account.credentials in {None: [OTHER], Trouble.UNSURE: [ENTRY, OTHER]}.get(trouble, [ENTRY])
    assert len(backend.items) == 1, "the older one stays"


class Forgetful(Fails):
    """Keeps something else than it was given, from a moment on."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:-1] if self.left else password)


def test_what_does_not_come_back_as_it_went_in_is_taken_out_and_the_old_one_stays() -> None:
    backend = Forgetful("", 0)
    store = Vault(backend, "forgetful")
    store.save("hitbtc2", ENTRY, TODAY)
    backend.left = 1
    with pytest.raises(VaultError) as caught:
        store.save("hitbtc2", OTHER, TODAY, replace=True)
    assert caught.value.trouble is Trouble.NOT_KEPT
    assert store.accounts("hitbtc2") == [Saved(MAIN, ENTRY, TODAY)]


def test_given_up_behind_the_write_it_is_taken_out_again() -> None:
    class Slow(Fails):
        def set_password(self, service: str, username: str, password: str) -> None:
            super().set_password(service, username, password)
            if "another" in password:
                store.given_up.set()

    store = Vault(Slow("", 0), "slow")
    store.save("hitbtc2", ENTRY, TODAY)
    with pytest.raises(VaultError) as caught:
        store.save("hitbtc2", OTHER, TODAY, replace=True)
    assert caught.value.trouble is Trouble.GIVEN_UP
    assert store.accounts("hitbtc2") == [Saved(MAIN, ENTRY, TODAY)]


def test_given_up_nothing_is_written_any_more(practice: Vault) -> None:
    """The thread goes on when a prompt that nobody waits for is answered."""
    waiting, answered = threading.Event(), threading.Event()

    def work(store: Vault) -> None:
        waiting.set()
        answered.wait(5)
        try:
            store.save("hitbtc2", ENTRY, TODAY)
        finally:
            ended.set()

    async def give_up() -> None:
        running = asyncio.ensure_future(vault.use(work, practice=True))
        while not waiting.is_set():
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    ended = threading.Event()
    begun = time.monotonic()
    asyncio.run(give_up())
    assert time.monotonic() - begun < 2
    answered.set()
    assert ended.wait(5)
    assert practice.accounts("hitbtc2") == []


# -- with others at it --


def test_a_thread_that_has_given_up_spoils_nothing_when_it_comes_back() -> None:
    waiting, answered = threading.Event(), threading.Event()

    class Asks(Fails):
        def set_password(self, service: str, username: str, password: str) -> None:
            if "another-key" in password:
                waiting.set()
                answered.wait(5)
            super().set_password(service, username, password)

    backend = Asks("", 0)
    stuck, store = Vault(backend, "asks"), Vault(backend, "asks")

    def save() -> None:
        with pytest.raises(VaultError) as caught:
            stuck.save("hitbtc2", OTHER, TODAY)
        assert caught.value.trouble is Trouble.GIVEN_UP

    thread = threading.Thread(target=save)
    thread.start()
    assert waiting.wait(5)
    stuck.given_up.set()
    store.save("hitbtc2", ENTRY, TODAY)
    assert store.accounts("hitbtc2") == [Saved(MAIN, ENTRY, TODAY)]
    assert thread.is_alive()
    answered.set()
    thread.join()
    assert store.accounts("hitbtc2") == [Saved(MAIN, ENTRY, TODAY)]
    assert len(backend.items) == 1


@contextlib.contextmanager
def beside(code: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """Another program that has the turn to write, as if it sat at a prompt."""
    code = """
        import threading, time
        from palma_wizard import vault
        with vault._writing.taken(threading.Event()) as alone:
            print(alone, flush=True)
            time.sleep(60)
        """
    with beside(code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process


def test_while_another_program_writes_one_reads_and_waits_or_gives_up(
    practice: Vault, holder: subprocess.Popen[str]
) -> None:
    begun = time.monotonic()
    assert practice.load("hitbtc2") is None
    assert time.monotonic() - begun < vault._PATIENCE + 3
    impatient = threading.Timer(0.3, practice.given_up.set)
    impatient.start()
    with pytest.raises(VaultError) as caught:
        practice.save("hitbtc2", ENTRY, TODAY)
    assert caught.value.trouble is Trouble.GIVEN_UP
    practice.given_up.clear()
    begun = time.monotonic()
    threading.Timer(0.3, holder.kill).start()
    practice.save("hitbtc2", ENTRY, TODAY)
    assert time.monotonic() - begun > 0.3
    assert practice.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)


def test_a_reader_misses_no_account_that_is_replaced_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one is written to a slot that was looked at already, and then the old one is removed."""

    class Moves(Fails):
        def get_password(self, service: str, username: str) -> str | None:
            if service.endswith(" 2") and (service, username) in self.items:
                first = service.removesuffix("2") + "1"
                self.items[first, username] = self.items.pop((service, username)).replace("older", "newer")
            return super().get_password(service, username)

    store = Vault(Moves("", 0), "moves")
    put(store, 2, json.dumps(GOOD_ITEM | {"key": "older"}))
    monkeypatch.setattr(vault, "_PATIENCE", 0)
    with vault._writing.taken(threading.Event()):
        assert [account.credentials.key for account in store.accounts("hitbtc2")] == ["newer"]


def test_what_another_program_removes_between_finding_and_reading_is_no_refusal() -> None:
    class Vanished(Fails):
        def get_password(self, service: str, username: str) -> str | None:
            if self.items.pop((service, username), None):
                raise RuntimeError
            return None

    store = Vault(Vanished("", 0), "vanished")
    put(store, 1, json.dumps(GOOD_ITEM))
    assert store.load("hitbtc2") is None


@pytest.mark.parametrize("folder", ["/dev/null", "/proc/nothing"])
def test_without_a_lock_it_works_too(folder: str, practice: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    practice.save("hitbtc2", ENTRY, TODAY)
    assert practice.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)
    assert practice.forget("hitbtc2")


def test_an_item_that_is_too_large_is_refused_before_it_is_written(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY)
    with pytest.raises(VaultError) as caught:
        real.save("hitbtc2", Credentials("k" * SIZE_LIMIT, "s"), TODAY, replace=True)
    assert caught.value.trouble is Trouble.TOO_LARGE
    assert real.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)


def test_probing_leaves_nothing_behind(real: Vault) -> None:
    before = _stored()
    real.probe()
    assert _stored() == before


def _stored() -> list[str]:
    import secretstorage

    with secretstorage.dbus_init() as connection:
        collection = secretstorage.get_default_collection(connection)
        return sorted(item.get_label() for item in collection.get_all_items())


def test_a_bot_on_this_computer_loads_what_was_saved(real: Vault) -> None:
    with pytest.raises(LookupError, match="hitbtc2"):
        palma_wizard.load_credentials("hitbtc2")
    real.save("hitbtc2", ENTRY, TODAY)
    assert palma_wizard.load_credentials("hitbtc2") == ENTRY


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_the_environment_cannot_put_another_keyring_in_its_place(real: Vault) -> None:
    done = python(
        """
        import datetime, keyring
        from palma_wizard import vault
        from palma_wizard.exchanges import Credentials
        assert type(keyring.get_keyring()).__module__ == "keyring.backends.null"
        vault.open_vault().save("hitbtc2", Credentials("from", "outside"), datetime.date(2026, 3, 4))
        """,
        PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring",
        KEYRING_PROPERTY_PREFERRED_COLLECTION="/org/freedesktop/secrets/collection/session",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert real.load("hitbtc2") == Saved(MAIN, Credentials("from", "outside"), TODAY)


@pytest.mark.parametrize("address", ["unix:path=/nonexistent", "nonsense", ""])
def test_without_a_bus_there_is_no_store(address: str) -> None:
    done = python(
        """
        import asyncio
        from palma_wizard import vault
        for opened in (vault.open_vault, lambda: asyncio.run(vault.use(print, practice=True))):
            try:
                opened()
            except vault.VaultError as error:
                print(error)
        """,
        DBUS_SESSION_BUS_ADDRESS=address,
        XDG_RUNTIME_DIR="/nonexistent",
        DISPLAY="",
    )
    expected = "no-store" if address else "no-session"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{expected}\n{expected}\n", "")


def test_an_unknown_system_has_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "plan9")
    with pytest.raises(VaultError) as caught:
        vault.open_vault()
    assert caught.value.trouble is Trouble.NO_STORE


# -- stores that misbehave; they are the other side of keyring's own interface --


class Misbehaving(KeyringBackend):
    priority = 1

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        super().__init__()  # type: ignore[no-untyped-call]

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.error is not None:
            raise self.error

    def get_password(self, service: str, username: str) -> str | None:
        if self.error is not None:
            raise self.error
        return None

    def delete_password(self, service: str, username: str) -> None:
        if self.error is not None:
            raise self.error


class SecretServiceNotAvailableException(Exception):  # noqa: N818 - as secretstorage calls it
    pass


@pytest.mark.parametrize(
    "error, trouble",
    [
        (KeyringLocked("secret-of-a-test"), Trouble.LOCKED),
        (InitError("secret-of-a-test"), Trouble.NO_STORE),
        (NoKeyringError("secret-of-a-test"), Trouble.NO_STORE),
        (SecretServiceNotAvailableException("secret-of-a-test"), Trouble.NO_STORE),
        (PasswordSetError("secret-of-a-test"), Trouble.REFUSED),
        (KeyringError("secret-of-a-test"), Trouble.REFUSED),
        (RuntimeError("secret-of-a-test"), Trouble.REFUSED),
        (OSError("secret-of-a-test"), Trouble.REFUSED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_whatever_a_store_raises_becomes_a_trouble_that_quotes_nothing(error: Exception, trouble: Trouble) -> None:
    store = Vault(Misbehaving(error), "misbehaving")
    works: list[Callable[[], object]] = [
        store.probe,
        lambda: store.save("hitbtc2", ENTRY, TODAY),
        lambda: store.load("hitbtc2"),
    ]
    for work in works:
        with pytest.raises(VaultError) as caught:
            work()
        assert caught.value.trouble is trouble
        assert "secret-of-a-test" not in "".join(traceback.format_exception(caught.value))


def test_a_store_that_keeps_nothing_is_found_out() -> None:
    store = Vault(Misbehaving(), "forgetful")
    with pytest.raises(VaultError) as probed:
        store.probe()
    with pytest.raises(VaultError) as saved:
        store.save("hitbtc2", ENTRY, TODAY)
    assert probed.value.trouble is saved.value.trouble is Trouble.NOT_KEPT


def test_a_store_is_used_only_if_it_keeps_a_canary() -> None:
    forgetful, works = Vault(Misbehaving(), "forgetful"), Vault(Fails("", 0), "works")
    assert vault._first_that_keeps([forgetful, works]) is works
    assert works._backend.items == {}  # type: ignore[attr-defined]
    with pytest.raises(VaultError) as caught:
        vault._first_that_keeps([forgetful])
    assert caught.value.trouble is Trouble.NOT_KEPT


def test_use_works_on_a_thread_and_hands_back_what_it_got(practice: Vault) -> None:
    asyncio.run(vault.use(lambda store: store.save("hitbtc2", ENTRY, TODAY), practice=True))
    assert practice.load("hitbtc2") == Saved(MAIN, ENTRY, TODAY)
    assert asyncio.run(vault.use(lambda store: store.forget("hitbtc2"), practice=True)) is True


def test_a_saved_key_shows_nothing() -> None:
    assert "secret-of-a-test" not in repr(Saved(MAIN, ENTRY, TODAY))
    assert "key-of-a-test" not in repr(Saved(MAIN, ENTRY, TODAY))
