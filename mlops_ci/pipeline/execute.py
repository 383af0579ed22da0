"""Runs one step in its sandbox."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from mlops_ci.edge.process import Finished, run_logged
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.params import write_params
from mlops_ci.pipeline.progress import Progress
from mlops_ci.pipeline.resolve import Resolver
from mlops_ci.pipeline.sandbox import step_environment, written_files
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.pipeline.undeclared import undeclared_files, undeclared_params
from mlops_ci.project.notebooks import executed_notebook, prepared_notebook, without_secrets
from mlops_ci.project.project import Dataset, Step
from mlops_ci.project.variants import Variant
from mlops_ci.records.files import FileRecord

_TAIL_LINES = 40
_ERROR = "error: "
_SHELL = ("bash", "-euo", "pipefail", "-c")


@dataclass(frozen=True, slots=True)
class Executed:
    """How a step ended. ``error`` is None when all is well; ``finished`` is None when it could not start.

    ``outputs`` of one that failed are its notebook, as far as it came.
    """

    outputs: tuple[FileRecord, ...]
    finished: Finished | None
    log_tail: tuple[str, ...]
    error: MlopsError | None


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every step of a run needs."""

    resolver: Resolver
    materials: Materials
    environ: Mapping[str, str]
    redact: Redactor
    progress: Progress
    cancelled: Event
    folder: Path

    def execute(self, variant: Variant, made: Mapping[str, FileRecord]) -> Executed:
        """Run a step for a seed; its outputs are taken over only if it succeeds.

        Args:
            variant: the step and its seed.
            made: the outputs of other steps that it reads, by path.
        """
        sandbox = self.folder / str(variant.seed or 0) / variant.step.name
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        finished: Finished | None = None
        folder = sandbox / "tree" / self.resolver.snapshot.prefix
        try:
            finished = self._run(variant, made, sandbox, tail)
            self._redact_notebook(variant.step, folder)
            self._require_success(variant, finished, tail, made)
            written = written_files(variant, folder)
            outputs = tuple(self.materials.take(path, file) for path, file in sorted(written.items()))
        except OSError as error:
            failure = RemoteError(f"step {variant.name} cannot run: {error.strerror or error}", where=error.filename)
            return Executed(self._left(variant.step, folder, finished), finished, tuple(tail), failure)
        except MlopsError as error:
            return Executed(self._left(variant.step, folder, finished), finished, tuple(tail), error)
        finally:
            shutil.rmtree(sandbox, ignore_errors=True)
        return Executed(outputs, finished, (), None)

    def _run(self, variant: Variant, made: Mapping[str, FileRecord], sandbox: Path, tail: deque[str]) -> Finished:
        step = variant.step
        folder = self._furnish(step, made, sandbox)
        home = sandbox / "home"
        (home / "tmp").mkdir(parents=True)
        env = step_environment(
            step,
            self.environ,
            executables=self.resolver.environment_of(step).executables(),
            home=home,
            params=json.dumps(self.resolver.step_params(step)),
            seed=variant.told,
        )
        if step.program:
            self.resolver.tools[step.program].furnish(sandbox / "tool")
            # A pickle names its classes by modules, which scripts find beside themselves, and notebooks too.
            code = [step.notebook] if step.notebook else self.resolver.source_files(step)
            beside = {(folder / path).parent for path in code if path.endswith((".py", ".ipynb"))}
            env["PYTHONPATH"] = os.pathsep.join(map(str, (sandbox / "tool", *sorted(beside))))
        if shutil.which(_SHELL[0]) is None:
            raise RemoteError("bash is not installed", hint="install bash: steps are bash scripts")

        def on_line(text: str) -> None:
            text = self.redact(text)
            tail.append(text)
            self.progress.line(variant.name, text)

        return run_logged(
            [*_SHELL, step.run], cwd=folder, env=env, on_line=on_line, cancelled=self.cancelled, timeout=step.timeout
        )

    def _redact_notebook(self, step: Step, folder: Path) -> None:
        """Take secrets out of what a notebook shows, as out of a log."""
        file = folder / executed_notebook(step.name)
        if step.notebook and file.is_file() and not file.is_symlink():
            shown = without_secrets(file.read_text("utf-8", errors="replace"), self.redact)
            file.unlink()
            if shown is not None:
                file.write_text(shown, "utf-8", errors="replace")

    def _left(self, step: Step, folder: Path, finished: Finished | None) -> tuple[FileRecord, ...]:
        """The notebook of a step that failed, as far as it came."""
        path = executed_notebook(step.name)
        if step.notebook is None or finished is None or not (folder / path).is_file():
            return ()
        try:
            return (self.materials.take(path, folder / path),)
        except OSError:
            return ()

    def _furnish(self, step: Step, made: Mapping[str, FileRecord], sandbox: Path) -> Path:
        """Lay out the sandbox as the repository is, and return the folder of ``mlops.yaml`` in it."""
        snapshot = self.resolver.snapshot
        tree = sandbox / "tree"
        folder = tree / snapshot.prefix
        folder.mkdir(parents=True)

        def place(path: str) -> Path:
            return tree / snapshot.repository_path(path, declared=f"step {step.name}")

        for path in self.resolver.source_files(step):
            snapshot.copy(path, place(path))
        if step.notebook:
            notebook = place(step.notebook)
            notebook.write_bytes(prepared_notebook(notebook.read_bytes(), step.notebook))
        for name in step.data:
            dataset = next(item for item in self.resolver.project.datasets if item.name == name)
            files = snapshot.dataset(dataset.path, declared=f"dataset {name}")
            snapshot.require_content(files, declared=f"dataset {name}")
            for path in files:
                snapshot.copy(path, place(path))
        for path, file in made.items():
            self.materials.copy(file, place(path))
        params_file = self.resolver.project.params.path
        if step.params and params_file:
            place(params_file).unlink(missing_ok=True)
            write_params(self.resolver.step_params(step), place(params_file))
        for output in step.outputs:
            place(output.path).parent.mkdir(parents=True, exist_ok=True)
        return folder

    def _require_success(
        self, variant: Variant, finished: Finished, tail: deque[str], made: Mapping[str, FileRecord]
    ) -> None:
        name, step = variant.name, variant.step
        if finished.ended == "cancelled":
            raise UsageError(f"step {name} was interrupted")
        if finished.ended == "timeout":
            raise UsageError(
                f"step {name} ran longer than its timeout of {step.timeout:g} s", hint="raise timeout, or do less"
            )
        if finished.exit_code < 0:
            number = -finished.exit_code
            killer = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
            hint = "it was probably out of memory" if killer == "SIGKILL" else None
            raise RemoteError(f"step {name} was killed by {killer}", hint=hint)
        if finished.exit_code:
            said = next((line.removeprefix(_ERROR) for line in reversed(tail) if line.startswith(_ERROR)), None)
            raise UsageError(
                f"step {name} failed with exit code {finished.exit_code}",
                where=said if step.notebook else None,
                hint=self._advice(step, tail, made),
            )

    def _advice(self, step: Step, tail: deque[str], made: Mapping[str, FileRecord]) -> str:
        """Say what to declare where the log names something that exists and that the step could not see."""
        snapshot, project = self.resolver.snapshot, self.resolver.project
        known = {
            *snapshot.known_files(),
            *(output.path for other in project.steps if other is not step for output in other.outputs),
            *(file for item in project.datasets for file in _files_of(item, snapshot)),
        }
        visible = {*self.resolver.source_files(step), *made, *(output.path for output in step.outputs)}
        if step.params and project.params.path:
            visible.add(project.params.path)
        files = undeclared_files(tail, known, visible)
        if files:
            by_path = {item.path: item.name for item in project.datasets}
            wanted = [
                f"data: [{by_path[path]}]"
                if path in by_path
                else f"params (it reads {path})"
                if path == project.params.path
                else f"inputs: [{path}]"
                for path in files
            ]
            return f"it may read only what it declares; add to step {step.name}: {', '.join(wanted)}"
        keys = undeclared_params(tail, self.resolver.params, step.params)
        if keys:
            return f"it may read only parameters that it declares; add to step {step.name}: params: [{', '.join(keys)}]"
        return "its log is above"


def _files_of(dataset: Dataset, snapshot: Snapshot) -> tuple[str, ...]:
    """The files of a dataset; none of one that is not here, as no step may need it."""
    try:
        return snapshot.dataset(dataset.path, declared=dataset.name)
    except UsageError:
        return ()
