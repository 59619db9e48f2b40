"""GitHub's workflows, as far as they can be checked where GitHub is not: their schema, what they use, what they may."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
USES = re.compile(r"^\s*(?:- )?uses: (?P<what>.*)$", re.MULTILINE)
PINNED = re.compile(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def _complaints(*files: Path) -> str:
    program = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        *map(str, files),
    ]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False).stdout


def test_they_are_as_their_schema_wants_them() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]
    assert _complaints(*WORKFLOWS) == "ok -- validation done\n"


def test_what_is_summed_up_at_the_end_is_handed_on() -> None:
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    needed = re.findall(r"build/\w+/parts\.json", (ROOT / "packaging" / "finish.sh").read_text("utf-8"))
    assert len(needed) == 3
    assert [file for file in needed if file not in release] == []


def test_a_wrong_one_is_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "ci.yml"
    wrong.write_text(WORKFLOWS[0].read_text("utf-8").replace("runs-on:", "run-on:"), "utf-8")
    assert "run-on" in _complaints(wrong)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
class TestWorkflow:
    def test_it_uses_what_one_commit_has(self, path: Path) -> None:
        used = USES.findall(path.read_text("utf-8"))
        assert used
        assert [what for what in used if not PINNED.fullmatch(what)] == []

    def test_it_may_only_read_where_nothing_else_is_said(self, path: Path) -> None:
        text = path.read_text("utf-8")
        assert "\npermissions:\n  contents: read\n" in text
        assert re.findall(r"^ +(\S+): write", text, re.MULTILINE) == ["contents"] * (path.name == "release.yml")

    def test_no_key_of_the_checkout_is_left_to_later_steps(self, path: Path) -> None:
        text = path.read_text("utf-8")
        assert text.count("persist-credentials: false") == text.count("actions/checkout@")

    def test_no_word_from_outside_gets_into_a_script(self, path: Path) -> None:
        """An expression in a script is put in as it is; one in the environment is a value."""
        text = path.read_text("utf-8")
        scripts = re.findall(r"^ +(?:- )?run: (.*(?:\n {10,}.*)*)", text, re.MULTILINE)
        assert scripts
        assert [script for script in scripts if "${{" in script] == []
