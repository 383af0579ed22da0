"""An image and the version in it, for the documents about images."""

from __future__ import annotations

from mlops_ci.records.commit import Commit
from mlops_ci.records.conversion import Conversion, OnnxForm, Parity
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.files import FileRecord
from mlops_ci.records.image import Image
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import SERVING_FORMAT, ServedModel, ServingManifest
from mlops_ci.records.signature import Column, Signature

BASE_DIGEST = digest_of_bytes(b"base")
LOCK = f"""# made by uv
numpy==2.4.1 ; python_version >= "3.11" \\
    --hash=sha256:{"b" * 64} \\
    --hash=sha256:{"a" * 64}
    # via onnxruntime
Onnx_Runtime==1.32.0+cpu --hash=sha256:{"c" * 64}
-e .
"""
IMAGE = Image(
    digest=digest_of_bytes(b"image"),
    platform="linux/amd64",
    base=f"registry.example:5000/library/python:3.12-slim@{BASE_DIGEST}",
    reference=f"registry.example/ml/delay@{digest_of_bytes(b'image')}",
    lock=digest_of_bytes(LOCK.encode()),
)
_PICKLE, _ONNX = (FileRecord(name, digest_of_bytes(name.encode()), 10) for name in ("model.pkl", "model.onnx"))
VERSION = ModelVersion(
    model="delay",
    version=7,
    commit="c" * 40,
    fingerprint=digest_of_bytes(b"fingerprint"),
    digest=digest_of_bytes(b"model"),
    created="2026-01-02T03:04:05Z",
    attempt="attempt",
    files=(_PICKLE,),
    metrics={"accuracy": 0.93, "</script>": None, "log loss": 0.2},
    datasets={"flights": digest_of_bytes(b"flights")},
    source=Commit("c" * 40, "main", "https://git.example/acme/ml", "A", "m", "2026-01-02T03:04:05Z"),
    signature=Signature((Column("hour", "int64"),), (Column("prediction", "int64"),)),
    conversion=Conversion(
        1, "model.pkl", "Pipeline", forms=(OnnxForm("float32", _ONNX, (), (), Parity(9, 0, 0.0, 1e-4)),),
        served="float32",
    ),
)  # fmt: skip
MANIFEST = ServingManifest(
    SERVING_FORMAT,
    "delay",
    (
        ServedModel("delay", "onnx", version=7, digest=VERSION.digest, commit=VERSION.commit, file="model.onnx"),
        ServedModel("other", "onnx", version=2, digest=digest_of_bytes(b"other"), file="other.onnx"),
        ServedModel("both", "ensemble", members=("delay", "other"), combine="mean"),
    ),
)
