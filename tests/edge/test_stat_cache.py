from __future__ import annotations

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import mlops_ci.edge.stat_cache as stat_cache_module
from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.stat_cache import SWITCH, Stamp, StatCache, stat_cache
from mlops_ci.records.digest import digest_of_bytes

NAMES = ("a", "b", "c")
SECOND = 1_000_000_000
LONG_AGO = 3 * SECOND


class Truth(RuleBasedStateMachine):
    """Whatever happens to files, to the clock and to what is remembered: the digests are those of the contents.

    The files are those of a file system that tells the time in whole seconds, so that much happens within one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.file = self.folder / "remembered"
        self.now = 100 * SECOND
        self.clock = 0
        self.inodes = count(1)
        self.contents = dict.fromkeys(NAMES, b"")
        self.stamps = {name: self.stamp(b"", self.now) for name in NAMES}
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(stat_cache_module, "stamp_of", lambda file: self.stamps[file])
        self.patch.setattr(stat_cache_module, "digest_of_file", lambda file: digest_of_bytes(self.contents[str(file)]))
        self.caches = [self.opened(), self.opened()]

    def stamp(self, content: bytes, mtime: int, inode: int | None = None) -> Stamp:
        tick = self.now // SECOND * SECOND
        return len(content), mtime // SECOND * SECOND, tick, inode or next(self.inodes), 1

    def opened(self) -> StatCache:
        return StatCache(self.file, lambda: self.now + self.clock)

    @rule(name=st.sampled_from(NAMES), content=st.binary(max_size=2), keep=st.booleans())
    def write(self, name: str, content: bytes, keep: bool) -> None:
        before = self.stamps[name]
        self.contents[name] = content
        self.stamps[name] = self.stamp(content, before[1] if keep else self.now, before[3])

    @rule(name=st.sampled_from(NAMES), content=st.binary(max_size=2), like=st.sampled_from(NAMES))
    def replace(self, name: str, content: bytes, like: str) -> None:
        self.contents[name] = content
        self.stamps[name] = self.stamp(content, self.stamps[like][1])

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES))
    def swap(self, name: str, other: str) -> None:
        for kept in (self.contents, self.stamps):
            kept[name], kept[other] = kept[other], kept[name]  # type: ignore[assignment]

    @rule(passed=st.sampled_from([SECOND // 4, SECOND, 5 * SECOND]))
    def wait(self, passed: int) -> None:
        self.now += passed

    @rule(behind=st.sampled_from([0, SECOND, 1000 * SECOND]))
    def set_clock_back(self, behind: int) -> None:
        self.clock = -behind

    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        content = bytearray(self.file.read_bytes() if self.file.exists() else b"")
        if content:
            at = data.draw(st.integers(0, len(content) - 1))
            content[at] ^= 0xFF
            self.file.write_bytes(content if data.draw(st.booleans()) else content[:at])

    @rule(which=st.sampled_from([0, 1]))
    def start_another_process(self, which: int) -> None:
        self.caches[which] = self.opened()

    @invariant()
    def tells_the_truth(self) -> None:
        for cache in self.caches:
            found = cache.digests(NAMES)
            assert {name: digest for name, (digest, _) in found.items()} == {
                name: digest_of_bytes(content) for name, content in self.contents.items()
            }

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)


TestTruth = Truth.TestCase
TestTruth.settings = settings(max_examples=80, stateful_step_count=15, deadline=None)


class Reads:
    """Counts what is really read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: list[str] = []
        monkeypatch.setattr("mlops_ci.edge.stat_cache.digest_of_file", self)

    def __call__(self, path: Path) -> str:
        self.files.append(path.name)
        return digest_of_file(path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def later(file: Path, by: int) -> StatCache:
    return StatCache(file.parent / "remembered", lambda: file.stat().st_ctime_ns + by)


def test_what_was_not_touched_is_not_read_again(tmp_path: Path, reads: Reads) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    later(file, LONG_AGO).digests([str(file)])
    later(file, LONG_AGO).digests([str(file)])
    assert reads.files == ["a"]


def test_what_was_touched_a_moment_ago_is_not_remembered(tmp_path: Path, reads: Reads) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    for by in (0, 2_000_000_000, -LONG_AGO):
        later(file, by).digests([str(file)])
    assert reads.files == ["a", "a", "a"]


def test_it_can_be_switched_off(tmp_path: Path, reads: Reads) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    for _ in range(2):
        stat_cache(tmp_path, {SWITCH: "off", "MLOPS_CI_CACHE_DIR": str(tmp_path / "own")}).digests([str(file)])
    assert reads.files == ["a", "a"]
    assert not (tmp_path / "own").exists()


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file")
    file = tmp_path / "a"
    file.write_text("x")
    os.utime(file, ns=(0, 0))
    assert stat_cache(tmp_path, {"MLOPS_CI_CACHE_DIR": str(tmp_path / "own")}).digests([str(file)])


def test_a_name_that_is_no_text_is_remembered_too(tmp_path: Path, reads: Reads) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    file.write_text("x")
    for _ in range(2):
        later(file, LONG_AGO).digests([str(file)])
    assert len(reads.files) == 1


def test_a_file_that_is_gone_is_an_error_and_the_others_stay_remembered(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StatCache(None).digests([str(tmp_path / "gone")])
