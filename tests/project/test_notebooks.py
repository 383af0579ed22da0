"""What of a notebook is a part of the model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlops_ci.errors import ConfigurationError
from mlops_ci.project.load import load_project
from mlops_ci.project.notebooks import executed_notebook, prepared_notebook, without_secrets
from tests.notebook.making import notebook

STEP = "version: 1\nmodel: {name: m}\nsteps:\n  train:\n    outputs: [build/m]\n"


def prepared(text: str) -> Any:
    return json.loads(prepared_notebook(text.encode(), "n.ipynb"))


def line(text: str | bytes) -> str:
    with pytest.raises(ConfigurationError) as refused:
        prepared_notebook(text if isinstance(text, bytes) else text.encode(), "n.ipynb")
    return refused.value.problems[0].line()


def test_running_and_looking_at_a_notebook_changes_nothing() -> None:
    fresh = notebook("a = 1\nb = 2", "a + b")
    looked_at = notebook("a = 1\nb = 2", "a + b", outputs=True, widgets={"state": {}}, title="mine")
    assert prepared_notebook(fresh.encode(), "n.ipynb") == prepared_notebook(looked_at.encode(), "n.ipynb")
    assert all(cell["outputs"] == [] for cell in prepared(looked_at)["cells"])


@pytest.mark.parametrize(
    "change",
    [
        {"source": "a = 2"},
        {"cell_type": "raw"},
        {"cell_type": "markdown", "attachments": {"x.png": {"image/png": "AAAA"}}},
        {"metadata": {"tags": ["raises-exception"]}},
    ],
)
def test_what_is_run_or_read_is_a_part_of_it(change: dict[str, Any]) -> None:
    before = json.loads(notebook("a = 1"))
    after = {**before, "cells": [{**before["cells"][0], **change}]}
    assert prepared(json.dumps(before)) != prepared(json.dumps(after))


def test_a_source_may_be_one_text_or_a_list_of_lines() -> None:
    listed = json.loads(notebook("a = 1\nb = 2"))
    joined = {**listed, "cells": [{**listed["cells"][0], "source": "a = 1\nb = 2"}]}
    assert prepared(json.dumps(listed)) == prepared(json.dumps(joined))


def test_what_is_no_notebook_is_one_line_that_says_where() -> None:
    broken = notebook("a = 1").replace('"nbformat": 4,', '\n<<<<<<< HEAD\n"nbformat": 4,')
    assert line(broken) == (
        "n.ipynb:2:1: not a notebook: Expecting property name enclosed in double quotes; mend the file"
    )
    again = "open it in Jupyter and save it again"
    assert line(b"\xff\xfe") == f"n.ipynb:1:1: not a notebook; {again}"
    assert line("[" * 100_000) == f"n.ipynb:1:1: not a notebook; {again}"
    assert line("[]") == f"n.ipynb:1:1: not a notebook of format 4; {again}"
    assert line('{"nbformat": 3, "cells": []}') == f"n.ipynb:1:1: not a notebook of format 4; {again}"
    assert (
        line('{"nbformat": 4, "cells": [{"cell_type": "code"}]}')
        == f"n.ipynb:1:1: cell 1 is none of Jupyter's; {again}"
    )
    assert line(notebook("x <- 1", language="R")).startswith("n.ipynb:1:1: a notebook of R; ")


def test_a_step_has_a_command_or_a_notebook() -> None:
    found = load_project(f"{STEP}    notebook: work/n.ipynb\n    inputs: [a.py]\n".encode(), "mlops.yaml")
    [step] = found.steps
    assert step.inputs == ("work/n.ipynb", "a.py")
    assert step.run == "python -m mlops_ci.notebook work/n.ipynb --keep .mlops-ci/notebooks/train.ipynb"
    assert [(output.path, output.store) for output in step.outputs] == [
        ("build/m", False),
        (executed_notebook("train"), True),
    ]
    assert found.model.files == ("build/m",)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "mlops.yaml:5:5: the key 'run' is missing"),
        ("    run: x\n    notebook: n.ipynb\n", "mlops.yaml:5:5: only one of run and notebook can be given"),
        ("    notebook: n.py\n", 'mlops.yaml:6:15: "n.py" is not valid here; Instead of run: a Jupyter notebook'),
    ],
)
def test_a_step_has_one_of_the_two(more: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_project(f"{STEP}{more}".encode(), "mlops.yaml")
    [problem] = refused.value.problems
    assert problem.line().startswith(said)


def test_secrets_are_taken_out_of_whatever_a_notebook_shows() -> None:
    shown = {"cells": [{"outputs": [{"data": {"text/html": ['<b>s3cret"</b>']}}]}], "metadata": {"s3cret": 1}}
    text = without_secrets(json.dumps(shown), lambda text: text.replace("s3cret", "***"))
    assert text is not None and "s3cret" not in text
    assert json.loads(text)["cells"][0]["outputs"][0]["data"]["text/html"] == ['<b>***"</b>']
    assert without_secrets("{", str) is None
