"""Writes the locks of ``actions/setup/locks``: what the set-up of an action or a task installs; and those of images.

``python -m mlops_ci.faces.lock`` (``make lock``) resolves all extras once, for every platform, and divides the result,
so that the locks of any two extras agree with each other. A lock names versions and hashes, and no index: which one is
asked is the business of the machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "actions" / "setup" / "locks"
IMAGE_LOCKS = ROOT / "mlops_ci" / "packaging" / "locks"
# What a scoring server has, and what collecting requests adds: extras, and dependencies of the core.
IMAGES = {"server": (("serve",), ("msgspec",)), "collector": ((), ("obstore",))}
CORE = "core"
_HEADER = "# Written by make lock. What {name} needs beyond {beyond}.\n"
_IMAGE_HEADER = "# Written by make lock. What images have for the {name} of a model.\n"
_NAME = re.compile(r"[^A-Za-z0-9._-]")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")


def extras() -> list[str]:
    """The extras of the package that may be installed one by one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return sorted(set(project["optional-dependencies"]) - {"all"})


def pins(lock: str) -> dict[str, str]:
    """What a lock pins: names, and their lines with the hashes."""
    blocks: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        if found := _PIN.match(line):
            # A package may have several versions, one for each range of Python's.
            name = found[1]
            blocks.setdefault(name, "")
        if name and not line.startswith("#"):
            blocks[name] += line
    return blocks


def compile_locks() -> dict[str, str]:
    """Resolve, and return the text of every lock by its name."""
    with tempfile.TemporaryDirectory() as folder:
        everything = Path(folder, "all.txt")
        everything.write_text(_compile("--all-extras"), "utf-8")
        core = pins(_compile("--constraint", str(everything)))
        texts = {CORE: _text("mlops-ci itself", "Python", core)}
        for extra in extras():
            wanted = pins(_compile("--extra", extra, "--constraint", str(everything)))
            beyond = {name: block for name, block in wanted.items() if name not in core}
            texts[extra] = _text(f"the extra {extra}", "the core", beyond)
    return texts


def compile_image_locks(locks: Mapping[str, str]) -> dict[str, str]:
    """The locks of the software in images and what they are made from, by file name.

    Their pins are those of the other locks, which are given here.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    of_core = {_NAME.split(line)[0]: line for line in project["dependencies"]}
    texts: dict[str, str] = {}
    known: set[str] = set()
    wanted: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "all.txt")
        constraints.write_text("".join(locks.values()), "utf-8")
        for name, (extras, packages) in IMAGES.items():
            more = [line for extra in extras for line in project["optional-dependencies"][extra]]
            more += [of_core[package] for package in packages]
            texts[f"{name}.in"] = "".join(f"{line}\n" for line in sorted(more))
            wanted += more
            given = Path(folder, f"{name}.in")
            given.write_text("\n".join(wanted), "utf-8")
            blocks = pins(_compile("--constraint", str(constraints), source=str(given)))
            header = _IMAGE_HEADER.format(name=name)
            texts[f"{name}.txt"] = header + "".join(blocks[one] for one in sorted(blocks) if one not in known)
            known |= set(blocks)
    return texts


def _compile(*arguments: str, source: str = "pyproject.toml") -> str:
    command = [
        find_uv_bin(), "pip", "compile", source, *arguments, "--universal", "--python-version", "3.11",
        "--fork-strategy", "fewest", "--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--upgrade",
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _text(name: str, beyond: str, blocks: dict[str, str]) -> str:
    return _HEADER.format(name=name, beyond=beyond) + "".join(blocks[name] for name in sorted(blocks))


def main() -> None:
    """Write them all."""
    locks = compile_locks()
    _write(LOCKS, {f"{name}.txt": text for name, text in locks.items()})
    _write(IMAGE_LOCKS, compile_image_locks(locks))


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
        sys.stdout.write(f"{name}: {len(pins(text))} packages\n")


if __name__ == "__main__":
    main()
