from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.edge.content_facts import ContentFacts
from mlops_ci.edge.files import digest_of_file
from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.pipeline.datasets import dataset_versions
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetSource, DatasetVersion
from tests.support.lab import Lab

CONTENT = "a,b\n1,2\n"
DATA = Dataset("flights", "t.csv")


def described(folder: Path) -> tuple[Snapshot, DatasetVersion]:
    snapshot = Snapshot(folder, ".", tracked=frozenset(), files=())
    return snapshot, dataset_versions([DATA], snapshot, ContentFacts(None))["flights"]


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
    found = dataset_versions([Dataset("d", "t.bin")], snapshot, ContentFacts(None))["d"]
    snapshot.require_content(["t.bin"], declared="d")
    assert found.digest == snapshot.digest("t.bin")


def test_pointers_in_a_folder_count_as_what_they_stand_for(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/t.csv").write_text(CONTENT)
    (tmp_path / "d/u.csv").write_text("u\n")

    def described_folder() -> tuple[Snapshot, DatasetVersion]:
        tracked = frozenset({"d/t.csv", "d/u.csv"})
        snapshot = Snapshot(tmp_path, ".", tracked=tracked, files=())
        return snapshot, dataset_versions([Dataset("flights", "d")], snapshot, ContentFacts(None))["flights"]

    _, here = described_folder()
    oid = digest_of_file(tmp_path / "d/t.csv").removeprefix("sha256:")
    (tmp_path / "d/t.csv").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 8\n")
    snapshot, elsewhere = described_folder()
    assert elsewhere == here
    with pytest.raises(UsageError, match="only a pointer"):
        snapshot.require_content(["d/u.csv", "d/t.csv"], declared="dataset flights")


# As dvc 3 wrote them of this file and this folder.
FILE_MD5 = "a08e5cdb5b29dfa49e39a5c15aff06f6"
FOLDER_MD5 = "cf26f5ecbe4840f801c1ced46c67200c.dir"


def dvc_data(folder: Path, path: str) -> None:
    if path == "t.csv":
        (folder / path).write_bytes(b"a,b\r\n1,2\n")
        return
    for name, content in (
        ("a.csv", "a,b\r\n1,2\n"),
        ("sub/b", "x\n"),
        ("sub-a/c", "y\n"),
        ("Z", "z\n"),
        ("ü.txt", "ü\n"),
    ):
        (folder / path / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / path / name).write_bytes(content.encode())


@pytest.mark.parametrize(
    ("path", "md5", "size", "files"), [("t.csv", FILE_MD5, 9, 1), ("d", FOLDER_MD5, 18, 5)], ids=["file", "folder"]
)
def test_data_that_dvc_has_are_known_by_their_pointer_whether_they_are_here_or_not(
    tmp_path: Path, path: str, md5: str, size: int, files: int
) -> None:
    count = f"  nfiles: {files}\n" if files > 1 else ""
    pointer = tmp_path / f"{path}.dvc"
    pointer.write_text(f"outs:\n- md5: {md5}\n  size: {size}\n{count}  hash: md5\n  path: {path}\n")
    facts = ContentFacts(tmp_path / "facts")

    def known() -> DatasetVersion:
        snapshot = Snapshot(tmp_path, ".", tracked=frozenset(), files=())
        return dataset_versions([Dataset("flights", path)], snapshot, facts)["flights"]

    absent = known()
    assert (absent.size, absent.files, absent.source) == (size, files, DatasetSource("md5", None, md5))
    with pytest.raises(UsageError, match=rf"dvc pull {path}\.dvc"):
        Snapshot(tmp_path, ".", tracked=frozenset(), files=()).dataset(path, declared="d")
    dvc_data(tmp_path, path)
    assert replace(known(), profile=None) == absent
    assert replace(known(), profile=None) == absent  # from memory
    changed = tmp_path / path if files == 1 else tmp_path / path / "Z"
    changed.write_text("a,b\n1,3\n")
    with pytest.raises(UsageError, match=rf"not those of {path}\.dvc.*dvc checkout"):
        known()
    pointer.write_text(pointer.read_text().replace("  hash: md5\n", ""))  # DVC 2: of text with other line ends
    assert known().digest == absent.digest
    pointer.write_text("outs:\n- md5: 0\n")
    assert known().source is None


def test_data_that_no_pointer_tells_of_are_to_be_pulled(tmp_path: Path) -> None:
    (tmp_path / "t.csv.dvc").write_text("outs:\n- md5: 0\n  path: t.csv\n")
    with pytest.raises(UsageError) as caught:
        described(tmp_path)
    assert "dvc pull t.csv.dvc" in caught.value.line()


def test_nobody_needs_data_of_dvc_that_no_step_reads_anew(lab: Lab) -> None:
    rows = lab.folder / "data/rows.csv"
    md5 = hashlib.md5(rows.read_bytes()).hexdigest()
    lab.write(
        "data/rows.csv.dvc", f"outs:\n- md5: {md5}\n  size: {rows.stat().st_size}\n  hash: md5\n  path: rows.csv\n"
    )
    lab.write(".gitignore", "/data/rows.csv\n.mlops/\n")
    lab.git("rm", "--quiet", "--cached", "data/rows.csv")
    lab.commit("data in dvc")
    assert lab.run("run", "--host", "local").code == 0
    rows.unlink()
    planned = lab.run("plan", "--json", "--host", "local").json["steps"]
    assert [step["action"] for step in planned] == ["reuse", "reuse"]
    assert lab.run("run", "--host", "local").code == 0
    lab.write("evaluate.py", "open('nowhere')")
    done = lab.run("run", "--host", "local")
    assert done.code == 2 and "dvc pull data/rows.csv.dvc" in done.err
