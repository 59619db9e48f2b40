"""Writes the list of parts (SBOM, CycloneDX 1.6): sbom.py TARGET NAME=SOURCE...

Each SOURCE tells what NAME holds: a lock file, or the parts.json that a build wrote of what went into its package.
The same sources give the same bytes: there is no time and no serial number in it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "packaging/package.lock", "packaging/windows/wheels.lock")
"""What packages are built from."""


def locked(lock: Path) -> list[dict[str, str]]:
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return [{"name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"} for name, version in pins]


def held(parts: Path) -> list[dict[str, str]]:
    """What a build wrote down; fails where a Python package is not the pinned one."""
    rows: list[dict[str, str]] = json.loads(parts.read_text(encoding="utf-8"))
    pinned = {row["purl"] for lock in LOCKS for row in locked(ROOT / lock)}
    strange = [row["purl"] for row in rows if row["purl"].startswith("pkg:pypi/") and row["purl"] not in pinned]
    if strange:
        raise SystemExit(f"{parts} has what no lock file has: {', '.join(strange)}")
    return rows


def bill(sources: Sequence[tuple[str, Path]]) -> dict[str, Any]:
    package = (ROOT / "palma_wizard" / "__init__.py").read_text(encoding="utf-8")
    version = package.partition('__version__: Final = "')[2].partition('"')[0]
    own = {"type": "application", "bom-ref": "palma-wizard", "name": "palma-wizard", "version": version}
    components: dict[str, dict[str, Any]] = {}
    needs: dict[str, set[str]] = {"palma-wizard": set()}
    for name, source in sources:
        package = f"palma-wizard for {name}"
        components[package] = {"type": "application", "bom-ref": package, "name": package, "version": version}
        needs["palma-wizard"].add(package)
        for row in locked(source) if source.suffix == ".lock" else held(source):
            purl = row["purl"]
            part = {"type": "library", "bom-ref": purl, "name": row["name"], "version": row["version"], "purl": purl}
            components.setdefault(purl, part | ({"description": row["remark"]} if row.get("remark") else {}))
            needs.setdefault(row.get("inside") or package, set()).add(purl)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own | {"licenses": [{"license": {"id": "MIT"}}]}},
        "components": [components[ref] for ref in sorted(components)],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)],
    }


if __name__ == "__main__":
    target, *named = sys.argv[1:]
    text = json.dumps(bill([(name, Path(file)) for name, _, file in (each.partition("=") for each in named)]), indent=1)
    Path(target).write_text(text + "\n", encoding="utf-8", newline="\n")
