"""Fingerprints: what a step, and a model, is made of. Pure.

A *step's* fingerprint covers the contents of everything it reads, other steps' outputs included: two runs with
equal fingerprints may share outputs. A *model's* fingerprint covers only what came from outside the pipeline (code,
parameters, data, environment) for all the steps upstream of its files, so that it names the same thing on every
machine, whether or not training is reproducible to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.step_result import StepInputs

MADE_UPSTREAM = "made upstream"


def step_fingerprint(inputs: StepInputs, seed: int | None) -> str:
    """The fingerprint under which a step's outputs are cached.

    Args:
        inputs: what it reads.
        seed: its ``MLOPS_CI_SEED``, if it is told one. How many seeds there are changes nothing.
    """
    return digest_of_value(inputs if seed is None else [inputs, seed])


def model_fingerprint(steps: Iterable[str], files: Iterable[str]) -> str:
    """The fingerprint of the model that these steps make together, whatever their order.

    Args:
        steps: the fingerprints of their inputs, in which other steps' outputs stand as ``MADE_UPSTREAM``.
        files: the paths of the model among their outputs.
    """
    return digest_of_value([sorted(files), sorted(steps)])
