"""Which files a repository gets, and where the examples are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mlops_ci import __version__
from mlops_ci.workflows.render import Filling, rendered

Host = Literal["github", "azure"]
Shape = Literal["plain", "matrix", "hardened"]
Files = Mapping[str, str]
"""The path in the repository to that of the template."""

_COMMENT = {".github/workflows/mlops-ci-comment.yml": "github/mlops-ci-comment.yml"}
SHAPES: Mapping[tuple[Host, Shape], Files] = {
    ("github", "plain"): {".github/workflows/model.yml": "github/model.yml", **_COMMENT},
    ("github", "matrix"): {".github/workflows/model.yml": "github/matrix.yml", **_COMMENT},
    ("github", "hardened"): {
        ".github/workflows/model.yml": "github/hardened/model.yml",
        ".github/workflows/train-and-publish.yml": "github/hardened/train-and-publish.yml",
        **_COMMENT,
    },
    ("azure", "plain"): {"azure-pipelines.yml": "azure/azure-pipelines.yml"},
    ("azure", "hardened"): {"azure-pipelines.yml": "azure/hardened.yml"},
}
# The workflow that deploys, which is written by itself: who deploys has models already.
DEPLOY: Mapping[Host, Files] = {
    "github": {".github/workflows/deploy.yml": "github/deploy.yml"},
    "azure": {"azure-pipelines-deploy.yml": "azure/deploy.yml"},
}
# To be copied: it finds the projects by itself, whichever there are.
SEVERAL: Mapping[Host, Files] = {
    "github": {".github/workflows/models.yml": "github/several-models.yml", **_COMMENT},
    "azure": {"azure-pipelines.yml": "azure/several-models.yml"},
}


def examples() -> dict[str, str]:
    """The text of every example, by its path from the top of our repository."""
    filling = {"github": Filling(), "azure": Filling(ref=f"v{__version__}", remark="")}
    of_hosts = [(host, files) for (host, _), files in SHAPES.items()] + list(DEPLOY.items()) + list(SEVERAL.items())
    return {
        f"examples/workflows/{template}": rendered(template, filling[host])
        for host, files in of_hosts
        for template in files.values()
    }
