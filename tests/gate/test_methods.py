"""Every method that an estimate can name is explained."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import mlops_ci.gate
import mlops_ci.statistics
from mlops_ci.gate.estimating.methods import METHODS, explained_method
from mlops_ci.project.rules import Interval


def named() -> Iterator[str]:
    """The texts that estimates are given as their method, in the rooms that make estimates."""
    for room in (mlops_ci.statistics, mlops_ci.gate):
        for file in Path(room.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield from of_call(node)
                elif isinstance(node, ast.Assign):
                    yield from of_assignment(node)
                elif isinstance(node, ast.FunctionDef) and node.name == "method":
                    yield from (
                        text for part in ast.walk(node) if isinstance(part, ast.Return) for text in returned(part)
                    )


def returned(node: ast.Return) -> Iterator[str]:
    return texts(node.value) if node.value is not None else iter(())


def of_call(node: ast.Call) -> Iterator[str]:
    place = {"Estimate": 4, "Estimate.unknown": 1, "_spread": 3}.get(ast.unparse(node.func))
    if place is not None:
        method = [word.value for word in node.keywords if word.arg == "method"] or node.args[place : place + 1]
        yield from texts(method[0]) if method else ()


def of_assignment(node: ast.Assign) -> Iterator[str]:
    [target] = node.targets
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(target.elts, node.value.elts, strict=True))
    else:
        pairs = [(target, node.value)]
    for name, value in pairs:
        if isinstance(name, ast.Name) and name.id in {"method", "JACKKNIFE", "NO_ROW_DIFFERS"}:
            yield from texts(value)


def texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield str(node.values[0].value)
    elif isinstance(node, ast.BinOp):
        yield from texts(node.left)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


KINDS = {*get_args(Interval)} - {"usual"}  # a kind of bounds that there is none of is its own method
NAMED = sorted({*named(), *KINDS})


def test_methods_are_found() -> None:
    assert {"DeLong, paired", "Clopper–Pearson", "paired proportions, Tango score"} <= set(NAMED)


@pytest.mark.parametrize("method", NAMED)
def test_every_method_is_explained(method: str) -> None:
    found = explained_method(method)
    assert found is not None and all(found)


@pytest.mark.parametrize("prefix", METHODS)
def test_no_explanation_is_left_over(prefix: str) -> None:
    assert any(method.startswith(prefix) for method in NAMED)


def test_the_longest_name_counts() -> None:
    assert explained_method("Clopper–Pearson on disjoint pairs") != explained_method("Clopper–Pearson")
    assert explained_method("reading tea leaves") is None
