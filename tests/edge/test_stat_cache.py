from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.stat_cache import SWITCH, StatCache, stat_cache

NAMES = ("a", "b", "c")
LONG_AGO = 3_000_000_000


class Truth(RuleBasedStateMachine):
    """Whatever happens to files, to the clock and to what is remembered: the digests are those of the contents."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.file = self.folder / "remembered"
        self.ahead = 0
        for name in NAMES:
            (self.folder / name).write_bytes(b"")
        self.caches = [self.opened(), self.opened()]

    def opened(self) -> StatCache:
        return StatCache(self.file, lambda: max((self.folder / name).stat().st_ctime_ns for name in NAMES) + self.ahead)

    @rule(name=st.sampled_from(NAMES), content=st.binary(max_size=2), keep=st.booleans())
    def write(self, name: str, content: bytes, keep: bool) -> None:
        before = (self.folder / name).stat()
        while True:
            (self.folder / name).write_bytes(content)
            if keep:
                os.utime(self.folder / name, ns=(before.st_atime_ns, before.st_mtime_ns))
            # A clock that is ahead takes a new file for an old one: it must not have changed within one tick.
            if self.ahead <= 0 or (self.folder / name).stat().st_ctime_ns != before.st_ctime_ns:
                return

    @rule(name=st.sampled_from(NAMES), content=st.binary(max_size=2), like=st.sampled_from(NAMES))
    def replace(self, name: str, content: bytes, like: str) -> None:
        (self.folder / "new").write_bytes(content)
        shutil.copystat(self.folder / like, self.folder / "new")
        (self.folder / "new").replace(self.folder / name)

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES))
    def swap(self, name: str, other: str) -> None:
        (self.folder / name).rename(self.folder / "aside")
        if name != other:
            (self.folder / other).rename(self.folder / name)
        (self.folder / "aside").rename(self.folder / other)

    @rule(ahead=st.sampled_from([-LONG_AGO, 0, LONG_AGO]))
    def set_clock(self, ahead: int) -> None:
        self.ahead = ahead

    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        if self.file.exists():
            content = bytearray(self.file.read_bytes())
            at = data.draw(st.integers(0, len(content) - 1))
            content[at] ^= 0xFF
            self.file.write_bytes(content if data.draw(st.booleans()) else content[:at])

    @rule(which=st.sampled_from([0, 1]))
    def start_another_process(self, which: int) -> None:
        self.caches[which] = self.opened()

    @invariant()
    def tells_the_truth(self) -> None:
        files = [str(self.folder / name) for name in NAMES]
        for cache in self.caches:
            found = cache.digests(files)
            assert {file: digest for file, (digest, _) in found.items()} == {
                file: digest_of_file(Path(file)) for file in files
            }

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


TestTruth = Truth.TestCase
TestTruth.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)


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
