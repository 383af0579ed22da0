from __future__ import annotations

from collections.abc import Callable

import pytest

from mlops_ci.errors import ConfigurationError
from mlops_ci.project.load import load_project

Lines = Callable[[str | bytes], list[str]]


@pytest.fixture
def lines() -> Lines:
    """What loading a configuration complains about, line by line; nothing if it loads."""

    def complaints(text: str | bytes) -> list[str]:
        try:
            load_project(text if isinstance(text, bytes) else text.encode(), "mlops.yaml")
        except ConfigurationError as error:
            return [problem.line() for problem in error.problems]
        return []

    return complaints


@pytest.fixture
def good() -> str:
    """A configuration of two steps that loads."""
    return """\
version: 1
model: {name: m, files: [out/m.pkl]}
params: {train: {depth: 6}}
datasets: {d: {path: d.csv}}
steps:
  train: {run: x, inputs: [t.py], data: [d], params: [train], outputs: [out/m.pkl]}
  evaluate: {run: x, inputs: [e.py, out/m.pkl], outputs: [p.csv, n.json]}
evaluation: {step: evaluate, task: binary, predictions: {path: p.csv}, metrics: n.json}
gate:
  rules:
    - accuracy > baseline
"""
