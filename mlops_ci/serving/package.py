"""A model package: a folder with ``serving.json`` and the files that it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.records.codec import decode
from mlops_ci.records.serving import MANIFEST, SERVING_FORMAT, ServedModel, ServingManifest


@dataclass(frozen=True, slots=True)
class Package:
    """A folder, and what its manifest says."""

    folder: Path
    manifest: ServingManifest


def read_package(folder: Path) -> Package:
    """Read and check the manifest of a package.

    Raises:
        UsageError: the folder is no package.
        IntegrityError: its manifest contradicts itself.
    """
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except OSError as error:
        what = f"no model package: {error.strerror or error}"
        raise UsageError(what, where=str(path), hint="--package names a folder with a serving.json") from error
    manifest = decode(data, ServingManifest, where=str(path))
    if manifest.format > SERVING_FORMAT:
        raise IntegrityError(
            f"the package has format {manifest.format}; this program knows up to {SERVING_FORMAT}",
            where=str(path),
            hint="serve it with a newer mlops-ci",
        )
    names = [model.name for model in manifest.models]
    if len(set(names)) < len(names) or manifest.default not in names:
        raise IntegrityError("the manifest names a model twice, or has no default", where=str(path))
    for model in manifest.models:
        _check(model, manifest, str(path))
    return Package(folder, manifest)


def _check(model: ServedModel, manifest: ServingManifest, where: str) -> None:
    name = repr(model.name[:80])
    if not model.name or "/" in model.name:
        raise IntegrityError(f"no model can be called {name}", where=where)
    if model.kind != "ensemble":
        if not model.file:
            raise IntegrityError(f"the model {name} has no file", where=where)
        return
    members = [manifest.model(member) for member in model.members]
    if not members or any(member is None or member.kind != "onnx" for member in members):
        raise IntegrityError(f"the members of {name} have to be ONNX models of the package", where=where)
    if model.combine is None or (model.weights and len(model.weights) != len(members)):
        raise IntegrityError(f"the ensemble {name} needs a way to combine, and as many weights as members", where=where)
    if model.weights and (min(model.weights) < 0 or not sum(model.weights)):
        raise IntegrityError(f"the weights of {name} have to be positive", where=where)
