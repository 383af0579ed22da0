"""Fills templates in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from mlops_ci.workflows.pins import pinned

_TEMPLATES = Path(__file__).parent
_OUR_ACTION = re.compile(r"ORG/mlops-ci(?P<path>/[a-z-]+/[a-z-]+)@REF$", re.MULTILINE)
_OUR_REPOSITORY = re.compile(r"\bORG/mlops-ci$", re.MULTILINE)
_DEFAULT_BRANCH = re.compile(r"\bmain(?=[\],])")
_DEPLOYMENT = re.compile(r"(?<=: )production$", re.MULTILINE)
_GROUP = "deploy-production"
_WORKSPACE = re.compile(r"^ *(?:with: \{workspace: git\+origin\}|workspace: git\+origin)\n", re.MULTILINE)
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_SIGNS_OF_PATTERNS = re.compile(r"([!+*?\[\]\\])")


@dataclass(frozen=True, slots=True)
class Filling:
    """What a template leaves open.

    Args:
        repository: ``owner/name`` of the actions on GitHub.
        ref: the commit or the tag to pin them to.
        remark: a comment behind the pin.
        default_branch: of the repository that the workflow is for.
        deployment: the one of ``mlops.yaml`` that the workflow deploys.
        names_workspace: whether the workflow says where the workspace is; no where ``mlops.yaml`` does.
    """

    repository: str = "ORG/mlops-ci"
    ref: str = "0" * 40
    remark: str = "the commit of the release that you use"
    default_branch: str = "main"
    deployment: str = "production"
    names_workspace: bool = True


def rendered(template: str, filling: Filling) -> str:
    """The text of a workflow; ``template`` is its path in this folder."""
    text = (_TEMPLATES / template).read_text("utf-8")
    remark = f"  # {filling.remark}" if filling.remark else ""
    text = _OUR_ACTION.sub(lambda found: f"{filling.repository}{found['path']}@{filling.ref}{remark}", text)
    text = _OUR_REPOSITORY.sub(lambda _: filling.repository, text).replace("refs/tags/REF", f"refs/tags/{filling.ref}")
    if filling.default_branch != "main":
        text = _DEFAULT_BRANCH.sub(lambda _: _pattern(filling.default_branch), text)
    text = _DEPLOYMENT.sub(lambda _: _text(filling.deployment), text).replace(_GROUP, f"deploy-{filling.deployment}")
    if not filling.names_workspace:
        text = _WORKSPACE.sub("", text)
    return pinned(text)


def _text(name: str) -> str:
    """A name that YAML takes for nothing else, such as a number."""
    return name if _PLAIN_NAME.fullmatch(name) and yaml.safe_load(name) == name else json.dumps(name)


def _pattern(branch: str) -> str:
    """A filter of branches that lets one through; the hosts read some signs as those of a pattern."""
    return branch if _PLAIN_NAME.fullmatch(branch) else json.dumps(_SIGNS_OF_PATTERNS.sub(r"\\\1", branch))
