"""PalmaBot Setup Wizard: from a new exchange account to a tested key in the system's keyring.

The ground floor knows no Qt and is what the window (`ui`) and the command line (`cli`) share:

    exchanges   what a check asks an exchange and how the answers read, a list of allowed addresses included; pure
    workers     blocking calls on threads of their own
    turns       one after the other: threads, and programs of one person
    assets      where the files are
    secrecy     what keeps secrets out of logs, tracebacks and core dumps
    entry       what a person pasted: cleaned, and doubted
    transport   the one door to the network
    verify      runs a check: all calls side by side, one Verdict
    address     this computer's public address
    news        whether a newer version exists, for those who want to know
    report      what a helper needs to know of a check, and nothing secret
    vault       the one door to the keyring
    guide       every word a person reads, in their language
    plurals     which form of its words a language takes with a number
    practice    practice exchanges on loopback
    draft       the rule that only the entry that passed may be saved
    selftest    whether an installation is whole

A check goes: entry -> draft.begin -> verify.check -> exchange.read -> draft.finish.
Saving goes: draft.passed -> vault.save -> draft.stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from palma_wizard.exchanges import Credentials

__version__: Final = "0.1.0"
__all__ = ["load_credentials"]


def load_credentials(exchange: str, account: str = "main") -> Credentials:
    """What was saved for "hitbtc2", "bitstamp" or "cex", for a bot on this computer.

    Blocks while the system asks for the keyring's password. Raises LookupError where nothing is saved, and
    `palma_wizard.vault.VaultError` where the keyring cannot be used.
    """
    from palma_wizard import vault

    saved = vault.open_vault().load(exchange, account)
    if saved is None:
        raise LookupError(f"no key is saved for {exchange}, account {account}; palma-wizard saves one")
    return saved.credentials
