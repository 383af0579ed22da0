"""An image to stand on: Debian with Python and nothing else, made here, as tests reach no public registry."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.parts.need import missing
from tests.parts.oci_registry import Registry

_ROOT = Path(__file__).parents[2]
_FORMAT = "1"  # of the folder in the cache
_SUITE = "bookworm"
_PACKAGES = "python3-minimal,libpython3-stdlib,ca-certificates"
_UNREAD = ("doc", "info", "locale", "man")
_EPOCH = "1700000000"
_OCI = "application/vnd.oci.image"


@dataclass(frozen=True)
class BaseImage:
    """The image in a registry. ``reference`` has its digest; ``layout`` is the folder with the same as an OCI layout.

    ``python`` is the version of its Python, which its configuration says, too (``PYTHON_VERSION``), as in the official
    images of Python.
    """

    reference: str
    digest: str
    layout: Path
    python: str


@pytest.fixture(scope="session")
def base_layout() -> Path:
    """The image as an OCI layout: ``oci-layout``, ``index.json``, ``blobs``. It belongs to all tests: only read it."""
    cache = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or _ROOT / ".cache") / "parts"
    cache.mkdir(parents=True, exist_ok=True)
    recipe = hashlib.sha256(" ".join((_FORMAT, _SUITE, _PACKAGES, *_UNREAD)).encode()).hexdigest()[:12]
    folder = cache / f"base-image-{recipe}"
    with (cache / ".base-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers may want it now, too
        if not folder.is_dir():
            for old in cache.glob("base-image-*"):
                shutil.rmtree(old)
            scratch = cache / "base-image-new"
            _make(scratch)
            scratch.rename(folder)
    return folder


@pytest.fixture(scope="session")
def base_image(base_layout: Path, oci_registry: Registry) -> BaseImage:
    """The image in the open registry."""
    return push_layout(base_layout, oci_registry, "library/python")


def push_layout(layout: Path, registry: Registry, repository: str) -> BaseImage:
    """Send an OCI layout to a registry, as simply as it can be done."""
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(_blob(layout, entry["digest"]).read_text())
    config = json.loads(_blob(layout, manifest["config"]["digest"]).read_text())
    auth = (registry.user, registry.password) if registry.user and registry.password else None
    with requests.Session() as session:
        session.auth = auth
        for blob in (*manifest["layers"], manifest["config"]):
            begun = session.post(f"{registry.url}{repository}/blobs/uploads/", timeout=60)
            assert begun.status_code == 202, begun.text
            with _blob(layout, blob["digest"]).open("rb") as file:
                done = session.put(
                    begun.headers["Location"], params={"digest": blob["digest"]}, data=file, timeout=60,
                    headers={"Content-Type": "application/octet-stream"},
                )  # fmt: skip
            assert done.status_code == 201, done.text
        done = session.put(
            f"{registry.url}{repository}/manifests/{entry['digest']}",
            data=_blob(layout, entry["digest"]).read_bytes(), headers={"Content-Type": entry["mediaType"]}, timeout=60,
        )  # fmt: skip
        assert done.status_code == 201, done.text
    python = next(value for value in config["config"]["Env"] if value.startswith("PYTHON_VERSION="))
    digest = entry["digest"]
    return BaseImage(f"{registry.address}/{repository}@{digest}", digest, layout, python.partition("=")[2])


def _make(folder: Path) -> None:
    program = shutil.which("mmdebstrap") or missing("mmdebstrap, from the Debian package of that name")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "blobs/sha256").mkdir(parents=True)
    archive = folder / "rootfs.tar"
    unread = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNREAD]
    done = subprocess.run(
        [program, "--quiet", "--variant=minbase", f"--include={_PACKAGES}", *unread, _SUITE, archive],
        env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        missing(f"a Debian base, which could not be made: {done.stderr.strip().splitlines()[-1:]}")
    python = _python_of(archive)
    layer, diff_id = _layer(folder, archive)
    archive.unlink()
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": "2023-11-14T22:13:20Z",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", f"PYTHON_VERSION={python}"],
            "Cmd": ["python3"],
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": f"mmdebstrap {_SUITE}"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _put(folder, config, f"{_OCI}.config.v1+json"),
        "layers": [layer],
    }
    entry = _put(folder, manifest, f"{_OCI}.manifest.v1+json")
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _python_of(archive: Path) -> str:
    with tarfile.open(archive) as tar:
        status = tar.extractfile("./var/lib/dpkg/status")
        assert status is not None
        found = re.search(r"(?ms)^Package: python3-minimal$.*?^Version: ([0-9.]+)", status.read().decode())
    assert found, "no Python was installed"
    return found[1]


def _layer(folder: Path, archive: Path) -> tuple[dict[str, Any], str]:
    packed = folder / "layer"
    with archive.open("rb") as source, packed.open("wb") as target:
        diff_id = hashlib.file_digest(source, "sha256").hexdigest()
        source.seek(0)
        with gzip.GzipFile("", "wb", 1, target, mtime=0) as compressed:
            shutil.copyfileobj(source, compressed, 1 << 20)
    with packed.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    packed.rename(_blob(folder, f"sha256:{digest}"))
    size = _blob(folder, f"sha256:{digest}").stat().st_size
    return {"mediaType": f"{_OCI}.layer.v1.tar+gzip", "digest": f"sha256:{digest}", "size": size}, f"sha256:{diff_id}"


def _put(folder: Path, document: dict[str, Any], media_type: str) -> dict[str, Any]:
    data = json.dumps(document).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _blob(folder, digest).write_bytes(data)
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
