"""The whole of a conversion: export, optimise, compare, time; quantise, and compare again."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_ci.converter import torch_kind
from mlops_ci.converter.exported import Exported, Original
from mlops_ci.converter.kinds import Kind, kind_of
from mlops_ci.converter.loading import load_model
from mlops_ci.converter.optimise import optimised
from mlops_ci.converter.parity import Difference, compare, dense
from mlops_ci.converter.quantise import quantised
from mlops_ci.converter.record import empty_record, form_record
from mlops_ci.converter.runtime import open_session, run
from mlops_ci.converter.speed import measure
from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import SERVE_IT, NotConvertibleError

MODEL, INT8 = "model.onnx", "model.int8.onnx"


@dataclass(frozen=True)
class Request:
    """What to convert: a model's file, rows, how far answers may be apart, and whether to quantise as well."""

    model: Path
    rows: Table
    tolerance: float = 1e-5
    int8: bool = False


@dataclass(frozen=True)
class Converted:
    """A graph whose answers were compared with the original's: its bytes, and the session of exactly these."""

    exported: Exported
    data: bytes
    session: Any
    difference: Difference
    answers: dict[str, Array]


@dataclass(frozen=True)
class Result:
    """The record of a conversion, and what the quantised form answers for each row, by role."""

    record: dict[str, Any]
    int8: Converted | None = None


def convert(request: Request, folder: Path) -> Result:
    """Convert a model into ``folder``; the record also tells why there is no ONNX model.

    Raises:
        BrokenInputError: the model cannot be loaded, or the rows are not what it eats.
    """
    model = load_model(request.model)
    record = empty_record(request.model.name, _name(model))
    try:
        kind = kind_of(model)
        original = kind.original(model, request.rows)
        expected = ask(original, request.rows)
        made = equal_graph(kind.export(model, request.rows), expected, request)
    except NotConvertibleError as trouble:
        return Result({**record, "reason": trouble.reason, "hint": trouble.hint})
    (folder / MODEL).write_bytes(made.data)
    speed = measure(made.session, made.exported, original, request.rows)
    record["forms"] = [form_record("float32", folder / MODEL, made.exported, made.session, made.difference, speed)]
    record["opset"] = next((each.version for each in made.exported.model.opset_import if not each.domain), None)
    record.update(served="float32", fixes=list(made.exported.fixes))
    if not request.int8:
        return Result(record)
    try:
        small = _int8(kind, model, expected, request)
    except NotConvertibleError as trouble:
        record["fixes"].append(f"int8: {trouble.reason}")
        return Result(record)
    (folder / INT8).write_bytes(small.data)
    speed = measure(small.session, small.exported, original, request.rows)
    record["forms"].append(form_record("int8", folder / INT8, small.exported, small.session, small.difference, speed))
    return Result(record, small)


def _name(model: Any) -> str:
    if isinstance(model, Path):
        return "PyTorch" if torch_kind.takes(model) else "ONNX"
    return type(model).__name__


def ask(original: Original, rows: Table) -> dict[str, Array]:
    """What the original answers.

    Raises:
        NotConvertibleError: it fails on the rows, so that there is nothing to compare with.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {role: dense(answer) for role, answer in original.answers(original.prepare(rows)).items()}
        except NotConvertibleError:
            raise
        except Exception as error:  # a model raises what it likes
            raise NotConvertibleError(
                f"the original fails on the rows: {type(error).__name__}: {error}",
                "give it rows as it was trained on (model.inputs)",
            ) from error


def equal_graph(exported: Exported, expected: dict[str, Array], request: Request) -> Converted:
    """The optimised graph if it answers as the original does, or else the plain one if that does.

    Raises:
        NotConvertibleError: neither does.
    """
    small = optimised(exported.model)
    tried = compared(replace(exported, model=small), expected, request)
    if not tried.difference.acceptable and small is not exported.model:
        tried = compared(exported, expected, request)
    found = tried.difference
    if found.acceptable:
        return tried
    rows = ", ".join(map(str, found.differing[:5]))
    raise NotConvertibleError(
        f"the ONNX model answers differently: {found.labels_differing} of {found.rows} labels differ, "
        f"the worst difference is {found.worst:.3g} (tolerance {found.tolerance:g}); rows {rows}",
        f"look at these rows (the first is 0); a larger tolerance is for you to decide; or {SERVE_IT}",
    )


def compared(exported: Exported, expected: dict[str, Array], request: Request) -> Converted:
    """Run the graph on all rows and compare."""
    data = exported.model.SerializeToString(deterministic=True)
    session = open_session(data)
    feeds = {each.name: each.feed(request.rows) for each in exported.inputs}
    found = run(session, feeds, [output.name for output in exported.outputs])
    answers = {output.role: answer for output, answer in zip(exported.outputs, found)}
    return Converted(exported, data, session, compare(expected, answers, request.tolerance), answers)


def _int8(kind: Kind, model: Any, expected: dict[str, Array], request: Request) -> Converted:
    exported = kind.export(model, request.rows, single=True)
    return compared(replace(exported, model=quantised(optimised(exported.model))), expected, request)
