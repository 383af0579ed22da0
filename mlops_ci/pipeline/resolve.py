"""What exactly a step reads: declared paths, datasets and parameters become contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.errors import UsageError
from mlops_ci.pipeline.environment import Environment
from mlops_ci.pipeline.fingerprint import MADE_UPSTREAM, model_fingerprint, step_fingerprint
from mlops_ci.pipeline.params import flatten, select
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.pipeline.tool import Tool
from mlops_ci.project.graph import makes, upstream
from mlops_ci.project.notebooks import prepared_notebook
from mlops_ci.project.paths import contains
from mlops_ci.project.project import Project, Step
from mlops_ci.project.variants import Variant
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.digest import digest_of_bytes, digest_of_value
from mlops_ci.records.step_result import StepInputs


@dataclass(frozen=True, slots=True)
class Resolver:
    """Knows everything that comes from outside the pipeline. The environment is locked when first asked for."""

    project: Project
    snapshot: Snapshot
    params: Mapping[str, Any]
    datasets: Mapping[str, DatasetVersion]
    environment: Environment
    tools: Mapping[str, Tool] = field(default_factory=dict)

    def environment_of(self, step: Step) -> Environment:
        """The software that a step runs with."""
        return self.tools[step.program].environment if step.program else self.environment

    def inputs(self, step: Step, made: Mapping[str, str]) -> StepInputs:
        """What a step reads.

        Args:
            step: the step.
            made: the digests of all outputs of the steps before it, by path.

        Raises:
            UsageError: something that it declares does not exist.
        """

        def of_upstream(path: str) -> dict[str, str]:
            found = outputs_below(made, path)
            if not found:
                raise UsageError(f"no step has made the input {path!r}", where=f"step {step.name}")
            return {name: made[name] for name in found}

        return self._inputs(step, of_upstream)

    def model_fingerprint(self) -> str:
        """The fingerprint of the steps upstream of the model's files, as they run for the first seed."""
        files = self.project.model.files
        makers = [step.name for step in self.project.steps if any(makes(step, path) for path in files)]
        steps = upstream(self.project.steps, makers)
        made = (
            step_fingerprint(self._inputs(step, lambda path: {path: MADE_UPSTREAM}), Variant(step).told)
            for step in steps
        )
        return model_fingerprint(made, files)

    def source_files(self, step: Step) -> tuple[str, ...]:
        """The files of the working tree that a step reads; never what stands where a step writes.

        Raises:
            UsageError: an input does not exist.
        """
        if step.inputs is None:
            found = self.snapshot.tracked_files()
            # As of a script, the step's own notebook is read whether git knows it or not.
            found = (*found, step.notebook) if step.notebook and step.notebook not in found else found
        else:
            expanded: dict[str, None] = {}
            for path in step.inputs:
                if not self._is_made(path):
                    expanded |= dict.fromkeys(self._expand(path, step))
            found = tuple(expanded)
        return tuple(path for path in found if not self._is_made(path))

    def _expand(self, path: str, step: Step) -> tuple[str, ...]:
        if self._holds_outputs(path) and not self.snapshot.path(path).exists():
            return ()  # a folder that other steps fill
        return self.snapshot.expand(path, declared=f"step {step.name}")

    def step_params(self, step: Step) -> dict[str, Any]:
        """The parameters that a step declares."""
        return select(self.params, step.params, step=step.name)

    def _inputs(self, step: Step, of_upstream: Callable[[str], dict[str, str]]) -> StepInputs:
        sources = self.source_files(step)
        self.snapshot.take_digests(sources)
        files = {path: self.snapshot.identity(path) for path in sources}
        if step.notebook:
            data = self.snapshot.path(step.notebook).read_bytes()
            files[step.notebook] = digest_of_bytes(prepared_notebook(data, step.notebook))
        for path in step.inputs or ():
            if self._is_made(path) or self._holds_outputs(path):
                files |= of_upstream(path)
        if step.params and self.project.params.path:
            files.pop(self.project.params.path, None)  # the step sees its own keys of it, no more
        if step.tool:
            files[self.tools[step.tool].called] = self.tools[step.tool].identity
        # What runs a notebook is no part of what it makes: a release of Jupyter trains no new model.
        lock = (self.tools[step.tool].environment if step.tool else self.environment).lock()
        return StepInputs(
            command=step.run,
            outputs=tuple(sorted(output.path for output in step.outputs)),
            files=files,
            datasets={name: self._dataset(name) for name in step.data},
            params_file=self.project.params.path if step.params else None,
            params=flatten(self.step_params(step)),
            environment=lock.digest,
            python=lock.python,
            platform=lock.platform,
        )

    def _dataset(self, name: str) -> str:
        """A dataset as a step sees it: its content, and where it lies."""
        version = self.datasets[name]
        return digest_of_value([version.path, version.digest])

    def _is_made(self, path: str) -> bool:
        """Whether a step writes the path, or the folder that it is in."""
        return any(contains(output.path, path) for step in self.project.steps for output in step.outputs)

    def _holds_outputs(self, path: str) -> bool:
        """Whether a step writes something below the path."""
        return any(contains(path, output.path) for step in self.project.steps for output in step.outputs)
