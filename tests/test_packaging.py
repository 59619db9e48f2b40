"""The installing of system packages, with programs in place of apt's that answer as they do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

APT = Path(__file__).parent.parent / "packaging" / "linux" / "apt.sh"
MUCH = 'i=0; while [ "$i" -lt 5000 ]; do echo "     1.$i 500"; i=$((i + 1)); done'


@pytest.mark.skipif(os.name != "posix", reason="for Debian and its like")
def test_a_package_with_many_versions_is_seen(tmp_path: Path) -> None:
    """apt-cache goes on writing after the line that counts; whoever leaves it then sees it fail."""
    tools = {
        "dpkg-query": "exit 1",
        "apt-cache": f'case "$2" in known) echo "  Candidate: 1.0"; {MUCH} ;; *) echo "  Candidate: (none)" ;; esac',
        "apt-get": 'echo "$@" >>"$ASKED"',
        "id": "echo 0",
        "uname": "echo Linux",
    }
    for name, script in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "list.txt").write_text("known | other\nunknown | known\n")
    asked = tmp_path / "asked.txt"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", APT, tmp_path / "list.txt"], env={"PATH": path, "ASKED": str(asked)}, check=True, timeout=60
    )
    assert asked.read_text().splitlines()[-1].endswith("install --no-install-recommends known known")
