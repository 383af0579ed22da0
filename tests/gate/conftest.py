from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.reading.evidence_file import PredictionsFormat, read_evidence
from mlops_ci.metrics import Task
from mlops_ci.project.project import PredictionsFile

Write = Callable[..., Path]
Read = Callable[..., Evidence]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write columns, or bare text, to a file of that name."""

    def into(name: str, content: dict[str, list[Any]] | str) -> Path:
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        elif path.suffix == ".parquet":
            pl.DataFrame(content).write_parquet(path)
        elif path.suffix == ".json":
            path.write_text(json.dumps(content), "utf-8")
        else:
            pl.DataFrame(content).write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
        return path

    return into


@pytest.fixture
def read() -> Read:
    """Read a predictions file."""

    def evidence(
        file: Path,
        task: Task = "binary",
        *,
        positive: Any = None,
        id: str | None = None,  # noqa: A002  # as in mlops.yaml
        target: str = "target",
        prediction: str | None = None,
        score: str | None = None,
        slices: tuple[str, ...] = (),
        named: tuple[str, ...] = (),
        lenient: bool = False,
    ) -> Evidence:
        columns = PredictionsFile(file.name, id, target, prediction, score)
        how = PredictionsFormat(columns, task, positive, slices, named)
        return read_evidence(file, how, called="the predictions", lenient=lenient)

    return evidence
