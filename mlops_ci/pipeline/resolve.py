"""What exactly a step reads: declared paths, datasets and parameters become contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_ci.errors import UsageError
from mlops_ci.pipeline.environment import Environment
from mlops_ci.pipeline.fingerprint import MADE_UPSTREAM, model_fingerprint
from mlops_ci.pipeline.params import flatten, select
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.graph import makes, upstream
from mlops_ci.project.project import Project, Step
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.step_result import StepInputs


@dataclass(frozen=True, slots=True)
class Resolver:
    """Knows everything that comes from outside the pipeline. The environment is locked when first asked for."""

    project: Project
    snapshot: Snapshot
    params: Mapping[str, Any]
    datasets: Mapping[str, DatasetVersion]
    environment: Environment

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
        """The fingerprint of the steps upstream of the model's files."""
        makers = [
            step.name for step in self.project.steps if any(makes(step, path) for path in self.project.model.files)
        ]
        return model_fingerprint(
            self._inputs(step, lambda path: {path: MADE_UPSTREAM}) for step in upstream(self.project.steps, makers)
        )

    def source_files(self, step: Step) -> tuple[str, ...]:
        """The files of the working tree that a step reads."""
        where = f"step {step.name}"
        if step.inputs is None:
            return self.snapshot.tracked_files()
        found: dict[str, None] = {}
        for path in step.inputs:
            if not self._made_by_a_step(path):
                found |= dict.fromkeys(self.snapshot.expand(path, declared=where))
        return tuple(found)

    def step_params(self, step: Step) -> dict[str, Any]:
        """The parameters that a step declares."""
        return select(self.params, step.params, step=step.name)

    def _inputs(self, step: Step, of_upstream: Callable[[str], dict[str, str]]) -> StepInputs:
        files = {path: self.snapshot.digest(path) for path in self.source_files(step)}
        for path in step.inputs or ():
            if self._made_by_a_step(path):
                files |= of_upstream(path)
        if step.params and self.project.params.path:
            files.pop(self.project.params.path, None)  # the step sees its own keys of it, no more
        lock = self.environment.lock()
        return StepInputs(
            command=step.run,
            outputs=tuple(sorted(output.path for output in step.outputs)),
            files=files,
            datasets={name: self.datasets[name].digest for name in step.data},
            params=flatten(self.step_params(step)),
            environment=lock.digest,
            python=lock.python,
            platform=lock.platform,
        )

    def _made_by_a_step(self, path: str) -> bool:
        return any(makes(step, path) for step in self.project.steps)
