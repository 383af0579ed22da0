"""Many processes push at once, and processes that push are killed or interrupted."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from mlops_ci.edge.git import Answer
from mlops_ci.errors import Interruption
from mlops_ci.workspace.git.clone import Clone
from mlops_ci.workspace.git.settings import REMOTE
from mlops_ci.workspace.open import open_store
from tests.parts.git_http import Repository
from tests.parts.need import soak
from tests.workspace.forked import Acknowledge, at_once, killed
from tests.workspace.git_remote.conftest import Client

PROCESSES = soak(8, 64)


def write_together(number: int, acknowledge: Acknowledge, *, url: str) -> None:
    store = open_store(url, Path.cwd())
    with store.together():
        store.create(f"log/{number}", b"entry")
        store.put(f"objects/{number}", b"object of %d" % number)
    acknowledge([store.create("one", b"%d" % number), (store.get("one") or b"").decode()])


def test_racing_processes_that_share_a_cache_all_come_through(client: Client, remote: Repository) -> None:
    acknowledged = at_once(
        "tests.workspace.git_remote.test_processes:write_together", PROCESSES, url=f"git+{remote.url}"
    )
    won = [number for number, ((created, _),) in enumerate(acknowledged) if created]
    assert len(won) == 1
    assert {read for ((_, read),) in acknowledged} == {str(won[0])}
    keys = {item.key for item in client("fresh").list("")}
    assert keys == {"one", *(f"{area}/{number}" for number in range(PROCESSES) for area in ("log", "objects"))}
    assert remote.commits() == PROCESSES + 1
    assert remote.git("rev-list", "--merges", "refs/mlops-ci/workspace") == ""


def require_that_who_looked_before_loses(client: Client) -> None:
    one, other = client(), client()
    one.create("first", b"")
    assert [len(list(store.list(""))) for store in (one, other)] == [1, 1]
    assert one.create("a", b"1")
    assert not other.create("a", b"2"), "two writers were told that they created the key"
    assert client("third").get("a") == b"1"


def test_who_looked_before_somebody_else_wrote_loses(client: Client) -> None:
    require_that_who_looked_before_loses(client)


def test_of_two_who_write_the_same_bytes_in_the_same_second_one_wins(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = client("one"), client("other")
    one.create("first", b"")
    assert [len(list(store.list(""))) for store in (one, other)] == [1, 1]
    monkeypatch.setattr("mlops_ci.workspace.git.push.time.time", lambda: 2e9)
    assert [one.create("a", b"same"), other.create("a", b"same")] == [True, False]


def test_a_store_that_pushes_by_force_is_caught(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def by_force(self: Clone, ref: str, commit: str, expected: str | None) -> Answer:
        return self._git.attempt("push", "--porcelain", "--force", REMOTE, f"{commit}:{ref}")

    monkeypatch.setattr(Clone, "push", by_force)
    with pytest.raises(AssertionError, match="were told that they created"):
        require_that_who_looked_before_loses(client)


def test_a_store_that_takes_a_lost_reply_for_a_lost_race_is_caught(
    client: Client, remote: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_ci.workspace.git.push._was_taken", lambda *_: False)
    store, cut = client(), iter([0])
    remote.fault = lambda service, when: next(cut, None) if (service, when) == ("receive-pack", "after") else None
    assert not store.create("a", b"1")


def write_pairs(number: int, acknowledge: Acknowledge, *, url: str) -> None:
    store = open_store(url, Path.cwd())
    for count in range(1000):
        with store.together():
            store.create(f"a/{number}-{count}", b"a")
            store.create(f"b/{number}-{count}", b"b" * 1000)
        acknowledge(f"{number}-{count}")


def test_a_killed_process_leaves_whole_pushes_only(client: Client, remote: Repository) -> None:
    store = client("survivor")
    store.create("first", b"")
    rounds = soak(8, 200)
    client()
    acknowledged = killed(
        "tests.workspace.git_remote.test_processes:write_pairs", rounds, seed=3, longest=1.0, url=f"git+{remote.url}"
    )
    time.sleep(1)  # what git was sending when its starter died may still arrive
    assert store.create("last", b"")
    halves = {area: {item.key[2:] for item in store.list(f"{area}/")} for area in "ab"}
    assert halves["a"] == halves["b"]
    assert {name for names in acknowledged for name in names} <= halves["a"]
    assert client().get("last") == b""  # by the cache that they have left


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    def interrupt(*_: object) -> NoReturn:
        raise Interruption(signal.SIGINT)

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _alive(words: str) -> list[str]:
    """The command lines of living processes that were started for a cache."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if words in (process / "environ").read_text("utf-8", "replace") and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_text("utf-8", "replace"))
        except OSError:
            continue
    return [line for line in found if line]


def test_an_interrupted_push_leaves_no_process_and_nothing_half_done(
    client: Client, remote: Repository, tmp_path: Path
) -> None:
    store = client()
    store.create("before", b"")
    remote.hook("sleep 5")
    with pytest.raises(Interruption), interrupted_after(0.7), store.together():
        store.create("a", b"1")
        store.create("b", b"2")
    until = time.monotonic() + 30  # they are killed; the system buries them when it can
    while (alive := _alive(f"GIT_DIR={tmp_path}")) and time.monotonic() < until:
        time.sleep(0.05)
    assert alive == []
    (remote.path / "hooks" / "pre-receive").unlink()
    assert store.create("after", b"3")
    keys = [item.key for item in store.list("")]
    assert keys in (["after", "before"], ["a", "after", "b", "before"])


def test_an_interrupted_upload_leaves_no_object(client: Client, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(8 << 20))

    def interrupt(key: str, moved: int, total: int) -> None:
        if moved > total // 2:
            raise Interruption(signal.SIGTERM)

    url = client().url
    with pytest.raises(Interruption):
        open_store(url, tmp_path, watch=interrupt).upload("big", tmp_path / "big")
    store = open_store(url, tmp_path)
    assert list(store.list("")) == []
    assert store.upload("big", tmp_path / "big").size == 8 << 20


def test_sweeping_removes_what_killed_writers_have_left_in_the_cache(client: Client, tmp_path: Path) -> None:
    store = client()
    store.create("a", b"1")
    (packs,) = (tmp_path / "cache").rglob("objects/pack")
    (packs / "tmp_pack_XyZ123").write_bytes(b"half")
    assert store.sweep(0) == 0
    assert store.sweep(time.time() + 60) == 1
    assert store.get("a") == b"1"


def test_transfers_are_watched_to_their_end(client: Client, remote: Repository, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(3 << 20))
    seen: list[tuple[str, int, int]] = []
    store = open_store(f"git+{remote.url}", tmp_path, watch=lambda *told: seen.append(told))
    store.upload("a", tmp_path / "big")
    assert seen[-1] == ("a", 3 << 20, 3 << 20)
    seen.clear()
    store.download("a", tmp_path / "copy")
    assert seen[-1] == ("a", 3 << 20, 3 << 20)
    assert [moved for _, moved, _ in seen] == sorted(moved for _, moved, _ in seen)
