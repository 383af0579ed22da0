"""What belongs into a model package: ``serving.json``, and the files that it names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlops_ci.errors import UsageError
from mlops_ci.packaging.ensembles import ensemble
from mlops_ci.project.serve import ServeChoice
from mlops_ci.records.codec import encode_pretty
from mlops_ci.records.conversion import OnnxForm
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.samples import Samples
from mlops_ci.records.serving import MANIFEST, SERVING_FORMAT, ServedModel, ServingManifest
from mlops_ci.records.signature import Column
from mlops_ci.workspace.layout import conversion_key, model_file_key

REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class Part:
    """A version to serve under a name, and the samples that were registered with it."""

    name: str
    version: ModelVersion
    samples: Samples | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """An entry script, the files that it reads or imports (itself too), and the lock of its software, if known."""

    script: str
    files: Mapping[str, bytes]
    requirements: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a package that the workspace has under ``key``."""

    path: str
    key: str
    record: FileRecord


@dataclass(frozen=True, slots=True)
class Package:
    """The files of a package by their paths in it: those to fetch, and those that are known already."""

    manifest: ServingManifest
    stored: tuple[StoredFile, ...] = ()
    written: dict[str, bytes] = field(default_factory=dict)


def plan_package(parts: Sequence[Part], serve: ServeChoice, code: Code | None) -> Package:
    """Say what a package consists of.

    Args:
        parts: the version itself, and the further ones of ``serve.models``.
        serve: how they are served.
        code: the entry script of the first part; without one it is served by its ONNX form, as the others are.

    Raises:
        UsageError: a version cannot be served, or an ensemble makes no sense.
    """
    first, *further = parts
    _require_different([part.name for part in parts] + [each.name for each in serve.ensembles])
    served = [_script(first, code) if code else _onnx(first), *map(_onnx, further)]
    models = {model.name: model for model, _ in served}
    ensembles = [ensemble(choice, models) for choice in serve.ensembles]
    written = {f"{_folder(first)}/code/{path}": data for path, data in code.files.items()} if code else {}
    if code and code.requirements is not None:
        written[REQUIREMENTS] = code.requirements.encode()
    manifest = ServingManifest(
        format=SERVING_FORMAT,
        default=first.name,
        models=(*models.values(), *ensembles),
        settings=serve.settings,
        requirements=REQUIREMENTS if REQUIREMENTS in written else None,
    )
    written[MANIFEST] = (encode_pretty(manifest) + "\n").encode()
    stored = tuple(sorted((file for _, files in served for file in files), key=lambda file: file.path))
    return Package(manifest, stored, dict(sorted(written.items())))


def _onnx(part: Part) -> tuple[ServedModel, tuple[StoredFile, ...]]:
    form = require_onnx(part.version)
    attempt = part.version.conversion.attempt if part.version.conversion else None
    if attempt is None:
        raise UsageError("the ONNX model was not stored", where=_name(part.version), hint="run mlops-ci onnx convert")
    path = f"{_folder(part)}/model.onnx"
    model = _common(part)
    known = {column.name for column in model.inputs}
    wanted = [name for tensor in form.inputs for name in tensor.columns]
    if unknown := [name for name in wanted if name not in known]:
        what = f"the ONNX model reads the column {unknown[0]!r}, which the signature does not have"
        raise UsageError(what, where=_name(part.version), hint="run mlops-ci onnx convert again")
    classes = next((output.classes for output in form.outputs if output.classes), ())
    model = replace(model, file=path, tensors=form.inputs, outputs=form.outputs, classes=classes)
    return model, (StoredFile(path, conversion_key(part.version.model, attempt, form.file.path), form.file),)


def require_onnx(version: ModelVersion) -> OnnxForm:
    """The ONNX form by which a version is served.

    Raises:
        UsageError: it has none; the message says why, and what to do.
    """
    conversion = version.conversion
    form = conversion.form() if conversion else None
    if form:
        return form
    script = "or write an entry script and name it in mlops.yaml: serve: {script: score.py}"
    if conversion is None:
        what, hint = "it was not converted to ONNX", f"add onnx: {{}} to mlops.yaml and convert it, {script}"
    else:
        what = f"it has no ONNX form: {conversion.reason or 'none was chosen to be served'}"
        hint = f"{conversion.hint}, {script}" if conversion.hint else script.removeprefix("or ")
    raise UsageError(f"{_name(version)} cannot be served: {what}", hint=hint)


def _script(part: Part, code: Code) -> tuple[ServedModel, tuple[StoredFile, ...]]:
    version, folder = part.version, f"{_folder(part)}/files"
    stored = tuple(
        StoredFile(f"{folder}/{file.path}", model_file_key(version.model, version.attempt, file.path), file)
        for file in version.files
    )
    return replace(
        _common(part),
        kind="script",
        file=f"{_folder(part)}/code/{code.script}",
        folder=folder,
        files=tuple(replace(file.record, path=file.path) for file in stored),
    ), stored


def _common(part: Part) -> ServedModel:
    version = part.version
    inputs = version.signature.inputs if version.signature else ()
    return ServedModel(
        name=part.name,
        kind="onnx",
        version=version.version,
        digest=version.digest,
        commit=version.commit,
        inputs=inputs,
        sample=_sample(part.samples, inputs),
    )


def _sample(samples: Samples | None, inputs: Sequence[Column]) -> tuple[object, ...] | None:
    """The first sample, in the order of the inputs."""
    if samples is None or not samples.rows:
        return None
    row = dict(zip((column.name for column in samples.columns), samples.rows[0], strict=True))
    return tuple(row.get(column.name) for column in inputs)


def _require_different(names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        hint = "give the model or ensemble another name"
        raise UsageError(f"two served models are called {twice!r}", where="serve in mlops.yaml", hint=hint)


def _folder(part: Part) -> str:
    return f"models/{part.name}"


def _name(version: ModelVersion) -> str:
    return f"{version.model} v{version.version}"
