"""Azurite: Microsoft's emulator of Azure Blob Storage, from npm."""

from __future__ import annotations

import base64
import hmac
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import requests

from tests.parts.bucket import Bucket
from tests.parts.need import missing
from tests.parts.ports import free_ports, wait_for

_ROOT = Path(__file__).parents[2]
_ACCOUNT = "devstoreaccount1"
# Published by Microsoft for the emulator; nothing else accepts it.
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_VERSION = "2021-08-06"


@contextmanager
def azurite(folder: Path) -> Iterator[Bucket]:
    """A running emulator with an empty container."""
    cache = Path(os.environ.get("MLOPS_CI_CACHE_DIR", _ROOT / ".cache"))
    program = shutil.which("azurite-blob") or shutil.which(
        "azurite-blob", path=str(cache / "parts" / "node_modules" / ".bin")
    )
    if program is None:
        missing("azurite-blob, from the npm package azurite")
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program, "--silent", "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort",
                str(port), "--skipApiVersionCheck", "--disableTelemetry",
            ],
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd=folder,
        )  # fmt: skip
    try:
        wait_for(port, process, str(folder / "log"))
        endpoint = f"http://127.0.0.1:{port}/{_ACCOUNT}"
        _make_container(endpoint, "models")
        environ = {"AZURE_STORAGE_ACCOUNT_KEY": _KEY}
        yield Bucket("az", "models", endpoint, environ, {"account": _ACCOUNT})
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _make_container(endpoint: str, name: str) -> None:
    date = formatdate(usegmt=True)
    canonical = "\n".join([
        "PUT", *[""] * 11, f"x-ms-date:{date}", f"x-ms-version:{_VERSION}",
        f"/{_ACCOUNT}/{_ACCOUNT}/{name}", "restype:container",
    ])  # fmt: skip
    signature = base64.b64encode(hmac.digest(base64.b64decode(_KEY), canonical.encode(), "sha256")).decode()
    reply = requests.put(
        f"{endpoint}/{name}?restype=container",
        headers={
            "x-ms-date": date,
            "x-ms-version": _VERSION,
            "Authorization": f"SharedKey {_ACCOUNT}:{signature}",
        },
        timeout=30,
    )
    assert reply.status_code == 201, reply.text
