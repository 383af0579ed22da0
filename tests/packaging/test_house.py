"""The rules of the house."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def room(name: str) -> list[Path]:
    return sorted((ROOT / "mlops_ci" / name).glob("*.py"))


HEAVY = {"numpy", "scipy", "polars", "git", "requests", "yaml", "jsonschema", "msgspec", "rich", "obstore", "boto3"}


def modules_after(code: str) -> set[str]:
    report = "import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_imports_follow_the_layers() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_version_imports_nothing_heavy() -> None:
    assert not HEAVY & modules_after("from mlops_ci.__main__ import run; run(['--version'])")


def test_verbs_that_ask_nobody_import_no_http_client() -> None:
    code = "from mlops_ci.__main__ import run; run(['validate', '--project', 'examples/flight-delay'])"
    assert not {"requests", "urllib3", "matplotlib"} & modules_after(code)


def test_a_run_with_nothing_to_judge_waits_for_no_numerics() -> None:
    assert not {"numpy", "scipy", "polars"} & modules_after("import mlops_ci.cli.pipeline, mlops_ci.lifecycle.session")


PURE = [
    *(path for name in ("records", "project", "metrics", "statistics", "lineage", "report") for path in room(name)),
    *(
        path
        for path in room("gate")
        if path.name not in {"evidence_file.py", "evidence_difference.py", "evidence_stream.py"}
    ),
]


@pytest.mark.parametrize("path", PURE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_pure_rooms_know_neither_files_nor_processes_nor_clocks(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    impure = {"os", "io", "pathlib", "subprocess", "socket", "time", "datetime", "random", "tempfile", "shutil", "sys"}
    assert not {name.partition(".")[0] for name in imported} & impure - (
        {"io"} if path.name == "terminal.py" else set()
    )
    assert not [name for name in imported if name.startswith(("mlops_ci.edge", "mlops_ci.workspace", "mlops_ci.hosts"))]
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"open", "print", "input"}


@pytest.mark.parametrize("path", sorted((ROOT / "mlops_ci").rglob("*.py")), ids=lambda path: path.name)
def test_files_are_small_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300, "one file, one purpose: divide it"


def test_no_test_draws_on_where_another_test_has_left_off() -> None:
    """Which tests have run before in a process is luck: a generator is made by the test that draws from it."""
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        tree = ast.parse(path.read_text())
        shared = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func).rpartition(".")[2] in {"default_rng", "Random", "RandomState"}
            for target in node.targets
            if isinstance(target, ast.Name)
        }  # fmt: skip
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        names = {node.id for function in functions for node in ast.walk(function) if isinstance(node, ast.Name)}
        found += [f"{path.relative_to(ROOT)}: {name}" for name in sorted(shared & names)]
    assert found == []
