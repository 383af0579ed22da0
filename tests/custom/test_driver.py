"""The program that calls a user's function, in a process of its own as it will be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlops_ci
from mlops_ci.custom.__main__ import main

ROWS = 60
TABLE: dict[str, Any] = {
    "id": [f"{number:03}" for number in range(ROWS)],
    "value": np.random.default_rng(5).normal(2, 1, ROWS),
    "part": [number // 4 for number in range(ROWS)],
}


def call(folder: Path, code: str, *more: str, function: str = "f", table: dict[str, Any] | None = None) -> Any:
    """What the driver leaves, with its exit code and what it printed."""
    (folder / "metrics.py").write_text(code)
    pl.DataFrame(table or TABLE).write_parquet(folder / "p.parquet")
    command = [sys.executable, "-m", "mlops_ci.custom", "--function", f"metrics.py:{function}"]
    command += ["--predictions", "p.parquet", "--out", "out", *more]
    env = {"PYTHONPATH": str(Path(mlops_ci.__file__).parents[1]), "PATH": ""}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    result = folder / "out" / "result.json"
    return json.loads(result.read_text()) if done.returncode == 0 else {}, done


def test_one_value_a_row_is_left_in_the_order_of_the_ids(tmp_path: Path) -> None:
    turned = {name: list(values)[::-1] for name, values in TABLE.items()}
    found, _ = call(tmp_path, "def f(columns):\n    return columns['value'] * 2\n", table=turned)
    assert found["kind"] == "rows" and found["rows"] == ROWS
    assert np.fromfile(tmp_path / "out" / "values.f64").tolist() == (TABLE["value"] * 2).tolist()


def test_one_number_comes_with_resamples_that_say_how_it_spreads(tmp_path: Path) -> None:
    found, _ = call(tmp_path, "def f(columns):\n    return columns['value'].mean()\n")
    assert found["value"] == pytest.approx(TABLE["value"].mean())
    assert len(found["replicates"]) == 1000 and len(found["jackknife"]) == ROWS and found["scale"] == 1
    assert np.std(found["replicates"]) == pytest.approx(TABLE["value"].std() / np.sqrt(ROWS), rel=0.1)
    everything = TABLE["value"].sum()
    leave_one_out = sorted((everything - TABLE["value"]) / (ROWS - 1))
    assert sorted(found["jackknife"]) == pytest.approx(leave_one_out)


def test_the_same_rows_are_resampled_alike_whatever_the_model_said(tmp_path: Path) -> None:
    code = "def f(columns):\n    return columns['value'].sum()\n"
    one, _ = call(tmp_path, code)
    two, _ = call(tmp_path, code, table={**TABLE, "value": TABLE["value"] + 1})
    assert one["pairing"] == two["pairing"]
    assert np.subtract(two["replicates"], one["replicates"]).tolist() == pytest.approx([ROWS] * 1000)
    other, _ = call(tmp_path, code, table={**TABLE, "id": [f"x{number:03}" for number in range(ROWS)]})
    assert other["pairing"] != one["pairing"]


def test_groups_are_drawn_whole(tmp_path: Path) -> None:
    code = (
        "import numpy as np\n"
        "def f(columns):\n"
        "    parts, counts = np.unique(columns['part'], return_counts=True)\n"
        "    return float((counts % 4 == 0).all())\n"
    )
    grouped, _ = call(tmp_path, code, "--group", "part")
    assert grouped["unit"] == "groups" and set(grouped["replicates"]) == {1.0}
    assert len(grouped["jackknife"]) == 15
    alone, _ = call(tmp_path, code)
    assert 0.0 in alone["replicates"]


def test_a_large_table_is_resampled_in_small_parts(tmp_path: Path) -> None:
    size = 60_000
    large = {"id": list(range(size)), "value": np.random.default_rng(6).normal(0, 1, size)}
    found, _ = call(tmp_path, "def f(columns):\n    return columns['value'].mean()\n", table=large)
    assert found["drawn"] == round(size**0.7) and found["jackknife"] == []
    spread = np.std(found["replicates"]) * found["scale"]
    assert spread == pytest.approx(1 / np.sqrt(size), rel=0.1)


REFUSED = {
    "it raises": (
        "def f(columns):\n    x = 1\n    return x / 0\n",
        "metrics.py:3: ZeroDivisionError: division by zero",
    ),
    "no such column": (
        "def f(columns):\n    return columns['cost']\n",
        "metrics.py:2: KeyError: \"no column 'cost'",
    ),
    "NaN": ("\ndef f(columns):\n    return float('nan')\n", "metrics.py:2: f returns NaN or infinity"),
    "NaN in rows": (
        "def f(columns):\n    v = columns['value'].copy()\n    v[:3] = float('nan')\n    return v\n",
        "metrics.py:1: f returns NaN or infinity for 3 of 60 rows",
    ),
    "a wrong length": (
        "def f(columns):\n    return columns['value'][:7]\n",
        "metrics.py:1: f returns 7 values for 60 rows: return one value a row, or one number",
    ),
    "nothing": (
        "def f(columns):\n    pass\n",
        "metrics.py:1: f returns NoneType, neither a number nor",
    ),
    "a text": ("def f(columns):\n    return 'good'\n", "metrics.py:1: f returns str, neither a number nor"),
    "no function": ("g = 1\n", "metrics.py: there is no function 'f'"),
    "no Python": ("x = 1\ndef f(columns) return 1\n", "metrics.py:2: SyntaxError"),
    "it exits": ("def f(columns):\n    raise SystemExit(0)\n", "metrics.py:2: SystemExit: 0"),
    "it writes into its input": (
        "def f(columns):\n    columns['value'][0] = 9\n    return 1.0\n",
        "metrics.py:2: ValueError: assignment destination is read-only",
    ),
    "an import that is not there": ("import no_such\ndef f(columns):\n    return 1\n", "metrics.py:1: ModuleNotFound"),
}


@pytest.mark.parametrize(("code", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_with_a_function_is_said_in_one_line(
    code: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "modules", sys.modules.copy())
    Path("metrics.py").write_text(code)
    pl.DataFrame(TABLE).write_parquet("p.parquet")
    assert main(["--function", "metrics.py:f", "--predictions", "p.parquet", "--out", "out"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error: {complaint}") and told.count("\n") == 1


def test_a_flood_of_output_is_cut_and_resamples_are_silent(tmp_path: Path) -> None:
    code = (
        "import os\ndef f(columns):\n    print('x' * 100_000)\n    for _ in range(2):\n        print('again')\n"
        "    os.write(2, b'low\\n')\n    return columns['value'].max()\n"
    )
    found, done = call(tmp_path, code)
    assert found["value"] == TABLE["value"].max()
    assert len(done.stdout) < 2100 and "not shown" in done.stdout
    assert done.stderr == "low\n"


def test_a_resample_on_which_it_raises_has_no_value(tmp_path: Path) -> None:
    code = "def f(columns):\n    return float(1 / (columns['value'].max() == 9.0))\n"
    found, _ = call(tmp_path, code, table={**TABLE, "value": [9.0, *TABLE["value"][1:]]})
    assert 0.3 < found["replicates"].count(None) / 1000 < 0.45
    assert found["jackknife"].count(None) == 1
