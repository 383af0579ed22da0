"""Where what is known of datasets lies in a workspace; pure."""

from __future__ import annotations

from mlops_ci.records.digest import hexadecimal
from mlops_ci.workspace.layout import DATASETS, DIGITS


def dataset_prefix(name: str) -> str:
    """All that is known of a dataset."""
    return f"{DATASETS}{name}/"


def dataset_versions_prefix(name: str) -> str:
    """The versions of a dataset."""
    return f"{dataset_prefix(name)}versions/"


def dataset_key(name: str, digest: str) -> str:
    """A version of a dataset."""
    return f"{dataset_versions_prefix(name)}{hexadecimal(digest)}.json"


def dataset_tags_prefix(name: str) -> str:
    """The entries that set and remove tags of a dataset's versions."""
    return f"{dataset_prefix(name)}tags/"


def dataset_tag_key(name: str, seq: int) -> str:
    """The entry at ``seq``, counted from 1."""
    return f"{dataset_tags_prefix(name)}{seq:0{DIGITS}d}.json"
