"""Runs ccxt, somebody else's client, in one of the two versions that `make test` installs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def ccxt(version: str, mode: str, job: object) -> subprocess.CompletedProcess[str]:
    """Runs tests/ccxt_client.py, whose head describes the jobs."""
    folder = ROOT / ".venv" / f"ccxt-{version}"
    assert folder.is_dir(), f"{folder} is missing: make test installs it"
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "tests" / "ccxt_client.py"), mode],
        input=json.dumps(job),
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
