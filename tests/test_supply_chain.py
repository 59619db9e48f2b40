"""What the lock files let in, and which keyring the program can reach: no store but the system's own."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest

from palma_wizard import vault

ROOT = Path(__file__).parent.parent
LOCKS = sorted([*ROOT.glob("*.lock"), *ROOT.glob("tests/**/*.lock"), *ROOT.glob("packaging/**/*.lock")])
SOURCES = sorted((ROOT / "palma_wizard").rglob("*.py"))

PINNED = re.compile(r"(?P<name>[\w.-]+)==[\w.+!]+( ; [\w .'<>=!()]+)?(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")
"""The whole of an entry: an option, an address or an entry without hashes does not match."""
HOST = re.compile(r"://|\b[\w-]+\.(org|com|net|io|dev|cloud)\b", re.IGNORECASE)
INDEX_OPTION = re.compile(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--no-index|--trusted-host)\b", re.MULTILINE)

STORES = {
    ("win32", "keyring.backends.Windows", "WinVaultKeyring"),
    ("darwin", "keyring.backends.macOS", "Keyring"),
    ("linux", "keyring.backends.SecretService", "Keyring"),
    ("linux", "keyring.backends.kwallet", "DBusKeyring"),
}
ALLOWED = {"keyring.backend.KeyringBackend", *(module for _, module, _ in STORES)}
"""All that the sources may name of keyring, beside what is in keyring.errors."""


def _entries(lock: Path) -> list[str]:
    """One line an entry, without comments."""
    joined = re.sub(r"\s*\\\n\s*", " ", lock.read_text(encoding="utf-8"))
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


def _is_other_store(package: str) -> bool:
    """Whether the package keeps secrets elsewhere: keyrings.alt, keyrings.cryptfile and whatever else is named so."""
    return re.sub(r"[-_.]+", "-", package).lower().startswith(("keyrings", "sagecipher"))


class _Reach(ast.NodeVisitor):
    """Collects the dotted names through which a source reaches into keyring, in code and in texts."""

    def __init__(self, source: str) -> None:
        self.names: list[str] = []
        self.visit(ast.parse(source))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname or alias.name not in {"keyring.backend", "keyring.errors"}:
                self._add(alias.name)  # those two bind the name keyring alone, and visit_Attribute sees its use

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._add(f"{'.' * node.level}{node.module or ''}.{alias.name}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain = ast.unparse(node)
        if re.fullmatch(r"keyring(\.\w+)+", chain):
            self._add(chain)
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._add(node.id)

    def visit_Call(self, node: ast.Call) -> None:
        if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == "keyring":
            self._add("keyring")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and re.fullmatch(r"\w+(\.\w+)+", node.value):
            self._add(node.value)

    def _add(self, name: str) -> None:
        if re.match(r"keyrings?\b", name):
            self.names.append(name)


def _forbidden(source: str) -> list[str]:
    return [name for name in _Reach(source).names if name not in ALLOWED and not name.startswith("keyring.errors.")]


def test_all_lock_files_are_looked_at() -> None:
    names = {lock.relative_to(ROOT).as_posix() for lock in LOCKS}
    assert names >= {"requirements.lock", "tests/requirements.lock", "tests/audit.lock"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.relative_to(ROOT).as_posix())
class TestLock:
    def test_every_entry_is_one_version_with_hashes(self, lock: Path) -> None:
        entries = _entries(lock)
        assert entries
        assert [entry for entry in entries if not PINNED.fullmatch(entry)] == []

    def test_it_names_no_registry(self, lock: Path) -> None:
        text = lock.read_text(encoding="utf-8")
        assert HOST.search(text) is None
        assert INDEX_OPTION.search(text) is None

    def test_it_brings_no_other_keyring(self, lock: Path) -> None:
        packages = [re.split(r"[^\w.-]", entry, maxsplit=1)[0] for entry in _entries(lock)]
        assert [package for package in packages if _is_other_store(package)] == []


@pytest.mark.parametrize("module", ["keyrings", "keyrings.alt", "keyrings.cryptfile", "keyrings_alt", "sagecipher"])
def test_no_other_keyring_can_be_imported(module: str) -> None:
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # its parent is missing
        found = None
    assert found is None


def test_no_other_keyring_is_installed() -> None:
    names = {distribution.name for distribution in importlib.metadata.distributions()}
    assert "keyring" in names
    assert [name for name in names if _is_other_store(name)] == []


def test_keyring_alone_offers_stores_to_keyring() -> None:
    offers = importlib.metadata.entry_points(group="keyring.backends")
    assert {offer.dist.name for offer in offers if offer.dist is not None} == {"keyring"}


def test_the_vault_opens_the_systems_own_stores_alone() -> None:
    found = {(platform, module, kind) for platform, rows in vault._STORES.items() for module, kind, _name in rows}
    assert found == STORES


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_reaches_the_keyring_but_through_these_stores(path: Path) -> None:
    assert _forbidden(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import keyring\nkeyring.get_password('a', 'b')",
        "import keyring.backend\nkeyring.set_password('a', 'b', 'c')",
        "import keyring.errors\nkeyring.delete_password('a', 'b')",
        "import keyring.backend\nkeyring.get_keyring().get_password('a', 'b')",
        "import keyring.backend\nkeyring.set_keyring(None)",
        "import keyring.backend\nkeyring.core.load_config()",
        "import keyring.backend\nkeyring.backend.get_all_keyring()",
        "import keyring.backend\ngetattr(keyring, 'get_' + 'password')",
        "import keyring.backend as other",
        "import keyring.core",
        "from keyring import get_password",
        "from keyring.core import get_keyring",
        "from keyring.backends import null",
        "from keyring.backends.chainer import ChainerBackend",
        "import keyrings.alt.file",
        "from keyrings.alt.file import PlaintextKeyring",
        "import importlib\nimportlib.import_module('keyring.backends.null')",
        "import importlib\nimportlib.import_module('keyrings.alt.file')",
        "import importlib\nimportlib.import_module('keyring')",
    ],
)
def test_a_way_round_the_stores_is_noticed(source: str) -> None:
    assert _forbidden(source)
