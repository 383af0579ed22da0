"""Packages of one entry script."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.files import FileRecord
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import ScriptRequest


def script_package(folder: Path, script: str, files: dict[str, bytes] | None = None) -> ServedModel:
    """Write a package with an entry script and the files of a model."""
    home = folder / "models" / "coin"
    (home / "code").mkdir(parents=True)
    (home / "files").mkdir()
    (home / "code" / "score.py").write_text(script, "utf-8")
    records = []
    for name, data in (files or {}).items():
        (home / "files" / name).write_bytes(data)
        records.append(FileRecord(f"models/coin/files/{name}", digest_of_bytes(data), len(data)))
    return ServedModel(
        name="coin",
        kind="script",
        version=3,
        file="models/coin/code/score.py",
        folder="models/coin/files",
        files=tuple(records),
    )


def posted(body: bytes | str, *headers: tuple[bytes, bytes]) -> ScriptRequest:
    return ScriptRequest("r-1", "POST", "", headers, body.encode() if isinstance(body, str) else body)


def asked(query: str) -> ScriptRequest:
    return ScriptRequest("r-1", "GET", query, (), b"")


@contextmanager
def imports_undone() -> Iterator[None]:
    """Take back what loading a script does to the interpreter."""
    path, known, finders = list(sys.path), set(sys.modules), list(sys.meta_path)
    try:
        yield
    finally:
        sys.path[:], sys.meta_path[:] = path, finders
        for name in set(sys.modules) - known:
            if name.startswith(("mlops_ci_entry_script", "azureml", "beside", "inference_schema")):
                del sys.modules[name]
