"""The servers that serving.py asks: each in an environment of its own, serving the same forest.

What peers are given is what their documentation says for a model on processors: their own server, with as many workers
as there are processors. Those that serve the scikit-learn model compute probabilities only, which costs them half of
what labels and probabilities would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
SKLEARN = f"scikit-learn=={version('scikit-learn')}"
ONNX = f"onnxruntime=={version('onnxruntime')}"
Body = Callable[[Sequence[Sequence[float]]], object]


@dataclass(frozen=True)
class Peer:
    """A server: what it needs, how it is started (``{port}``, ``{model}``, ``{workers}``), how it is asked."""

    name: str
    model: str
    needs: tuple[str, ...]
    command: tuple[str, ...]
    path: str
    body: Body
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


def _data(rows: Sequence[Sequence[float]]) -> object:
    return {"data": rows}


def _inputs(rows: Sequence[Sequence[float]]) -> object:
    return {"inputs": rows}


def _tensor(rows: Sequence[Sequence[float]]) -> object:
    flat = [value for row in rows for value in row]
    tensor = {"name": "X", "shape": [len(rows), len(rows[0])], "datatype": "FP32", "data": flat}
    return {"inputs": [tensor]}


_SESSION = """
import onnxruntime as ort
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession({model!r} + "/model.onnx", options)
"""
_BARE = """
import msgspec
import numpy as np
class Body(msgspec.Struct):
    data: list[list[float]]
decode, encode = msgspec.json.Decoder(Body).decode, msgspec.json.Encoder().encode
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    rows = np.array(decode(body).data, np.float32)
    labels, scores = session.run(None, {"X": rows})
    answer = encode({"predictions": labels.tolist(), "probabilities": scores.tolist()})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
"""
# As most are written: with what is at hand.
_BARE_JSON = """
import json
import numpy as np
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    rows = np.array(json.loads(body)["data"], dtype=np.float32)
    labels, scores = session.run(None, {"X": rows})
    answer = json.dumps({"predictions": labels.tolist(), "probabilities": scores.tolist()}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
"""
_AZURE = """
import json
import joblib
import numpy as np
def init():
    global model
    model = joblib.load({model!r} + "/model.joblib")
def run(data):
    return model.predict_proba(np.array(json.loads(data)["data"])).tolist()
"""
_BENTO = """
import bentoml
import numpy as np
@bentoml.service(workers={workers})
class Forest:
    def __init__(self) -> None:
        {load}
    @bentoml.api
    def predict(self, data: list[list[float]]) -> list[list[float]]:
        return {compute}.tolist()
"""
_BENTO_SKLEARN = _BENTO.replace(
    "{load}", 'import joblib; self.model = joblib.load({model!r} + "/model.joblib")'
).replace("{compute}", "self.model.predict_proba(np.array(data))")
_BENTO_ONNX = _SESSION + _BENTO.replace("{load}", "self.session = session").replace(
    "{compute}", 'self.session.run(["probabilities"], {{"X": np.array(data, np.float32)}})[0]'
)
_MLSERVER = """
import onnxruntime as ort
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse
class Forest(MLModel):
    async def load(self) -> bool:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = ort.InferenceSession({model!r} + "/model.onnx", options)
        self.ready = True
        return self.ready
    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0])
        scores = self.session.run(["probabilities"], {"X": rows})[0]
        outputs = [NumpyCodec.encode_output("probabilities", scores)]
        return InferenceResponse(model_name=self.name, outputs=outputs)
"""
_SAVE = """
import joblib, mlflow.sklearn, pathlib
if not pathlib.Path("mlflow-model").exists():
    forest = joblib.load({model!r} + "/model.joblib")
    mlflow.sklearn.save_model(
        forest, "mlflow-model", pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle"
    )
