from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import mlops_ci.edge.folder_stamp as module
from mlops_ci.edge.folder_stamp import FolderStamp, stamp_of_folders, stamp_of_paths

Change = Callable[[Path], object]


def tree(folder: Path) -> Path:
    """Files, folders, and links of all kinds; with a name that is no text."""
    top = folder / "top"
    (top / "data" / "deep").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "a").write_text("a")
    (top / "data" / "deep" / "b").write_text("b")
    (top / os.fsdecode(b"\xff")).write_text("c")
    (folder / "elsewhere").write_text("d")
    (top / "to_a").symlink_to("a")
    (top / "to_elsewhere").symlink_to(folder / "elsewhere")
    (top / "to_nowhere").symlink_to("nothing")
    (top / "to_data").symlink_to("data")
    return top


def stamp(top: Path, *without: Path) -> FolderStamp | None:
    return stamp_of_folders([str(top)], [str(path) for path in without])


def same_size_and_time(file: Path) -> None:
    before = file.stat()
    file.write_text("z")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def swapped(top: Path) -> None:
    (top / "a").rename(top / "x")
    (top / "data" / "deep" / "b").rename(top / "a")
    (top / "x").rename(top / "data" / "deep" / "b")


def led_elsewhere(top: Path) -> None:
    (top / "to_nowhere").unlink()
    (top / "to_nowhere").symlink_to("a")


CHANGES: dict[str, Change] = {
    "a longer file": lambda top: (top / "a").write_text("longer"),
    "a file of the same size and time": lambda top: same_size_and_time(top / "a"),
    "a file behind a link": lambda top: same_size_and_time(top.parent / "elsewhere"),
    "a file behind a link goes": lambda top: (top.parent / "elsewhere").unlink(),
    "a file deep down": lambda top: same_size_and_time(top / "data" / "deep" / "b"),
    "a file whose name is no text": lambda top: same_size_and_time(top / os.fsdecode(b"\xff")),
    "a new file": lambda top: (top / "data" / "new").write_text(""),
    "a file less": lambda top: (top / "a").unlink(),
    "a new folder": lambda top: (top / "empty" / "new").mkdir(),
    "a folder less": lambda top: (top / "empty").rmdir(),
    "a renamed folder": lambda top: (top / "empty").rename(top / "data" / "empty"),
    "a file that may be run": lambda top: (top / "a").chmod(0o755),
    "a folder that others may not read": lambda top: (top / "empty").chmod(0o700),
    "what a link leads to": led_elsewhere,
    "two files that change places": swapped,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_change_leaves_the_stamp_as_it_was(tmp_path: Path, change: Change) -> None:
    top = tree(tmp_path)
    before = stamp(top)
    assert before is not None and stamp(top) == before
    change(top)
    after = stamp(top)
    assert after is not None and after.digest != before.digest


def test_the_newest_time_is_that_of_the_last_change_also_behind_a_link(tmp_path: Path) -> None:
    top = tree(tmp_path)
    for file in (top / "a", tmp_path / "elsewhere"):
        file.write_text("changed")
        found = stamp(top)
        assert found is not None and found.newest == file.stat().st_ctime_ns


def test_what_does_not_matter_may_change(tmp_path: Path) -> None:
    top = tree(tmp_path)
    without = (top / "data" / "deep", top / "a")
    (top / "to_a").unlink()
    before = stamp(top, *without)
    (top / "data" / "deep" / "new").write_text("")
    (top / "a").unlink()
    assert before is not None and stamp(top, *without) == before


def test_where_a_change_need_not_show_there_is_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tree(tmp_path)
    assert stamp(top, top / "data") is None  # a link leads there
    (tmp_path / "folder").mkdir()
    (top / "out").symlink_to(tmp_path / "folder")
    assert stamp(top) is None
    (top / "out").unlink()
    assert stamp(top) is not None
    assert stamp(tmp_path / "vanished") is None
    monkeypatch.setattr(module, "MOST", 3)
    assert stamp(top) is None


def test_paths_have_a_stamp_whether_there_is_something_or_not(tmp_path: Path) -> None:
    paths = [str(tmp_path / "file"), str(tmp_path / "folder")]
    seen = {stamp_of_paths(paths)}
    (tmp_path / "file").write_text("x")
    seen.add(stamp_of_paths(paths))
    (tmp_path / "folder").mkdir()
    seen.add(stamp_of_paths(paths))
    (tmp_path / "folder" / "package").mkdir()
    seen.add(stamp_of_paths(paths))
    assert len(seen) == 4
    assert stamp_of_paths(paths) in seen
