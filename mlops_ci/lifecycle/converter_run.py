"""Runs the converter outside of a pipeline, in the project's environment with the converters in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.process import run_logged
from mlops_ci.errors import IntegrityError, RemoteError, UsageError
from mlops_ci.lifecycle.places import PROJECT_FILE, find_project_file, load_project_file
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.conversion import PURPOSE, TOOL, converters_for
from mlops_ci.pipeline.environment import choose_environment
from mlops_ci.pipeline.extended import extended, installs
from mlops_ci.pipeline.sandbox import passed_on
from mlops_ci.pipeline.tool import Tool
from mlops_ci.project.project import EnvironmentChoice, Project
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store

_ERROR = "error: "
_INSTALLED = EnvironmentChoice(python=None, requirements=None)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the converter is called with: a model's file, a table of rows, and of that which columns (empty: all)."""

    model: Path
    rows: Path
    columns: tuple[str, ...] = ()
    onnx: Path | None = None


@dataclass(frozen=True, slots=True)
class ConverterRun:
    """Calls of the converter.

    ``project`` is a project's file or folder, whose environment and modules the model needs; none need be there.
    ``store`` keeps locks (None: this machine does), ``say`` hears what the converter prints.
    """

    project: Path
    environ: Mapping[str, str]
    say: Callable[[str], None]
    store: Store | None = None

    def loaded(self) -> Project | None:
        """The project, if there is one."""
        if not (self.project.is_file() or (self.project / PROJECT_FILE).is_file()):
            return None
        file = find_project_file(self.project)
        return load_project_file(file)

    def convert(self, bench: Bench, folder: Path, scratch: Path, *, tolerance: float, int8: bool) -> None:
        """Leave ``conversion.json`` and what it names in a folder.

        Raises:
            UsageError: the model or the rows are not what they should be.
            IntegrityError: the model reaches for files that are not its own.
            RemoteError: the converter crashed.
        """
        more = ["--out", str(folder.absolute()), "--tolerance", repr(tolerance), *(["--int8"] if int8 else [])]
        self._call("convert", bench, more, scratch)

    def verify(self, bench: Bench, scratch: Path, *, tolerance: float) -> tuple[dict[str, Any], bool]:
        """The parity of an ONNX file, and whether it is within the tolerance.

        Raises:
            UsageError: the files or the rows are not what they should be.
            IntegrityError: a model reaches for files that are not its own.
            RemoteError: the converter crashed.
        """
        code, lines = self._call("verify", bench, ["--tolerance", repr(tolerance)], scratch, fine=(0, 1))
        return _printed(lines), code == 0

    def bench(self, bench: Bench, scratch: Path) -> dict[str, Any]:
        """The times of an ONNX file and of the original.

        Raises:
            UsageError: the files or the rows are not what they should be.
            IntegrityError: a model reaches for files that are not its own.
            RemoteError: the converter crashed.
        """
        return _printed(self._call("bench", bench, [], scratch)[1])

    def _call(
        self, verb: str, bench: Bench, more: Sequence[str], scratch: Path, fine: Sequence[int] = (0,)
    ) -> tuple[int, list[str]]:
        command = ["python", "-m", "mlops_ci.converter", verb, "--model", str(bench.model.absolute())]
        command += ["--rows", str(bench.rows.absolute()), *more]
        command += ["--columns", json.dumps(bench.columns)] if bench.columns else []
        command += ["--onnx", str(bench.onnx.absolute())] if bench.onnx else []
        lines: list[str] = []

        def on_line(text: str) -> None:
            lines.append(text)
            if verb == "convert" and not text.startswith(_ERROR):
                self.say(text)

        env = self._environment(bench, scratch)
        done = run_logged(command, cwd=scratch, env=env, on_line=on_line, cancelled=Event())
        if done.exit_code in fine:
            return done.exit_code, lines
        told = next((line.removeprefix(_ERROR) for line in reversed(lines) if line.startswith(_ERROR)), None)
        if done.exit_code == 2 and told:
            raise UsageError(told)
        if done.exit_code == 5 and told:
            raise IntegrityError(told)
        raise RemoteError(f"the converter ended with exit code {done.exit_code}", where=" ".join(lines[-1:])[:300])

    def _environment(self, bench: Bench, scratch: Path) -> dict[str, str]:
        loaded = self.loaded()
        folder = (self.project if self.project.is_dir() else self.project.parent).absolute()
        store = self.store or LocalStore(cache_folder(self.environ) / "locks")
        cache = StepCache(store, ("",), "")
        chosen = choose_environment(loaded.environment if loaded else _INSTALLED, folder, cache, self.environ)
        needed = converters_for(bench.model.name, bench.rows.name, installs=installs(chosen))
        software = extended(chosen, needed, PURPOSE, folder=folder, cache=cache, environ=self.environ)
        software.lock()
        tool, home = scratch / "tool", scratch / "home"
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        Tool(TOOL, software).furnish(tool)
        path = f"{tool}:{folder}" if loaded else str(tool)
        return passed_on(self.environ, executables=software.executables(), home=home) | {"PYTHONPATH": path}


def _printed(lines: Sequence[str]) -> dict[str, Any]:
    """The JSON object among the lines, some of which libraries have printed."""
    try:
        start = len(lines) - 1 - list(reversed(lines)).index("{")
        found = json.loads("\n".join(lines[start : lines.index("}", start) + 1]))
    except ValueError as error:
        raise RemoteError("the converter answered nothing that can be read") from error
    return dict(found)
