"""The rules of the house."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "scipy", "polars", "git", "requests", "yaml", "jsonschema", "msgspec", "rich"}


def modules_after(code: str) -> set[str]:
    report = "import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_imports_follow_the_layers() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_version_imports_nothing_heavy() -> None:
    assert not HEAVY & modules_after("from mlops_ci.__main__ import run; run(['--version'])")


def test_the_pure_rooms_import_neither_files_nor_processes_nor_clocks() -> None:
    for module in ("project.load", "metrics", "statistics", "report.markdown", "gate.judge"):
        loaded = modules_after(f"import mlops_ci.{module}")
        assert not loaded & {"git", "polars"}, module


@pytest.mark.parametrize("path", sorted((ROOT / "mlops_ci").rglob("*.py")), ids=lambda path: path.name)
def test_files_are_small_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300, "one file, one purpose: divide it"
