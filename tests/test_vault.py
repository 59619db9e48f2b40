"""The one door to the keyring, against a real gnome-keyring on a private D-Bus."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import subprocess
import sys
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError, PasswordSetError

import palma_wizard
from palma_wizard import vault
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.vault import SERVICE, SIZE_LIMIT, Saved, Trouble, Vault, VaultError

ENTRY = Credentials("key-of-a-test", "secret-of-a-test", "1234")
OTHER = Credentials("another-key", "another-secret")
TODAY = datetime.date(2026, 3, 4)


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
        store.forget(exchange)


def test_what_is_saved_is_loaded_and_forgotten(real: Vault) -> None:
    assert real.load("hitbtc2") is None
    assert not real.forget("hitbtc2")
    real.save("hitbtc2", ENTRY, TODAY)
    assert real.load("hitbtc2") == Saved(ENTRY, TODAY)
    assert vault.open_vault().load("hitbtc2") == Saved(ENTRY, TODAY)
    assert real.forget("hitbtc2")
    assert real.load("hitbtc2") is None
    assert not real.forget("hitbtc2")


def test_saving_again_replaces(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY)
    real.save("hitbtc2", OTHER, TODAY + datetime.timedelta(1))
    assert real.load("hitbtc2") == Saved(OTHER, TODAY + datetime.timedelta(1))


def test_practice_and_real_keys_lie_apart(real: Vault, practice: Vault) -> None:
    practice.save("hitbtc2", OTHER, TODAY)
    assert real.load("hitbtc2") is None
    real.save("hitbtc2", ENTRY, TODAY)
    assert practice.load("hitbtc2") == Saved(OTHER, TODAY)
    assert practice.forget("hitbtc2")
    assert real.load("hitbtc2") == Saved(ENTRY, TODAY)


def test_exchanges_lie_apart(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY)
    assert real.load("bitstamp") is None
    assert not real.forget("cex")


@pytest.mark.parametrize("text", ["🔑", "日本", 'quote"\\', "\x00", "\n", " "], ids=ascii)
def test_any_text_comes_back_as_it_went_in(text: str, real: Vault) -> None:
    real.save("hitbtc2", Credentials(text, text, text), TODAY)
    assert real.load("hitbtc2") == Saved(Credentials(text, text, text), TODAY)


GOOD_ITEM: dict[str, object] = {"version": 1, "key": "k", "secret": "s", "user_id": "", "saved_on": "2026-03-04"}
BROKEN = {
    "not JSON": "what is this",
    "nothing": "{}",
    "null": "null",
    "a number": "7",
    "a list": "[1]",
    "a text": '"version"',
    "deep": "[" * 100_000,
    "half": json.dumps(GOOD_ITEM)[:-9],
    "a later version": json.dumps(GOOD_ITEM | {"version": 2}),
    "no key": json.dumps({name: value for name, value in GOOD_ITEM.items() if name != "key"}),
    "an empty key": json.dumps(GOOD_ITEM | {"key": ""}),
    "an empty secret": json.dumps(GOOD_ITEM | {"secret": ""}),
    "a key that is a number": json.dumps(GOOD_ITEM | {"key": 7}),
    "a day that is none": json.dumps(GOOD_ITEM | {"saved_on": "2026-02-30"}),
    "a day that is a number": json.dumps(GOOD_ITEM | {"saved_on": 7}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_item_is_called_broken_and_can_be_replaced_or_removed(name: str, real: Vault) -> None:
    real._backend.set_password(SERVICE, "hitbtc2", BROKEN[name])
    with pytest.raises(VaultError) as caught:
        real.load("hitbtc2")
    assert caught.value.trouble is Trouble.BROKEN_ITEM
    real.save("hitbtc2", ENTRY, TODAY)
    assert real.load("hitbtc2") == Saved(ENTRY, TODAY)
    real._backend.set_password(SERVICE, "hitbtc2", BROKEN[name])
    assert real.forget("hitbtc2")


def test_an_item_that_is_too_large_is_refused_before_it_is_written(real: Vault) -> None:
    real.save("hitbtc2", ENTRY, TODAY)
    with pytest.raises(VaultError) as caught:
        real.save("hitbtc2", Credentials("k" * SIZE_LIMIT, "s"), TODAY)
    assert caught.value.trouble is Trouble.TOO_LARGE
    assert real.load("hitbtc2") == Saved(ENTRY, TODAY)


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
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert real.load("hitbtc2") == Saved(Credentials("from", "outside"), TODAY)


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
    assert (done.returncode, done.stdout, done.stderr) == (0, "no-store\nno-store\n", "")


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


def test_use_works_on_a_thread_and_hands_back_what_it_got(practice: Vault) -> None:
    asyncio.run(vault.use(lambda store: store.save("hitbtc2", ENTRY, TODAY), practice=True))
    assert practice.load("hitbtc2") == Saved(ENTRY, TODAY)
    assert asyncio.run(vault.use(lambda store: store.forget("hitbtc2"), practice=True)) is True


@pytest.mark.parametrize("limit", ["PROBE_TIME_LIMIT", "USE_TIME_LIMIT"])
def test_a_store_that_does_not_answer_is_not_waited_for(
    limit: str, keyring_session: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, limit, 0.0 if limit == "PROBE_TIME_LIMIT" else 0.2)
    begun = time.monotonic()
    with pytest.raises(VaultError) as caught:
        asyncio.run(vault.use(lambda _: time.sleep(1), practice=True))
    assert caught.value.trouble is Trouble.TIMED_OUT
    assert time.monotonic() - begun < 0.9


def test_a_saved_key_shows_nothing() -> None:
    assert "secret-of-a-test" not in repr(Saved(ENTRY, TODAY))
    assert "key-of-a-test" not in repr(Saved(ENTRY, TODAY))
