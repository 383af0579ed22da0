"""An image with a server of few lines, for tests of what happens around a server; loaded into the Engine by us."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from mlops_ci.packaging.archive import layout_files
from mlops_ci.packaging.engine import load
from tests.parts.docker_engine import Engine

# What it does besides is told by variables: fail at once, be killed for its memory, never become ready.
_SERVER = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        ready = self.path == "/health/ready" and "UNREADY" not in os.environ
        status = 200 if ready or self.path == "/score" else 404
        document = {"user": os.getuid(), "version": os.environ.get("VERSION"), "rows": len(body)}
        said = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        print("asked for", self.path, flush=True)

def end(*_):
    print("ends", flush=True)
    os._exit(0)

signal.signal(signal.SIGTERM, end)
print("starts", os.environ.get("VERSION"), flush=True)
if "FAIL" in os.environ:
    sys.exit(int(os.environ["FAIL"]))
if "EAT" in os.environ:
    eaten = b"x" * int(os.environ["EAT"])
ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


@dataclass(frozen=True)
class TinyImage:
    """The image in the Engine, by its id there and by its name."""

    id: str
    name: str


@pytest.fixture(scope="session")
def tiny_image(docker_engine: Engine, base_layout: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyImage:
    """The image, in the Engine of the session."""
    layer = tmp_path_factory.mktemp("tiny") / "layer.tar"
    with tarfile.open(layer, "w") as archive:
        entry = tarfile.TarInfo("srv/server.py")
        entry.size, entry.mode = len(_SERVER.encode()), 0o644
        archive.addfile(entry, io.BytesIO(_SERVER.encode()))
    data, layers = layout_files(base_layout)
    config = json.loads(data)
    config["config"] |= {"Entrypoint": ["python3", "/srv/server.py"], "Cmd": [], "User": "1000:1000"}
    config["config"]["ExposedPorts"] = {"8080/tcp": {}}
    config["rootfs"]["diff_ids"].append(f"sha256:{hashlib.sha256(layer.read_bytes()).hexdigest()}")
    config["history"].append({"created_by": "tests"})
    client = docker.DockerClient(base_url=docker_engine.host)
    try:
        name = "tests/tiny:1"
        return TinyImage(load(client, json.dumps(config).encode(), [*layers, layer], name), name)
    finally:
        client.close()
