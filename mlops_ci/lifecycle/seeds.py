"""The metrics of all trainings, from the results that the evaluation has left for each seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.lifecycle.evidence import candidate_evidence, metric_values
from mlops_ci.metrics import metric_of, value, why_not
from mlops_ci.pipeline.materials import Materials
from mlops_ci.pipeline.sandbox import outputs_below
from mlops_ci.project.project import EvaluationChoice, Project
from mlops_ci.records.files import FileRecord


def results_of_seeds(
    evaluation: EvaluationChoice, seeds: Sequence[Mapping[str, FileRecord]]
) -> tuple[tuple[FileRecord, ...], ...]:
    """Of what the steps have written for each seed, the results of the evaluation."""
    return tuple(
        tuple(outputs[name] for path in evaluation.results for name in outputs_below(outputs, path))
        for outputs in seeds
    )


def values_of_seeds(
    project: Project,
    evidence: Evidence,
    further: Sequence[Sequence[FileRecord]],
    materials: Materials,
    scratch: Path,
) -> dict[str, tuple[float | None, ...]]:
    """The values of each metric, the model's own first; empty if there is one training only.

    Args:
        project: the project.
        evidence: that of the model itself.
        further: the results of each seed after the first.
        materials: where they are.
        scratch: a folder for copies of them, which readers find by their endings.

    Raises:
        UsageError: what a seed has left cannot be read, or is of other rows than the model's.
    """
    if not further or project.evaluation is None:
        return {}
    found = [_values(project, evidence)]
    for seed, results in enumerate(further, start=1):
        files = {}
        for file in results:
            files[file.path] = scratch / str(seed) / file.path
            materials.copy(file, files[file.path])
        try:
            of_seed = candidate_evidence(project.evaluation, project.gate, files)
        except UsageError as error:
            raise UsageError(f"of seed {seed}: {error.what}", where=error.where, hint=error.hint) from error
        if of_seed.evaluation_set != evidence.evaluation_set:
            raise UsageError(
                f"seed {seed} was evaluated on other rows than seed 0 (other ids or targets)",
                where=project.evaluation.results[0],
                hint="take the evaluation set by a seed of its own, not by MLOPS_CI_SEED",
            )
        found.append(_values(project, of_seed))
    return {name: tuple(values.get(name) for values in found) for name in dict.fromkeys(n for v in found for n in v)}


def _values(project: Project, evidence: Evidence) -> dict[str, float | None]:
    """All metrics that the evidence allows, those with arguments as the rules call them."""
    found = metric_values(evidence)
    if evidence.predictions is None or project.gate is None:
        return found
    for rule in project.gate.flat():
        metric = metric_of(rule.call.name, rule.call.arguments, rule.call.of)
        if metric and not metric.versus and why_not(metric, evidence.predictions) is None:
            result = value(metric, evidence.predictions)
            found[rule.metric] = None if math.isnan(result) else result
    return found
