"""Which files a repository gets, and where the examples are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

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
}


def examples() -> dict[str, str]:
    """The text of every example, by its path from the top of our repository."""
    templates = {template for files in SHAPES.values() for template in files.values()}
    return {f"examples/workflows/{template}": rendered(template, Filling()) for template in sorted(templates)}
