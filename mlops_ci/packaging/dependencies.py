"""The layer of an image's software: wheels of a lock, for the image's platform. No code of theirs is run."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mlops_ci.edge.uv import run_uv
from mlops_ci.errors import IntegrityError, RemoteError, UsageError
from mlops_ci.packaging.layers import Recipe
from mlops_ci.packaging.places import PACKAGES
from mlops_ci.packaging.platforms import wheels_for

# What tells of the installation, and not of the package: paths of this machine, and how it came here.
_OF_THE_INSTALLATION = frozenset(
    {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)
_LOCKS = Path(__file__).with_name("locks")
_NO_WHEEL = re.compile(r"no wheels|no (?:usable|compatible) wheel|building .{0,20}is disabled|no binary distribution")
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)")


def server_lock(*, collects: bool) -> str:
    """The lock of a server of ONNX models; ``collects``: that keeps requests in a workspace, too."""
    return "".join(_lock_files(".txt", collects=collects))


def server_requirements(*, collects: bool) -> tuple[str, ...]:
    """What that lock was made from, to be locked together with the software of a model."""
    return tuple(line for text in _lock_files(".in", collects=collects) for line in text.splitlines() if line)


def dependencies(lock: str, python: str, platform: str, environ: Mapping[str, str]) -> Recipe:
    """The recipe of the layer.

    Args:
        lock: requirements with hashes.
        python: the minor version of the image's Python.
        platform: of the image.
        environ: the environment variables, which say what index to ask.
    """
    return Recipe(
        "dependencies",
        [lock, python, platform],
        PACKAGES.lstrip("/"),
        partial(install_wheels, lock, python, platform, environ),
    )


def _lock_files(suffix: str, *, collects: bool) -> list[str]:
    names = ("server", "collector") if collects else ("server",)
    return [(_LOCKS / f"{name}{suffix}").read_text("utf-8") for name in names]


def install_wheels(lock: str, python: str, platform: str, environ: Mapping[str, str], folder: Path) -> None:
    """Install the wheels of a lock into a folder, for a Python and a platform that need not be ours.

    Raises:
        UsageError: a package has no wheel for them.
        RemoteError: the package index cannot be reached.
    """
    requirements = folder.with_name(f"{folder.name}.txt")
    requirements.write_text(lock, "utf-8")
    where = f"the image's software, for Python {python} on {platform}"
    try:
        run_uv(
            "pip", "install", "--target", str(folder), "--python", sys.executable,
            "--python-platform", wheels_for(platform), "--python-version", python,
            "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile-bytecode", "--link-mode", "copy",
            "--requirements", str(requirements),
            folder=folder.parent, environ=environ, where=where, hint="mend the requirements",
        )  # fmt: skip
    except (UsageError, RemoteError) as error:
        if "Hash mismatch" in error.what:
            hint = "do not use it: the package index gives other files than were locked"
            raise IntegrityError(error.what, where=where, hint=hint) from error
        if _NO_WHEEL.search(error.what) and (package := _NAMED.search(error.what)):
            what = f"{package[0]} has no wheel for it"
            hint = (
                "choose a version that has, another image.python or platform, or build it with image: {dockerfile: ...}"
            )
            raise UsageError(what, where=where, hint=hint) from error
        raise
    finally:
        requirements.unlink()
    normalise(folder)


def normalise(folder: Path) -> None:
    """Take away what an installation has of the machine that it was made on, and what no program ever imports."""
    for name in ("bin", "Scripts", ".lock"):
        found = folder / name
        shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
    for path in sorted(folder.rglob("__pycache__")):
        shutil.rmtree(path)
    # NumPy's own tests are a fifth of it, and nothing of NumPy needs them; of others nobody knows that.
    for path in sorted((folder / "numpy").rglob("tests")):
        shutil.rmtree(path)
    for path in folder.rglob("*.pyi"):  # stubs are read by type checkers only
        path.unlink()
    for about in folder.glob("*.dist-info"):
        for name in _OF_THE_INSTALLATION:
            (about / name).unlink(missing_ok=True)
