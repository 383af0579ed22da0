"""Writes the locks of ``actions/setup/locks``: what the set-up of an action or a task installs.

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
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "actions" / "setup" / "locks"
CORE = "core"
_HEADER = "# Written by make lock. What {name} needs beyond {beyond}.\n"
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


def _compile(*arguments: str) -> str:
    command = [
        find_uv_bin(), "pip", "compile", "pyproject.toml", *arguments, "--universal", "--python-version", "3.11",
        "--fork-strategy", "fewest", "--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--upgrade",
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _text(name: str, beyond: str, blocks: dict[str, str]) -> str:
    return _HEADER.format(name=name, beyond=beyond) + "".join(blocks[name] for name in sorted(blocks))


def main() -> None:
    """Write them all."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    for name, text in compile_locks().items():
        (LOCKS / f"{name}.txt").write_text(text, "utf-8")
        sys.stdout.write(f"{name}: {len(pins(text))} packages\n")


if __name__ == "__main__":
    main()
