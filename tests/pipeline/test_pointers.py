from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.pipeline.datasets import dataset_versions
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetVersion

CONTENT = "a,b\n1,2\n"
DATA = Dataset("flights", "t.csv")


def described(folder: Path) -> tuple[Snapshot, DatasetVersion]:
    snapshot = Snapshot(folder, ".", tracked=frozenset(), files=())
    return snapshot, dataset_versions([DATA], snapshot)["flights"]


def test_a_dataset_that_is_gone_was_there_or_was_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist or is empty"):
        described(tmp_path)
    (tmp_path / "t.csv").write_text(CONTENT)
    snapshot, _ = described(tmp_path)
    (tmp_path / "t.csv").unlink()
    with pytest.raises(ConflictError, match="vanished during the run"):
        snapshot.dataset("t.csv", declared="flights")


def test_a_pointer_of_git_lfs_has_the_digest_and_size_of_its_content(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(CONTENT)
    _, here = described(tmp_path)
    oid = here.digest.removeprefix("sha256:")
    file.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {here.size}\n")
    snapshot, elsewhere = described(tmp_path)
    assert (elsewhere.digest, elsewhere.size, elsewhere.profile) == (here.digest, here.size, None)
    with pytest.raises(UsageError) as caught:
        snapshot.require_content(["t.csv"], declared="dataset flights")
    assert "git lfs pull" in caught.value.line()


@pytest.mark.parametrize("text", ["oid sha256:0\nsize 3\n", f"oid sha256:{'0' * 64}\n", f"{'x' * 2000}\n"])
def test_what_only_looks_like_a_pointer_is_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.bin").write_text(f"version https://git-lfs.github.com/spec/v1\n{text}")
    snapshot = Snapshot(tmp_path, ".", tracked=frozenset(), files=())
    found = dataset_versions([Dataset("d", "t.bin")], snapshot)["d"]
    snapshot.require_content(["t.bin"], declared="d")
    assert found.digest == snapshot.digest("t.bin")


def test_data_that_dvc_has_is_to_be_pulled(tmp_path: Path) -> None:
    (tmp_path / "t.csv.dvc").write_text("outs:\n- md5: 0\n  path: t.csv\n")
    with pytest.raises(UsageError) as caught:
        described(tmp_path)
    assert "dvc pull t.csv.dvc" in caught.value.line()
