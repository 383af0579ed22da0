"""What the command line does, with its arguments read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_ci.converter.conversion import Request, ask, compared, convert
from mlops_ci.converter.exported import Exported, Original
from mlops_ci.converter.kinds import kind_of
from mlops_ci.converter.loading import load_model
from mlops_ci.converter.onnx_file import load_checked
from mlops_ci.converter.predictions import write_predictions
from mlops_ci.converter.speed import measure
from mlops_ci.converter.table import Table
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError

RECORD, PREDICTIONS = "conversion.json", "int8_predictions.json"


def convert_into(model: Path, rows: Table, folder: Path, tolerance: float, *, int8: bool) -> None:
    """Write ``conversion.json`` and what it names into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    result = convert(Request(model, rows, tolerance, int8), folder)
    if result.int8 is not None:
        write_predictions(folder / PREDICTIONS, result.int8)
    text = json.dumps(result.record, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / RECORD).write_text(text + "\n", "utf-8")


def verify(file: Path, model: Path, rows: Table, tolerance: float) -> tuple[dict[str, Any], bool]:
    """Compare an ONNX file with the original; returns the parity, and whether it is within the tolerance."""
    exported, original = _pair(file, model, rows)
    request = Request(model, rows, tolerance)
    try:
        found = compared(exported, ask(original, rows), request).difference
    except NotConvertibleError as trouble:
        raise BrokenInputError(trouble.reason) from trouble
    return found.record(), found.acceptable


def bench(file: Path, model: Path, rows: Table) -> dict[str, Any]:
    """Time an ONNX file and the original."""
    exported, original = _pair(file, model, rows)
    try:
        session = compared(exported, ask(original, rows), Request(model, rows)).session
    except NotConvertibleError as trouble:
        raise BrokenInputError(trouble.reason) from trouble
    return {"threads": 1, "speed": measure(session, exported, original, rows)}


def _pair(file: Path, model: Path, rows: Table) -> tuple[Exported, Original]:
    """The ONNX file in the place of the graph that the original would be converted to."""
    if not file.is_file():
        raise BrokenInputError(f"no such ONNX model; {file}")
    loaded = load_model(model)
    try:
        kind = kind_of(loaded)
        exported, original = kind.export(loaded, rows), kind.original(loaded, rows)
        return replace(exported, model=load_checked(file)), original
    except NotConvertibleError as trouble:
        raise BrokenInputError(f"{trouble.reason}; {trouble.hint}") from trouble
