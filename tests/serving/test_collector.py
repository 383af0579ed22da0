"""What is collected of requests, and what becomes of it when things break."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.records.collected import CollectedRequest
from mlops_ci.serving.collect import BackgroundCollector, is_sampled, open_collector
from mlops_ci.serving.collect_sender import Sender
from mlops_ci.serving.collect_spool import Spool
from mlops_ci.serving.segments import unpack
from mlops_ci.workspace.collected_layout import segments_prefix
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store
from tests.serving.collected import MODEL, Counts, exchange, manifest


def received(store: Store) -> list[CollectedRequest]:
    found = []
    for item in store.list(segments_prefix("coin")):
        head, requests = unpack(item.key.rpartition("/")[2], store.get(item.key) or b"")
        assert (head.model, head.version, head.columns) == ("coin", 3, MODEL.inputs)
        found += requests
    return found


def workspace(folder: Path) -> LocalStore:
    store = LocalStore(folder / "workspace")
    initialise(store)
    return store


def collector(
    folder: Path, counts: Counts, connect: Callable[[], Store] | None = None, **settings: float
) -> BackgroundCollector:
    served = manifest(**settings)
    assert served.settings.collect is not None
    spool = Spool(folder / "spool", served.settings.collect.disk, lambda number: counts("lost", number))
    sender = Sender(spool, connect, lambda number: counts("shipped", number)) if connect else None
    return BackgroundCollector(served, served.settings.collect, spool, sender, counts, "live")


def test_what_was_asked_and_answered_is_in_the_workspace_when_the_server_has_stopped(tmp_path: Path) -> None:
    store, counts = workspace(tmp_path), Counts()
    environ = {
        "MLOPS_CI_SERVE_COLLECT_TO": store.url,
        "MLOPS_CI_SERVE_SPOOL": str(tmp_path / "spool"),
        "MLOPS_CI_SERVE_DEPLOYMENT": "live",
    }
    collecting = open_collector(manifest(), environ, counts)
    assert collecting is not None
    collecting.start()
    for number in range(3):
        collecting.offer(exchange(f"r{number}", rows=2))
    collecting.close(30)
    assert [each.id for each in received(store)] == ["r0", "r1", "r2"]
    first = received(store)[0]
    assert first.time == "2026-03-01T12:00:00.000Z"
    assert first.inputs == {"size": [1.5, 1.5], "side": ["edge", "edge"]}
    assert first.outputs == {
        "prediction": ["heads", "heads"], "score.tails": [0.25, 0.25], "score.heads": [0.75, 0.75],
    }  # fmt: skip
    assert counts == {"collected": 3, "shipped": 3}
    assert not list((tmp_path / "spool").rglob("*.gz")) + list((tmp_path / "spool").rglob("*.part"))


def test_inputs_stay_out_where_only_answers_are_kept(tmp_path: Path) -> None:
    store, counts = workspace(tmp_path), Counts()
    collecting = collector(tmp_path, counts, lambda: store, inputs=False)
    collecting.start()
    collecting.offer(exchange("r"))
    collecting.offer(exchange("s")._replace(bodies=(b'{"data": [[1.5, "edge"]]}', b'{"predictions":["heads"]}')))
    collecting.close(30)
    assert [(each.inputs, each.outputs["prediction"]) for each in received(store)] == 2 * [(None, ["heads"])]


def test_a_full_queue_drops_and_counts(tmp_path: Path) -> None:
    counts = Counts()
    collecting = collector(tmp_path, counts, queue=5)
    for number in range(8):  # nobody writes yet
        collecting.offer(exchange(f"r{number}"))
    assert counts == {"dropped": 3}
    collecting.start()
    collecting.close(30)
    assert counts == {"dropped": 3, "collected": 5}


def test_the_queue_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    counts = Counts()
    collecting = collector(tmp_path, counts)
    for number in range(40):
        collecting.offer(exchange(f"r{number}", rows=40_000))
    assert 0 < counts["dropped"] < 40


@given(st.text(max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_who_is_in_a_small_sample_is_in_every_larger_one(request: str, one: float, other: float) -> None:
    assert is_sampled(request, min(one, other)) <= is_sampled(request, max(one, other))
    assert is_sampled(request, 1.0)


def test_a_sample_has_about_the_share_that_was_asked_for() -> None:
    assert 880 < sum(is_sampled(f"3f2a-{number:x}", 0.1) for number in range(10_000)) < 1120


def test_a_workspace_that_is_down_costs_nothing_but_what_does_not_fit_on_the_disk(tmp_path: Path) -> None:
    tried, counts = threading.Event(), Counts()

    def connect() -> Store:
        tried.set()
        raise RemoteError("connection refused")

    collecting = collector(tmp_path, counts, connect)
    collecting.start()
    collecting.offer(exchange("r"))
    collecting.close(30)
    assert tried.is_set()
    assert counts == {"collected": 1}
    store = workspace(tmp_path)
    again = collector(tmp_path, counts, lambda: store)  # the next worker
    again.start()
    again.close(30)
    assert [each.id for each in received(store)] == ["r"]


def test_a_workspace_that_hangs_stops_neither_requests_nor_the_end_of_the_server(tmp_path: Path) -> None:
    hanging, released, counts = threading.Event(), threading.Event(), Counts()

    class Hanging(LocalStore):
        def create(self, key: str, data: bytes) -> bool:
            hanging.set()
            released.wait()
            return super().create(key, data)

    store = Hanging(workspace(tmp_path).root)
    left = collector(tmp_path, Counts())
    left.start()
    left.offer(exchange("before"))
    left.close(30)
    collecting = collector(tmp_path, counts, lambda: store)
    collecting.start()
    assert hanging.wait(30)
    collecting.offer(exchange("r"))
    collecting.close(0.5)
    assert counts == {"collected": 1}
    released.set()
    assert collecting._sender is not None
    collecting._sender._thread.join(30)
    assert {each.id for each in received(store)} == {"before", "r"}


def test_the_oldest_segments_go_when_the_disk_is_full_and_are_counted(tmp_path: Path) -> None:
    counts = Counts()
    for number in range(4):
        one = collector(tmp_path, counts, disk=800)
        one.start()
        one.offer(exchange(f"r{number}"))
        one.offer(exchange(f"s{number}"))
        one.close(30)
    kept = Spool(tmp_path / "spool", 800, lambda _: None).segments()
    assert sum(segment.path.stat().st_size for segment in kept) <= 800
    assert counts["lost"] == 2 * (4 - len(kept)) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit")
def test_a_full_disk_loses_whole_requests_and_counts_them(tmp_path: Path) -> None:
    import resource

    lost: list[int] = []
    spool = Spool(tmp_path, 1 << 20, lost.append)
    lines = collector(tmp_path / "other", Counts())._lines["coin"]
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        for number in range(10):
            one = exchange(f"r{number}")
            spool.append(lines.head(one.at), [lines.line(one)], 0.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    spool.rotate(0.0, everything=True)
    (segment,) = spool.segments()
    _, requests = unpack(segment.path.name, segment.path.read_bytes())
    assert len(requests) == segment.requests == 10 - sum(lost)
    assert 0 < sum(lost) < 10


KILLED = """
import os, signal, sys
from pathlib import Path
from mlops_ci.serving.collect_spool import Spool
from tests.serving.test_collector import collector, Counts, exchange
spool = Spool(Path(sys.argv[1]), 1 << 20, lambda _: None)
lines = collector(Path(sys.argv[1]) / "unused", Counts())._lines["coin"]
for number in range(3):
    one = exchange(f"r{number}")
    spool.append(lines.head(one.at), [lines.line(one)], 0.0)
