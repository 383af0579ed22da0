"""After a power loss at any instant every acknowledged version is there, and no version by half."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mlops_ci.registry.promote import move_alias, promote_judged
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import judged, open_log, registration, require_whole, sha
from tests.workspace.power import Disk, Loss, ProcessDied

LOSSES: tuple[Loss, ...] = ("least", "names", "any")


@pytest.fixture(autouse=True)
def _small_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that they are written, too."""
    monkeypatch.setattr("mlops_ci.registry.checkpoints.INTERVAL", 2)


def _linear(ancestor: str, descendant: str) -> bool:
    return (ancestor, descendant) == (sha(1), sha(2))


def require_survival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Register, tag, judge and promote while the power fails at every call; return the number of failures."""
    folder, scratch, sources = tmp_path / "disk", tmp_path / "scratch", tmp_path / "sources"
    for each in (folder, scratch, sources):
        each.mkdir()
    chance, images, acknowledged = random.Random(1), [0], {"entries": 0}

    def lose_power(call: str) -> None:
        for loss in LOSSES:
            images[0] += 1
            image = disk.after_power_loss(scratch / f"{images[0]}", loss, chance)
            state = require_whole(LocalStore(image / "workspace"))
            assert state.head >= acknowledged["entries"], f"an acknowledged entry is lost ({loss}) at {call}"

    with monkeypatch.context() as patch:
        disk = Disk(folder, at_each_call=lose_power)
        disk.watch(patch)
        log = open_log(LocalStore(folder / "workspace"))
        for number in (1, 2):
            register(
                log, registration(sources, sha(number), f"f{number}", files={"a": b"%d" % number * 99, "b/c": b"2"})
            )
            acknowledged["entries"] += 1
        set_tags(log, 1, {"team": "fraud"})
        acknowledged["entries"] += 1
        move_alias(log, "champion", 1, rollback=False, reason=None)
        acknowledged["entries"] += 1
        promotion = judged(log, 2)
        acknowledged["entries"] += 1
        promote_judged(log, promotion, is_ancestor=_linear)
        acknowledged["entries"] += 1
        lose_power("the end")
    return images[0]


def test_a_power_loss_loses_nothing_acknowledged_and_leaves_no_version_by_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert require_survival(tmp_path, monkeypatch) > 300


def test_a_registry_on_folders_without_fsync_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(folder: Path) -> None:
        pass

    monkeypatch.setattr("mlops_ci.workspace.durable_files.fsync_folder", nothing)
    with pytest.raises(AssertionError):  # an acknowledged entry is lost, or a file that an entry names
        require_survival(tmp_path, monkeypatch)


def test_a_registration_that_died_at_any_call_is_finished_by_the_next_and_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies, its successor is told that all is well, and only then the power fails."""
    sources, died = tmp_path / "sources", 0
    request = registration(sources, sha(1), "f1", files={"a": b"1" * 99, "b/c": b"2"})
    for die_at in range(1, 200):
        folder = tmp_path / f"{die_at}"
        folder.mkdir()
        with monkeypatch.context() as patch:
            disk = Disk(folder, die_at=die_at)
            disk.watch(patch)
            try:
                register(open_log(LocalStore(folder / "workspace")), request)
            except ProcessDied:
                died += 1
            disk.die_at = None
            # A tag makes the successor write, whatever it finds.
            log = open_log(LocalStore(folder / "workspace"))
            assert register(log, request).version.version == 1
            set_tags(log, 1, {"run": "again"})
            image = disk.after_power_loss(tmp_path / f"image{die_at}", "least", random.Random(1))
        state = require_whole(LocalStore(image / "workspace"))
        assert [version.tags for version in state.versions.values()] == [{"run": "again"}]
        if died < die_at:
            break
    assert died > 25
