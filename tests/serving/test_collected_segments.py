"""Segments of collected requests: what their lines say, and that they are what their names say."""

from __future__ import annotations

import errno
import fcntl
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.collected import COLLECTED_FORMAT, SegmentHead
from mlops_ci.serving import collect_spool
from mlops_ci.serving.collect_sender import Sender
from mlops_ci.serving.collect_spool import Spool
from mlops_ci.serving.segments import pack, unpack
from mlops_ci.workspace.store import Store
from tests.serving.collected import MODEL, Counts, exchange
from tests.serving.test_collector import collector, received, workspace

MOMENT = "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize(
    "asked",
    [
        b'{"data": [[1.5, "edge"], [null, "a\\n\\"b"]]}',
        b'{\r\n"data":\n[[1.5, "edge"],\n[null, "a\\n\\"b"]]\n}\n',
        b'{"columns": ["side", "size"], "data": [["edge", 1.5], ["a\\n\\"b", null]]}',
        b'{"data": [{"side": "edge", "size": 1.5}, {"size": null, "side": "a\\n\\"b"}]}',
        b'[[1.5, "edge"], {"size": null, "side": "a\\n\\"b"}]',
        b'{"Inputs": {"data": [[1.5, "edge"], [null, "a\\n\\"b"]]}, "GlobalParameters": 1.0}',
    ],
)
def test_bodies_of_every_form_are_read_as_columns(tmp_path: Path, asked: bytes) -> None:
    store = workspace(tmp_path)
    collecting = collector(tmp_path, Counts(), lambda: store)
    collecting.start()
    one = exchange("r", rows=2)
    answered = (
        b'{"id":"r","predictions":["heads","tails"],"probabilities":[[0.25,0.75],[1,0]],"classes":["tails","heads"]}'
    )
    collecting.offer(one._replace(bodies=(asked, answered)))
    collecting.offer(exchange("s"))
    collecting.close(30)
    first, second = received(store)
    assert (first.id, first.time, first.rows, first.seconds) == ("r", second.time, 2, second.seconds)
    assert first.inputs == {"size": [1.5, None], "side": ["edge", 'a\n"b']}
    assert first.outputs == {
        "prediction": ["heads", "tails"], "score.tails": [0.25, 1], "score.heads": [0.75, 0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ('{"data": [[1]]}', '{"predictions": [1]}'),
        ('{"data": 1}', '{"predictions": [1]}'),
        ('{"data": [{"size": 1}]}', '{"predictions": [1]}'),
        ('{"columns": [[]], "data": [[1]]}', '{"predictions": [1]}'),
        ("1", '{"predictions": [1]}'),
        ("null", "{}"),
        ("null", '{"predictions": [1], "probabilities": [[]], "classes": ["a"]}'),
    ],
)
def test_bodies_that_no_server_has_answered_show_as_damage(asked: str, answered: str) -> None:
    line = f'{{"answered":{answered},"asked":{asked},"id":"r","rows":1,"seconds":0,"status":200,"time":"{MOMENT}"}}\n'
    with pytest.raises(IntegrityError):
        unpack(*pack(SegmentHead(COLLECTED_FORMAT, "coin", 3, None, MODEL.inputs, MOMENT), line.encode()))


def test_sending_a_segment_again_changes_nothing(tmp_path: Path) -> None:
    store = workspace(tmp_path)
    spool = Spool(tmp_path / "spool", 1 << 20, lambda _: None)
    one, lines = exchange("r"), collector(tmp_path / "other", Counts())._lines["coin"]
    for _ in range(2):
        spool.append(lines.head(one.at), [lines.line(one)], 0.0)
        spool.rotate(0.0, everything=True)
        sender = Sender(spool, lambda: store, lambda _: None)
        sender.start()
        sender.close(30)
    assert [each.id for each in received(store)] == ["r"]


def test_of_workers_that_stop_at_once_each_sees_its_last_segment_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lock = workspace(tmp_path), fcntl.flock
    spool = Spool(tmp_path / "spool", 1 << 20, lambda _: None)
    lines = collector(tmp_path / "other", Counts())._lines["coin"]
    sending, waits = threading.Event(), threading.Event()

    def finish(name: str) -> None:
        spool.append(lines.head(exchange(name).at), [lines.line(exchange(name))], 0.0)
        spool.rotate(0.0, everything=True)

    def connect_late() -> Store:
        sending.set()
        assert waits.wait(30)
        return store

    def told(file: BinaryIO, operation: int) -> None:
        if threading.current_thread() is last._thread and last._closing:
            waits.set()
        lock(file, operation)

    first, last = Sender(spool, connect_late, lambda _: None), Sender(spool, lambda: store, lambda _: None)
    monkeypatch.setattr(fcntl, "flock", told)
    finish("r")
    first._closing = True
    first.start()
    assert sending.wait(30)
    finish("s")
    last.start()
    last.close(30)
    first.close(30)
    assert sorted(each.id for each in received(store)) == ["r", "s"]


def test_a_part_is_not_taken_for_that_of_a_killed_worker_while_it_is_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counts()
    ours, beginning = (Spool(tmp_path / "spool", 1 << 20, lambda number: counts("lost", number)) for _ in range(2))
    one, lines, lock = exchange("r"), collector(tmp_path / "other", Counts())._lines["coin"], fcntl.flock

    def late(file: BinaryIO, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        beginning.recover()  # another worker looks for what was left, right before we hold the lock
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    ours.append(lines.head(one.at), [lines.line(one)], 0.0)
    Spool(tmp_path / "spool", 1 << 20, lambda _: None).recover()
    assert len(list((tmp_path / "spool" / "parts").iterdir())) == 1, "it outlives us"
    ours.rotate(0.0, everything=True)
    assert ([each.requests for each in ours.segments()], counts["lost"]) == ([1], 0)


def test_a_part_that_cannot_be_begun_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts()
    spool = Spool(tmp_path / "spool", 1 << 20, lambda number: counts("lost", number))
    one, lines = exchange("r"), collector(tmp_path / "other", Counts())._lines["coin"]

    def full(file: BinaryIO, size: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(collect_spool, "_write", full)
        for _ in range(3):
            spool.append(lines.head(one.at), [lines.line(one)], 0.0)
    assert (counts["lost"], list((tmp_path / "spool" / "parts").iterdir())) == (3, [])
    spool.append(lines.head(one.at), [lines.line(one)], 0.0)
    spool.rotate(0.0, everything=True)
    assert (counts["lost"], len(spool.segments())) == (3, 1)


def test_the_same_requests_are_the_same_segment_and_a_changed_byte_shows(tmp_path: Path) -> None:
    one, lines = exchange("r"), collector(tmp_path, Counts())._lines["coin"]
    name, data = pack(lines.head(one.at), lines.line(one))
    assert (name, data) == pack(lines.head(one.at), lines.line(one))
    assert name.startswith("20260301T120000000Z-1-")
    for broken in (data[:-1], data[:50] + bytes([data[50] ^ 1]) + data[51:], b""):
        with pytest.raises(IntegrityError):
            unpack(name, broken)
