"""From a chosen place to the target there. The packages of a target are imported when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.deployment.process import ProcessTarget
from mlops_ci.deployment.target import Target
from mlops_ci.project.deploy import AciPlace, DeployChoice, DockerPlace, KubernetesPlace, ProcessPlace


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
        case DockerPlace() as place:
            from mlops_ci.deployment.docker import DockerTarget
            from mlops_ci.edge.docker_engine import open_engine

            return DockerTarget(open_engine(environ), place)
        case KubernetesPlace() as place:
            from mlops_ci.deployment.kubernetes import KubernetesTarget
            from mlops_ci.deployment.kubernetes_connection import connect

            return KubernetesTarget(place, connect(place, environ))
        case AciPlace() as place:
            from mlops_ci.deployment.aci import open_aci

            return open_aci(place, environ)