"""
_QUIET = {"BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

PEERS = (
    Peer(
        "azureml-inference-server-http", "scikit-learn", ("azureml-inference-server-http", SKLEARN),
        ("azmlinfsrv", "--entry_script", "score.py", "--port", "{port}"), "/score", _data,
        files={"score.py": _AZURE}, environ={"WORKER_COUNT": "{workers}"},
    ),
    Peer(
        "BentoML", "scikit-learn", ("bentoml", SKLEARN),
        ("bentoml", "serve", "service:Forest", "--port", "{port}"), "/predict", _data,
        files={"service.py": _BENTO_SKLEARN},
    ),
    Peer(
        "mlflow models serve", "scikit-learn", ("mlflow", SKLEARN),
        ("mlflow", "models", "serve", "-m", "mlflow-model", "--env-manager", "local", "--port", "{port}",
         "--workers", "{workers}"), "/invocations", _inputs, prepare=("python", "-c", _SAVE),
    ),
    Peer(
        "BentoML with ONNX", "ONNX", ("bentoml", ONNX),
        ("bentoml", "serve", "service:Forest", "--port", "{port}"), "/predict", _data,
        files={"service.py": _BENTO_ONNX},
    ),
    # With parallel workers it did not become ready when this was written, so that there is one process only.
    Peer(
        "MLServer with ONNX", "ONNX", ("mlserver", ONNX),
        ("mlserver", "start", "."), "/v2/models/forest/infer", _tensor,
        files={
            "forest.py": _MLSERVER,
            "model-settings.json": json.dumps({"name": "forest", "implementation": "forest.Forest"}),
        },
        environ={
            "MLSERVER_HTTP_PORT": "{port}", "MLSERVER_GRPC_PORT": "{port1}", "MLSERVER_METRICS_PORT": "{port2}",
            "MLSERVER_PARALLEL_WORKERS": "0", "MLSERVER_HOST": "127.0.0.1",
        },
    ),
    Peer(
        "bare ASGI and ONNX Runtime", "ONNX", ("uvicorn", "uvloop", "httptools", "msgspec", ONNX),
        ("uvicorn", "bare:app", "--port", "{port}", "--workers", "{workers}", "--log-level", "error",
         "--no-access-log"), "/score", _data, files={"bare.py": _SESSION + _BARE},
    ),
    Peer(
        "bare ASGI and ONNX Runtime, json", "ONNX", ("uvicorn[standard]", "numpy", ONNX),
        ("uvicorn", "bare:app", "--port", "{port}", "--workers", "{workers}", "--log-level", "error",
         "--no-access-log"), "/score", _data, files={"bare.py": _SESSION + _BARE_JSON},
    ),
)  # fmt: skip
OURS = Peer(
    "mlops-ci", "ONNX", (),
    (sys.executable, "-m", "mlops_ci.serving", "--package", "{model}", "--port", "{port}", "--workers", "{workers}"),
    "/score", _data, environ={"PYTHONPATH": str(ROOT), "MLOPS_CI_SERVE_SPOOL": "spool"},
)  # fmt: skip


def install(peer: Peer, folder: Path) -> str | None:
    """Make the environment of a peer, or take the one that is there; says why it cannot be."""
    python, note = folder / "bin" / "python", folder / "needs.json"
    needs = json.dumps(peer.needs)
    if not peer.needs or (note.exists() and note.read_text("utf-8") == needs):
        return None
    for command in (
        ("venv", "--quiet", "--clear", "--python", sys.executable, str(folder)),
        ("pip", "install", "--quiet", "--python", str(python), *peer.needs),
    ):
        done = subprocess.run([sys.executable, "-m", "uv", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["it cannot be installed"])[-1]
    note.write_text(needs, "utf-8")
    return None


def start(peer: Peer, environment: Path, folder: Path, model: Path, port: int, workers: int) -> subprocess.Popen[bytes]:
    """Start a peer in a session of its own; its log is beside it."""
    told = {"port": str(port), "port1": str(port + 1), "port2": str(port + 2), "workers": str(workers)}

    def filled(text: str) -> str:
        found = text.replace("{model!r}", repr(str(model))).replace("{model}", str(model))
        for name, value in told.items():
            found = found.replace("{" + name + "}", value)
        return found.replace("{{", "{").replace("}}", "}")

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in peer.files.items():
        (folder / name).write_text(filled(text), "utf-8")
    environ = {**os.environ, **_QUIET, "PATH": f"{environment / 'bin'}:{os.environ['PATH']}"}
    environ |= {name: filled(value) for name, value in peer.environ.items()}
    with (folder / "log").open("wb") as log:
        if peer.prepare:
            prepared = [filled(part) for part in peer.prepare]
            subprocess.run(prepared, cwd=folder, env=environ, stdout=log, stderr=log, check=True)
        command = [filled(part) for part in peer.command]
        return subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log, start_new_session=True)
