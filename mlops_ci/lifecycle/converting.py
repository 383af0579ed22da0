"""Converts models outside of a pipeline: registered versions, and files that lie about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from mlops_ci.edge.files import digest_of_file
from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.lifecycle.conversion import read_left
from mlops_ci.lifecycle.converter_run import Bench, ConverterRun
from mlops_ci.project.onnx import OnnxChoice, model_to_convert
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.convert import record_conversion
from mlops_ci.registry.download import download_version, fetch, samples_of
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import conversion_key

# Formats that hold numbers alone; any other may run code as it is read.
_DATA = frozenset({".txt", ".lgb", ".json", ".ubj", ".cbm", ".onnx"})
_UNJUDGED = "nobody has judged it: the gate does that where the pipeline converts"


@dataclass(frozen=True, slots=True)
class Loose:
    """A model in a file, and a table of rows; ``allowed`` are digests of files that may run code as they are read."""

    model: Path
    rows: Path
    columns: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


def loose_bench(loose: Loose, onnx: Path | None = None) -> Bench:
    """The files, once they may be read.

    Raises:
        UsageError: one does not exist.
        IntegrityError: reading the model may run code, and nobody has allowed exactly this file.
    """
    for file in (loose.model, loose.rows, *([onnx] if onnx else [])):
        if not file.is_file():
            raise UsageError("no such file", where=str(file))
    if loose.model.suffix.lower() not in _DATA:
        digest = digest_of_file(loose.model)
        if digest not in loose.allowed:
            raise IntegrityError(
                "reading this model may run any code that is in it",
                where=str(loose.model),
                hint=f"if you trust who made it, say --allow-pickle {digest}",
            )
    return Bench(loose.model, loose.rows, loose.columns, onnx)


def registered_bench(
    run: ConverterRun, log: ModelLog, version: ModelVersion, rows: Path | None, scratch: Path, *, with_onnx: bool
) -> Bench:
    """A version's files, verified, and rows: a table that is given, or its samples.

    Raises:
        UsageError: the version has no rows, no ONNX form, or several files that could be the model.
        IntegrityError: the workspace holds other bytes than were registered.
    """
    loaded = run.loaded()
    ours = loaded is not None and loaded.model.name == version.model
    choice = loaded.onnx if loaded and ours and loaded.onnx else OnnxChoice()
    path = model_to_convert(choice, [file.path for file in version.files])
    if path is None or all(file.path != path for file in version.files):
        names = ", ".join(file.path for file in version.files[:10])
        raise UsageError(f"which of its files is the model? {names}", where=version.model, hint="say onnx.model")
    onnx = None
    if with_onnx:
        form = version.conversion.form() if version.conversion else None
        if form is None or version.conversion is None or version.conversion.attempt is None:
            hint = f"mlops-ci onnx convert {version.model}@v{version.version}"
            raise UsageError(f"v{version.version} has no ONNX model", where=version.model, hint=hint)
        onnx = scratch / PurePosixPath(form.file.path).name
        fetch(log.store, conversion_key(version.model, version.conversion.attempt, form.file.path), form.file, onnx)
    download_version(log.store, version, scratch / "model")
    columns = tuple(column.name for column in version.signature.inputs) if version.signature else ()
    return Bench(scratch / "model" / path, rows or _samples(log, version, scratch), columns, onnx)


def convert_registered(
    run: ConverterRun, log: ModelLog, version: ModelVersion, bench: Bench, scratch: Path, choice: OnnxChoice
) -> Conversion:
    """Convert a version's model, and record what came of it.

    Raises:
        UsageError: the rows are not what the model eats.
        RemoteError: the converter crashed.
        IntegrityError: it left something else than it says.
    """
    folder = scratch / "left"
    run.convert(bench, folder, scratch, tolerance=choice.tolerance, int8=choice.int8)
    found = read_left(folder)
    if any(form.precision == "int8" for form in found.forms):
        found = replace(found, int8=_UNJUDGED)
    files = {form.file.path: _local(folder, form.file.path, found) for form in found.forms}
    return record_conversion(log, version.version, found, files)


def _local(folder: Path, path: str, found: Conversion) -> LocalFile:
    record = next(form.file for form in found.forms if form.file.path == path)
    return LocalFile(record, lambda: folder / path)


def _samples(log: ModelLog, version: ModelVersion, scratch: Path) -> Path:
    samples = samples_of(log.store, version)
    if samples is None:
        what = f"no rows were registered with v{version.version}"
        raise UsageError(what, where=version.model, hint="name a table of rows that it eats: --rows FILE")
    file = scratch / "samples-of-the-version.json"
    names: Sequence[str] = [column.name for column in samples.columns]
    file.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in samples.rows]), "utf-8")
    return file
