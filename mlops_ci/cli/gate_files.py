"""The options of the verbs of the gate that read files of predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from mlops_ci.cli.options import option
from mlops_ci.lifecycle.file_gate import FileGate
from mlops_ci.project.project import Task

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)
COLUMNS = ("task", "positive", "id_column", "target", "prediction", "score", "weight", "group")
"""The parameters that :func:`column_options` adds."""


def column_options(function: F) -> F:
    """How to read files of predictions."""
    for decorate in (
        option("--group", metavar="COLUMN", help="Rows that belong together. [default: group, if there is one]"),
        option("--weight", metavar="COLUMN", help="[default: weight, if there is one]"),
        option("--score", metavar="COLUMN", help="[default: score, if there is one]"),
        option("--prediction", metavar="COLUMN", help="[default: prediction, if there is one]"),
        option("--target", metavar="COLUMN", default="target", show_default=True),
        option("--id", "id_column", metavar="COLUMN", help="[default: id, if there is one]"),
        option("--positive", metavar="LABEL", help="The positive label of a binary task."),
        option("--task", type=click.Choice(get_args(Task)), help="[default: from the data]"),
    ):
        function = decorate(function)
    return function


def files_of(candidate: Path | None, baseline: Path | None, rules: tuple[str, ...], **columns: Any) -> FileGate:
    """What to read, for verbs that judge nothing."""
    settings = {"confidence": 0.95, "on_inconclusive": "block", "candidate_metrics": None, "baseline_metrics": None}
    return FileGate(candidate=candidate, baseline=baseline, rules=rules, **{**settings, **columns})
