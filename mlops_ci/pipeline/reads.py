"""What a step read, in short: a line for each input that it declares."""

from __future__ import annotations

from mlops_ci.project.paths import contains
from mlops_ci.project.project import Step
from mlops_ci.records.digest import digest_of_tree
from mlops_ci.records.run import StepReads
from mlops_ci.records.step_result import StepInputs

_EVERYTHING = (".",)


def reads_of(step: Step, inputs: StepInputs) -> StepReads:
    """The short form of what a step's fingerprint is made of; thousands of files of a folder are one digest."""
    files = {}
    for declared in step.inputs if step.inputs is not None else _EVERYTHING:
        below = {path: digest for path, digest in inputs.files.items() if contains(declared, path)}
        if below:  # the parameters file, say, is not read as a file
            files[declared] = below.get(declared) or digest_of_tree(below.items())
    return StepReads(files, tuple(step.data), inputs.params)
