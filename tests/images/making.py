"""Makes versions that can be served: in a workspace, with an ONNX form and a commit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_ci.records.conversion import CONVERSION_FORMAT, Conversion, InputTensor, OnnxForm, OutputTensor, Parity
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import Body, Converted
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.signature import Column, Signature
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import conversion_path
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import local_file, open_log, registration, sha

COLUMNS = (Column("hour", "int64"), Column("carrier", "string"))
SIGNATURE = Signature(inputs=COLUMNS, outputs=(Column("score", "float64"),))


def form(content: bytes, *, columns: tuple[str, ...] = ("hour", "carrier"), classes: Any = (0, 1)) -> OnnxForm:
    """A form whose file has that content; nobody looks into it here."""
    return OnnxForm(
        precision="float32",
        file=FileRecord("model.onnx", digest_of_bytes(content), len(content)),
        inputs=tuple(InputTensor(name, "float32", (None, 1), (name,)) for name in columns),
        outputs=(
            OutputTensor("label", "label", "int64", (None,), classes),
            OutputTensor("probabilities", "score", "float32", (None, len(classes)), classes),
        ),
        parity=Parity(rows=10, labels_differing=0, worst=0.0, tolerance=1e-5),
    )


def conversion(content: bytes, **fields: Any) -> Conversion:
    """A conversion that came to a form."""
    made = Conversion(CONVERSION_FORMAT, "model.pkl", "Pipeline", forms=(form(content),), served="float32")
    return replace(made, **fields)


def add_version(
    log: ModelLog,
    scratch: Path,
    *,
    onnx: bytes | None = b"onnx",
    described: OnnxForm | None = None,
    commit: str | None = None,
    fingerprint: str = "f1",
    files: dict[str, bytes] | None = None,
    **fields: Any,
) -> ModelVersion:
    """Register a version, and record its ONNX form if it has one; ``described`` says what that is like."""
    asked = registration(
        scratch, commit or sha(fingerprint), fingerprint, files=files or {"build/model.pkl": b"pickle"},
        **{"signature": SIGNATURE, **fields},
    )  # fmt: skip
    version = register(log, asked).version
    if onnx is None:
        return version
    file = local_file(scratch, "model.onnx", onnx)

    def decide(state: ModelState) -> Body:
        sent = log.uploads.send("onnx", {conversion_path("model.onnx"): file}, condemned=state.condemned)
        return Converted(version.version, conversion(onnx, attempt=sent, forms=(described or form(onnx),)))

    return log.append(decide).versions[version.version]


def workspace(folder: Path) -> LocalStore:
    """An empty workspace."""
    return LocalStore(folder / "workspace")


def log_of(store: LocalStore, model: str = "flight-delay") -> ModelLog:
    """The log of a model in it."""
    return open_log(store, model)


def no_code(version: ModelVersion, paths: tuple[str, ...]) -> dict[str, bytes]:
    """Finds entry scripts where there are none to be found."""
    raise AssertionError("no code is needed")
