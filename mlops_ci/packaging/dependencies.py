"""The layer of an image's software: wheels of a lock, for the image's platform. No code of theirs is run."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mlops_ci.edge.uv import run_uv
from mlops_ci.errors import RemoteError, UsageError
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
        partial(_install, lock, python, platform, environ),
    )


def _lock_files(suffix: str, *, collects: bool) -> list[str]:
    names = ("server", "collector") if collects else ("server",)
    return [(_LOCKS / f"{name}{suffix}").read_text("utf-8") for name in names]


def _install(lock: str, python: str, platform: str, environ: Mapping[str, str], folder: Path) -> None:
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
    """Take away what an installation has of the machine that it was made on."""
    for name in ("bin", "Scripts", ".lock"):
        found = folder / name
        shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
    for path in sorted(folder.rglob("__pycache__")):
        shutil.rmtree(path)
    for about in folder.glob("*.dist-info"):
        for name in _OF_THE_INSTALLATION:
            (about / name).unlink(missing_ok=True)
