"""Packs the extension for Azure Pipelines: ``python pipelines/pack.py [OUTPUT.vsix]``. Needs Node and npm.

An agent gets the folder of a task and nothing else. So each has the handler in one file, the package as its wheel has
it, and what sets it up. Everything is built below ``build/extension``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from mlops_ci import __version__
from mlops_ci.faces.azure import name_of
from mlops_ci.faces.tasks import TASKS

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "extension"
SET_UP = ("set_up.sh", "set_up.py", "start.py", "locks")


def main() -> None:
    """Build everything anew, and pack it."""
    output = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist" / "mlops-ci.vsix").absolute()
    shutil.rmtree(BUILD, ignore_errors=True)
    installed, lock = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", "--ignore-scripts", "--silent", cwd=HERE)
    run(find_uv_bin(), "build", "--wheel", "--quiet", "--out-dir", str(BUILD / "wheel"), cwd=ROOT)
    for name in ("index", "download"):
        bundle(name)
    for task in TASKS:
        name = name_of(task)
        verb = {"verb": None if task.installs_only else task.verb, "extras": task.extras, "needsMore": task.needs_more}
        fill(name, HERE / "tasks" / name / "task.json", "index", verb)
    fill("MlopsDownload", HERE / "download" / "task.json", "download")
    for file in (HERE / "overview.md", HERE / "icon.png", ROOT / "LICENSE"):
        shutil.copy(file, BUILD)
    (BUILD / "vss-extension.json").write_text(json.dumps(manifest(), indent=2), "utf-8")
    output.parent.mkdir(parents=True, exist_ok=True)
    tool("tfx", "extension", "create", "--manifest-globs", "vss-extension.json", "--output-path", str(output),
         "--no-prompt")  # fmt: skip
    sys.stdout.write(f"{output}: {output.stat().st_size / 1e6:.1f} MB\n")


def bundle(name: str) -> None:
    """The handler and what it needs of others, in one file."""
    source = HERE / "handler" / f"{name}.js"
    tool("esbuild", str(source), "--bundle", "--platform=node", "--target=node20", "--legal-comments=inline",
         "--log-level=warning", f"--outfile={BUILD / 'handler' / name}.js")  # fmt: skip


def fill(name: str, declaration: Path, handler: str, verb: dict[str, Any] | None = None) -> None:
    """The folder of a task."""
    folder = BUILD / "tasks" / name
    with zipfile.ZipFile(next((BUILD / "wheel").glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    shutil.copy(declaration, folder)
    shutil.copy(BUILD / "handler" / f"{handler}.js", folder / "index.js")
    shutil.copy(HERE / "icon.png", folder)
    for part in SET_UP:
        source, target = ROOT / "actions" / "setup" / part, folder / "actions" / "setup" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    if verb is not None:
        (folder / "verb.json").write_text(json.dumps(verb), "utf-8")


def manifest() -> dict[str, Any]:
    """The committed manifest with the version, and the files and a contribution of each task that was built."""
    found: dict[str, Any] = json.loads((HERE / "vss-extension.json").read_text("utf-8"))
    found["version"] = __version__
    # Of a file whose kind is not said tfx asks a program of the system, one process for each of thousands.
    found["files"] = [
        {"path": str(file.relative_to(BUILD)), "contentType": "application/octet-stream"}
        for file in sorted((BUILD / "tasks").rglob("*"))
        if file.is_file()
    ]
    found["contributions"] += [
        {
            "id": folder.name,
            "type": "ms.vss-distributed-task.task",
            "targets": ["ms.vss-distributed-task.tasks"],
            "properties": {"name": f"tasks/{folder.name}"},
        }
        for folder in sorted((BUILD / "tasks").iterdir())
    ]
    return found


def tool(name: str, *arguments: str) -> None:
    """Run a program that npm has installed."""
    run(str(HERE / "node_modules" / ".bin" / name), *arguments, cwd=BUILD)


def run(*command: str, cwd: Path) -> None:
    """Run a program; what it says is shown only if it fails."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{Path(command[0]).name} failed:\n{done.stdout}")


if __name__ == "__main__":
    main()