spool._parts["coin"].file.write(b'{"id":"cut sh')
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_worker_has_written_is_sent_by_the_next_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "spool")], check=False, cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL
    store = workspace(tmp_path)
    again = collector(tmp_path, Counts(), lambda: store)
    again.start()
    again.close(30)
    assert [each.id for each in received(store)] == ["r0", "r1", "r2"]


def test_a_part_that_another_worker_is_writing_is_left_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20, lambda _: None)
    one, lines = exchange("r"), collector(tmp_path / "other", Counts())._lines["coin"]
    spool.append(lines.head(one.at), [lines.line(one)], 0.0)
    other = Spool(tmp_path, 1 << 20, lambda _: None)
    other.recover()
    assert not other.segments()
    spool.rotate(61.0)
    assert len(other.segments()) == 1


def test_a_model_whose_name_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    served = replace(manifest(), models=(replace(MODEL, name=".."),))
    with pytest.raises(UsageError):
        open_collector(served, {"MLOPS_CI_SERVE_SPOOL": str(tmp_path)}, Counts())


def test_nothing_is_collected_where_nobody_asked(tmp_path: Path) -> None:
    served = manifest()
    assert open_collector(replace(served, settings=replace(served.settings, collect=None)), {}, Counts()) is None
    assert not list(tmp_path.iterdir())


def test_each_instance_has_a_spool_of_its_own_and_finds_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one: dict[str, str] = {}
    newer = replace(manifest(), models=(replace(MODEL, version=4),))
    for served, environ in (
        (manifest(), one), (newer, one), (manifest(), {"MLOPS_CI_SERVE_DEPLOYMENT": "b"}),
        (replace(manifest(), models=(replace(MODEL, name="dice"),)), one),
    ):  # fmt: skip
        open_collector(served, environ, Counts())
    assert len(list(tmp_path.iterdir())) == 3
    assert {folder.stat().st_mode & 0o777 for folder in tmp_path.iterdir()} == {0o700}


def test_a_spool_that_somebody_else_has_laid_out_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    open_collector(manifest(), {}, Counts())
    (folder,) = tmp_path.iterdir()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="somebody else"):
        open_collector(manifest(), {}, Counts())
