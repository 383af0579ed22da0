"""The parts of an image by themselves: names, layers, the software, the server, the base."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.errors import IntegrityError, MlopsError, RemoteError, UsageError
from mlops_ci.faces.lock import IMAGE_LOCKS, LOCKS, pins
from mlops_ci.packaging import oci
from mlops_ci.packaging.base import Base
from mlops_ci.packaging.dependencies import dependencies, normalise, server_lock, server_requirements
from mlops_ci.packaging.layers import Layers, write_layer
from mlops_ci.packaging.oci import BaseManifest, Descriptor
from mlops_ci.packaging.platforms import choose
from mlops_ci.packaging.reference import ImageReference, parse_image
from mlops_ci.packaging.server_files import server_files

H11 = "h11==0.16.0 --hash=sha256:63cf8bbe7522de3bf65932fda1d9c2772064ffb3dae62d55932da54b31cb6c86\n"


IMPORT_ALL = """
import importlib, pkgutil, mlops_ci.serving
for module in pkgutil.iter_modules(mlops_ci.serving.__path__, "mlops_ci.serving."):
    importlib.import_module(module.name)
print(mlops_ci.__file__)
"""


@contextmanager
def scratch_in(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True)
    yield folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python", ImageReference("docker.io", "library/python")),
        ("python:3.12-slim", ImageReference("docker.io", "library/python", "3.12-slim")),
        ("acme/model", ImageReference("docker.io", "acme/model")),
        ("ghcr.io/acme/model:v1", ImageReference("ghcr.io", "acme/model", "v1")),
        ("localhost:5000/model", ImageReference("localhost:5000", "model")),
        (f"a.b/c@sha256:{'0' * 64}", ImageReference("a.b", "c", None, f"sha256:{'0' * 64}")),
    ],
)
def test_names_of_images_are_read_as_docker_reads_them(text: str, expected: ImageReference) -> None:
    assert parse_image(text) == expected
    assert parse_image(str(expected)) == expected


@settings(max_examples=60)
@given(st.text(st.characters(codec="utf-8"), max_size=40) | st.from_regex(r"[a-z:/.@\n-]{1,40}", fullmatch=True))
def test_a_name_is_read_or_refused_and_never_leads_elsewhere(text: str) -> None:
    try:
        found = parse_image(text)
    except UsageError:
        return
    assert str(found).isprintable() and not set(str(found)) & set(" \n?#%\\")
    assert ".." not in found.repository
    assert parse_image(str(found)) == found


def fill(folder: Path, when: float, mode: int) -> Path:
    for name in ("b/inner.txt", "a.txt", "ü/long-" + "x" * 150):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        (folder / name).chmod(mode)
        os.utime(folder / name, (when, when))
    return folder


def test_a_layer_is_a_function_of_names_and_contents(tmp_path: Path) -> None:
    one = write_layer(tmp_path / "1", "model", fill(tmp_path / "x", 1e9, 0o600), "opt/a", 0)
    two = write_layer(tmp_path / "2", "model", fill(tmp_path / "y", time.time(), 0o755), "opt/a", 0)
    assert one == two
    assert one != write_layer(tmp_path / "3", "model", tmp_path / "x", "opt/a", 1_700_000_000)
    with tarfile.open(tmp_path / "3") as archive:
        assert {entry.mtime for entry in archive} == {1_700_000_000}


def test_a_layer_has_no_links_in_it(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/link").symlink_to("/etc/passwd")
    with pytest.raises(IntegrityError, match="has no links"):
        write_layer(tmp_path / "layer", "model", tmp_path / "files", "opt", 0)


def test_wheels_become_the_same_layer_twice_and_leave_no_trace_of_this_machine(tmp_path: Path) -> None:
    recipe = dependencies(H11, "3.12", "linux/arm64", os.environ)
    made = [
        Layers(tmp_path / name, lambda name=name: scratch_in(tmp_path / "scratch" / name), 0).find(recipe)  # type: ignore[misc]
        for name in ("one", "two")
    ]
    assert made[0].layer == made[1].layer
    with tarfile.open(made[0].path) as archive:
        names = archive.getnames()
        contents = b"".join(file.read() for entry in archive if (file := archive.extractfile(entry)))
    assert "opt/mlops-ci/packages/h11/__init__.py" in names
    unwanted = ("/bin/", "__pycache__", "RECORD", "INSTALLER", "/.lock")
    assert not [name for name in names if any(part in name for part in unwanted)]
    assert str(tmp_path).encode() not in contents and sys.prefix.encode() not in contents


def test_what_an_installation_leaves_is_taken_away(tmp_path: Path) -> None:
    unused = ("numpy/tests/a.py", "numpy/lib/tests/data/a.npy", "p/a.pyi", "bin/tool", "p/__pycache__/x.pyc")
    for name in (*unused, "p-1.dist-info/RECORD", "p-1.dist-info/METADATA", "p/RECORD", "p/tests/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    normalise(tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "p-1.dist-info/METADATA", "p/RECORD", "p/tests/a.py"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lock", "expected", "code"),
    [
        ("pyspark==3.5.0 --hash=sha256:" + "0" * 64, "pyspark==3.5.0 has no wheel for it", 2),
        (H11.replace("63cf", "64cf"), "Hash mismatch for `h11", 5),
    ],
)
def test_software_that_cannot_be_had_is_named(tmp_path: Path, lock: str, expected: str, code: int) -> None:
    with pytest.raises(MlopsError, match=expected) as caught:
        dependencies(lock, "3.12", "linux/amd64", os.environ).lay_out(tmp_path / "files")
    assert caught.value.exit_code == code


def test_the_locks_of_images_are_parts_of_the_others() -> None:
    others: dict[str, str] = {}
    for file in LOCKS.glob("*.txt"):
        others |= pins(file.read_text("utf-8"))
    for file in IMAGE_LOCKS.glob("*.txt"):
        found = pins(file.read_text("utf-8"))
        assert found == {name: others[name] for name in found}, "run make lock"
    assert "obstore" not in pins(server_lock(collects=False))
    assert "obstore" in pins(server_lock(collects=True))
    wanted = {line.partition(">")[0] for line in server_requirements(collects=False)}
    assert wanted <= set(pins(server_lock(collects=False)))


def test_the_server_brings_what_it_imports_and_no_more(tmp_path: Path) -> None:
    package = tmp_path / "mlops_ci"
    sources = {
        "__init__.py": "from mlops_ci.api import Workspace\n",
        "api.py": "",
        "serving/__init__.py": "",
        "serving/app.py": "from mlops_ci.records.image import Image\ndef late():\n    from mlops_ci import errors\n",
        "records/__init__.py": "",
        "records/image.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mlops_ci.cli\n",
        "errors.py": "",
        "cli/__init__.py": "",
    }
    for name, text in sources.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    assert sorted(server_files(package)) == sorted(set(sources) - {"api.py", "cli/__init__.py"})


def test_the_server_can_be_imported_from_its_layer_alone(tmp_path: Path) -> None:
    for name, path in server_files().items():
        target = tmp_path / "mlops_ci" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(str(tmp_path)), done.stderr


def base(*environ: str) -> Base:
    config: dict[str, Any] = {"config": {"Env": list(environ)}, "rootfs": {"diff_ids": []}}
    return Base(parse_image("python"), BaseManifest((), config))


def test_the_python_of_a_base_is_what_it_says_unless_it_is_chosen() -> None:
    assert base("PATH=/bin", "PYTHON_VERSION=3.12.7").python(None) == "3.12"
    assert base("PYTHON_VERSION=3.14.0rc1").python(None) == "3.14"
    assert base("PYTHON_VERSION=3.12.7").python("3.11") == "3.11"
    for other in (base(), base("PYTHON_VERSION=2.7.18"), base("PYTHON_VERSION=")):
        with pytest.raises(UsageError, match="does not say which Python it has"):
            other.python(None)


def test_of_an_index_the_image_of_the_platform_is_chosen() -> None:
    def entry(system: str, architecture: str, letter: str) -> Descriptor:
        item = {
            "mediaType": oci.MANIFEST, "digest": f"sha256:{letter * 64}", "size": 1,
            "platform": {"os": system, "architecture": architecture, "os.features": ["x"]},
        }  # fmt: skip
        return oci.descriptor(item, "here")

    entries = [entry("unknown", "unknown", "a"), entry("linux", "amd64", "b"), entry("windows", "arm64", "c")]
    assert choose(entries, "linux/amd64", "here").digest == f"sha256:{'b' * 64}"
    with pytest.raises(UsageError, match="not made for linux/arm64") as caught:
        choose(entries, "linux/arm64", "here")
    assert "it has linux/amd64, windows/arm64" in caught.value.line()


KEYS = st.sampled_from(["layers", "digest", "size", "rootfs"])
PLAIN = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
)


@settings(max_examples=50)
@given(st.binary(max_size=60) | PLAIN.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_registry_answers_is_a_document_or_an_error(data: bytes) -> None:
    try:
        document = oci.read_document(data, "here")
        oci.descriptors(document, "layers", "here")
        oci.base_manifest(document, document, "here")
    except RemoteError as error:
        assert error.where == "here"
