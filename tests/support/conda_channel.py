"""A conda channel, made by hand, so that environments are solved and installed for real without any address."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import rattler

PLACEHOLDER = "/opt/placeholder_" + "x" * 80


def write_package(
    channel: Path,
    name: str,
    version: str,
    files: Mapping[str, str],
    *,
    depends: Sequence[str] = (),
    links: Mapping[str, str] | None = None,
) -> None:
    """Write a package that belongs to no platform; ``PLACEHOLDER`` in a file becomes the folder it is installed to."""
    folder = channel / "noarch"
    folder.mkdir(parents=True, exist_ok=True)
    listed = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "size_in_bytes": len(text),
            **({"prefix_placeholder": PLACEHOLDER, "file_mode": "text"} if PLACEHOLDER in text else {}),
        }
        for path, text in files.items()
    ]
    listed += [{"_path": path, "path_type": "softlink"} for path in links or {}]
    index = {
        "name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends),
        "subdir": "noarch", "noarch": "generic", "license": "MIT", "timestamp": 1_700_000_000_000,
    }  # fmt: skip
    info = {"info/index.json": json.dumps(index), "info/paths.json": json.dumps({"paths_version": 1, "paths": listed})}
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for path, target in (links or {}).items():
            link = tarfile.TarInfo(path)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for path, text in {**files, **info}.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text.encode()), 0o755 if path.startswith("bin/") else 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    asyncio.run(rattler.index.index_fs(channel, write_zst=False, write_shards=False))


def write_python(channel: Path) -> None:
    """Write a package ``python`` whose program is ours, in a folder that it takes for its own."""
    real = Path(sys.executable).resolve()
    version = ".".join(map(str, sys.version_info[:3]))
    files = {"pyvenv.cfg": f"home = {real.parent}\ninclude-system-site-packages = false\nversion = {version}\n"}
    write_package(channel, "python", version, files, links={"bin/python": str(real), "bin/python3": "python"})
