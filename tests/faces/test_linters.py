"""What others say about the actions: GitHub's schema, zizmor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.parts.need import missing

ROOT = Path(__file__).parents[2]
ACTIONS = [ROOT / "action.yml", *sorted(ROOT.glob("actions/*/action.yml"))]
STUBS = sorted((ROOT / "tests/parts/act_stubs").rglob("action.yml"))


def program(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    return str(found) if found.is_file() else missing(name)


def test_every_action_fits_the_schema_of_github() -> None:
    command = [program("check-jsonschema"), "--builtin-schema", "vendor.github-actions", *map(str, ACTIONS + STUBS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_in_any_action() -> None:
    command = [program("zizmor"), "--offline", "--no-progress", "--persona", "pedantic", "--format", "json"]
    done = subprocess.run([*command, *map(str, ACTIONS)], capture_output=True, text=True, check=False)
    found = [f"{finding['ident']}: {finding['desc']}" for finding in json.loads(done.stdout)]
    assert (done.returncode, found) == (0, []), done.stderr
