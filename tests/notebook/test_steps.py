"""Notebooks as steps of a pipeline, run by a real kernel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.notebook.making import notebook
from tests.support.lab import Done, Lab

PROJECT = """\
version: 1
model: {name: noted}
params: {depth: 3}
steps:
  train:
    notebook: work/train.ipynb
    inputs: [work/beside.py, number.txt]
    params: [depth]
    env: [API_TOKEN]
    outputs: [build/model.txt]
"""
CELLS = (
    "import json, os, sys\nfrom beside import DOUBLE\nprint('cell one', flush=True)",
    "depth = json.loads(os.environ['MLOPS_CI_PARAMS'])['depth']\n"
    "number = int(open('number.txt').read())\n"
    "open('build/model.txt', 'w').write(str(depth * number * DOUBLE))\n"
    "print(os.environ['API_TOKEN'])\n"
    "number",
)


@pytest.fixture
def noted(lab: Lab) -> Lab:
    lab.write("mlops.yaml", PROJECT)
    lab.write("work/train.ipynb", notebook(*CELLS))
    lab.write("work/beside.py", "DOUBLE = 2\n")
    lab.write("number.txt", "7")
    lab.commit()
    return lab


def run(lab: Lab, *arguments: str) -> Done:
    return lab.run("run", *arguments, env={"API_TOKEN": "topsecretvalue"})


def kept(lab: Lab, record: Any) -> Any:
    """The notebook that is kept with a run."""
    [file] = [file for file in record["files"] if file["path"] == ".mlops-ci/notebooks/train.ipynb"]
    [stored] = lab.workspace.glob(f"runs/{record['id']}/**/train.ipynb")
    assert stored.stat().st_size == file["size"]
    return json.loads(stored.read_text("utf-8"))


def texts(cell: Any) -> str:
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def test_a_notebook_runs_as_a_script_does_is_kept_and_is_not_run_again_because_somebody_looked_at_it(
    noted: Lab,
) -> None:
    done = run(noted, "--restore")
    assert done.code == 0, done.err + done.out
    assert (noted.folder / "build/model.txt").read_text() == "42"
    lines = [line.strip() for line in done.out.splitlines()]
    assert any(line.endswith("cell one") for line in lines) and "topsecretvalue" not in done.out
    [record] = noted.run("runs", "list", "--json").json
    executed = kept(noted, record)
    assert texts(executed["cells"][0]) == "cell one\n"
    assert texts(executed["cells"][1]) == "***\n"
    assert executed["cells"][1]["outputs"][1]["data"]["text/plain"] in ("7", ["7"])
    assert ".mlops-ci/notebooks/train.ipynb" in noted.run("runs", "show", record["id"]).out
    assert record["model"] == [] or [file["path"] for file in record["model"]] == ["build/model.txt"]

    noted.write("work/train.ipynb", notebook(*CELLS, outputs=True, author="somebody"))
    assert [step["status"] for step in run(noted, "--json").json["steps"]] == ["reused"]


def test_an_error_names_its_cell_and_the_notebook_is_kept_as_far_as_it_came(noted: Lab) -> None:
    noted.write("work/train.ipynb", notebook("print('before')", "x = 1\nraise ValueError('boom')", "print('after')"))
    noted.commit()
    done = run(noted)
    assert done.code == 2
    assert done.err == (
        "mlops-ci: error[2]: step train failed with exit code 1; train.ipynb: cell 2 (In [2]): ValueError: boom; "
        "its log is above\n"
    )
    [record] = noted.run("runs", "list", "--json").json
    assert record["status"] == "failed" and "cell 2 (In [2])" in record["error"]
    executed = kept(noted, record)
    assert texts(executed["cells"][0]) == "before\n"
    assert executed["cells"][1]["outputs"][0]["ename"] == "ValueError"
    assert executed["cells"][2]["outputs"] == []
    tail = record["steps"][0]["log_tail"]
    assert "before" in tail and "ValueError: boom" in tail
