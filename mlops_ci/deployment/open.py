"""From a chosen place to the target there. The packages of a target are imported when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.deployment.process import ProcessTarget
from mlops_ci.deployment.target import Target
from mlops_ci.errors import UsageError
from mlops_ci.project.deploy import DeployChoice, ProcessPlace


def open_target(choice: DeployChoice, *, folder: Path, environ: Mapping[str, str]) -> Target:
    """The target of a deployment.

    Args:
        choice: the deployment.
        folder: where this machine keeps what it serves itself.
        environ: the variables of the job.

    Raises:
        MissingExtraError: its packages are not installed.
        UsageError: it cannot be reached as the job is.
    """
    match choice.place:
        case ProcessPlace() as place:
            return ProcessTarget(place, folder, environ)
        case _:
            raise UsageError("this version of mlops-ci cannot deploy there", where=f"deploy.{choice.name}.target")
