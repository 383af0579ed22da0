"""Datasets that are called like tables and are none: known by their digest, with the reason why there is no profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.edge.content_facts import ContentFacts
from mlops_ci.edge.files import digest_of_file
from mlops_ci.pipeline.datasets import dataset_versions
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetVersion


def _looked_at(folder: Path, name: str, content: bytes) -> DatasetVersion:
    (folder / name).write_bytes(content)
    snapshot = Snapshot(folder, ".", tracked=frozenset(), files=())
    return dataset_versions([Dataset("d", name)], snapshot, ContentFacts(folder / "facts"))["d"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("d.csv", b"1,2,3\n4,5,6\n", "the table has no header"),
        ("d.csv", b"x,y\n", "the table is empty"),
        ("d.csv", b"", "cannot be read: empty CSV"),
        ("d.parquet", b"not one", "cannot be read: parquet: "),
    ],
)
def test_a_table_that_cannot_be_read_is_known_by_its_digest(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    version = _looked_at(tmp_path, name, content)
    assert (version.digest, version.size) == (digest_of_file(tmp_path / name), len(content))
    assert version.profile is None and version.unprofiled and version.unprofiled.startswith(reason)
    assert str(tmp_path) not in version.unprofiled


def test_what_a_reason_quotes_of_the_content_is_not_kept(tmp_path: Path) -> None:
    assert _looked_at(tmp_path, "d.tsv", b'a\tb\n"ada@b.example\t2\n').unprofiled == "cannot be read: could not parse"


def test_a_table_that_can_be_read_has_a_profile_and_no_reason(tmp_path: Path) -> None:
    version = _looked_at(tmp_path, "d.csv", b"a,b\n1,2\n")
    assert version.profile and version.unprofiled is None
