"""Why a step runs again, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlops_ci.records.step_result import LastResult, StepInputs

_SHOWN = 4


def reasons(now: StepInputs, seed: int | None, before: LastResult | None) -> tuple[str, ...]:
    """What differs between a step's inputs and seed, and those of its newest result; empty if nothing does."""
    if before is None:
        return ("never run before",)
    told = () if seed == before.seed else (f"MLOPS_CI_SEED {_said(before.seed)} → {_said(seed)}",)
    return (*told, *_differences(now, before.inputs))


def _said(seed: int | None) -> str:
    return "(none)" if seed is None else str(seed)


def _differences(now: StepInputs, before: StepInputs) -> Iterator[str]:
    if now.command != before.command or now.outputs != before.outputs:
        yield "the step's definition changed"
    yield from _changes(now.files, before.files, "{}")
    yield from _changes(now.datasets, before.datasets, "dataset {}")
    for key in sorted({*now.params, *before.params}):
        old, new = before.params.get(key), now.params.get(key)
        if old != new:
            yield f"params.{key} {old or '(none)'} → {new or '(none)'}"
    if now.environment != before.environment:
        yield "the environment's packages changed"
    if now.python != before.python:
        yield f"Python {before.python} → {now.python}"
    if now.platform != before.platform:
        yield f"platform {before.platform} → {now.platform}"


def _changes(now: Mapping[str, str], before: Mapping[str, str], form: str) -> Iterator[str]:
    found = [
        form.format(name) + (" added" if name not in before else " removed" if name not in now else " changed")
        for name in sorted({*now, *before})
        if now.get(name) != before.get(name)
    ]
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN} more"
