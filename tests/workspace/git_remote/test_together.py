"""Writes that belong together are one push, or none."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.git.push import publish
from mlops_ci.workspace.store import LostRaceError
from tests.parts.git_http import Repository
from tests.workspace.git_remote.conftest import Client
from tests.workspace.test_together_threads import InterruptedLock


def test_all_writes_inside_are_one_push(client: Client, remote: Repository, tmp_path: Path) -> None:
    store = client()
    store.create("gone", b"x")
    (tmp_path / "file").write_bytes(b"model")
    with store.together():
        assert store.create("models/m/log/1", b"1")
        store.put("runs/r/run.json", b"2")
        store.upload("models/m/objects/a/files/model", tmp_path / "file")
        store.delete("gone")
        assert remote.pushes() == 1
    assert remote.pushes() == 2
    assert [item.key for item in client("other").list("")] == [
        "models/m/log/1", "models/m/objects/a/files/model", "runs/r/run.json",
    ]  # fmt: skip


def test_reading_inside_pushes_nothing(client: Client, remote: Repository) -> None:
    store = client()
    with store.together():
        assert store.get("a") is None
        assert list(store.list("")) == []
    assert remote.pushes() == 0


def test_reads_inside_show_the_beginning_and_ones_own_writes(client: Client, tmp_path: Path) -> None:
    one, other = client("one"), client("other")
    other.create("before", b"1")
    with one.together():
        other.create("meanwhile", b"2")
        one.create("own", b"3")
        assert (one.get("before"), one.get("meanwhile"), one.get("own")) == (b"1", None, b"3")
        assert [(item.key, item.size) for item in one.list("")] == [("before", 1), ("own", 1)]
        one.download("own", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"3"
        assert other.get("own") is None
        one.delete("before")
        assert one.get("before") is None
        assert not one.create("own", b"4")
    assert [item.key for item in other.list("")] == ["meanwhile", "own"]


def test_the_outermost_counts(client: Client, remote: Repository) -> None:
    store = client()
    with store.together():
        with store.together():
            store.create("a", b"1")
        assert remote.pushes() == 0
        store.create("b", b"2")
    assert (remote.pushes(), remote.commits()) == (1, 1)


def test_what_another_thread_writes_while_the_last_is_left_is_not_lost(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment between the push and the end: whoever may write then must not be left among what is dropped."""
    one = client("one")
    writer = threading.Thread(target=lambda: one.create("b", b"2"))

    class Lock:
        """Lets the writer have its turn whenever nobody holds it."""

        def __init__(self) -> None:
            self.inner = threading.RLock()

        def __enter__(self) -> None:
            self.inner.acquire()

        def __exit__(self, *error: object) -> None:
            self.inner.release()
            if writer.ident and threading.current_thread() is not writer:
                writer.join()

    def publishing(*arguments: Any, **options: Any) -> None:
        if not writer.ident:
            writer.start()
        publish(*arguments, **options)

    monkeypatch.setattr("mlops_ci.workspace.git.store.publish", publishing)
    monkeypatch.setattr(one, "_lock", Lock())
    with one.together():
        one.create("a", b"1")
    writer.join()
    assert [item.key for item in client("other").list("")] == ["a", "b"]


def test_who_is_interrupted_while_another_thread_writes_leaves_all_the_same(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, lock = client("one"), InterruptedLock()
    monkeypatch.setattr(one, "_lock", lock)
    with pytest.raises(KeyboardInterrupt), one.together():
        one.create("a", b"1")
        lock.armed = True
    assert client("other").get("a") == b"1", "what was done is done"
    one.create("b", b"2")
    assert client("other").get("b") == b"2", "nothing is held back any more"


def test_an_exception_inside_drops_the_writes(client: Client, remote: Repository) -> None:
    store = client()
    with pytest.raises(KeyError), store.together():
        store.create("a", b"1")
        raise KeyError
    assert store.get("a") is None
    assert store.create("b", b"2")
    assert [item.key for item in client("other").list("")] == ["b"]


def test_a_claim_that_somebody_else_took_loses_all(client: Client, remote: Repository) -> None:
    one, other = client("one"), client("other")
    with pytest.raises(LostRaceError), one.together():
        one.create("log/1", b"ours")
        one.create("log/2", b"ours")
        one.put("hint", b"ours")
        other.create("log/2", b"theirs")
    assert [item.key for item in one.list("")] == ["log/2"]
    assert one.get("log/2") == b"theirs"


def test_a_claim_that_was_written_again_is_still_a_claim(client: Client) -> None:
    one, other = client("one"), client("other")
    with pytest.raises(LostRaceError), one.together():
        one.create("a", b"ours")
        one.put("a", b"ours again")
        other.create("a", b"theirs")


def test_what_was_created_and_deleted_inside_claims_nothing(client: Client, remote: Repository) -> None:
    one, other = client("one"), client("other")
    with one.together():
        one.create("a", b"ours")
        one.delete("a")
        other.create("a", b"theirs")
    assert other.get("a") == b"theirs"
    assert remote.pushes() == 1


def test_unrelated_writes_of_others_are_built_upon(client: Client, remote: Repository, tmp_path: Path) -> None:
    one, other = client("one"), client("other")
    other.create("replaced", b"0")
    (tmp_path / "file").write_bytes(b"ours")
    with one.together():
        one.create("log/2", b"ours")
        one.put("replaced", b"ours")
        one.upload("object", tmp_path / "file")
        other.create("log/1", b"theirs")
        other.put("replaced", b"theirs")
        other.create("object", b"theirs")
    read = {item.key: other.get(item.key) for item in client("third").list("")}
    assert read.keys() == {"log/1", "log/2", "object", "replaced"}
    assert (client("third").get("object"), client("third").get("replaced")) == (b"theirs", b"ours")


def test_an_object_and_a_folder_of_one_name_are_refused_at_once(client: Client, remote: Repository) -> None:
    store = client()
    with store.together():
        store.create("a", b"1")
        with pytest.raises(RemoteError, match="one name"):
            store.create("a/b", b"2")
    assert [item.key for item in store.list("")] == ["a"]


def test_a_push_is_one_commit_on_a_linear_history_with_an_identity_of_its_own(
    client: Client, remote: Repository
) -> None:
    store = client()
    store.create("a", b"1")
    store.put("a", b"2")
    shown = remote.git("log", "--format=%an <%ae> %cn %p %s", "refs/mlops-ci/workspace").splitlines()
    assert len(shown) == 2
    assert all(line.startswith("mlops-ci <mlops-ci@localhost> mlops-ci ") for line in shown)
    assert all(line.endswith("Write a [skip ci]") for line in shown)
    assert remote.git("cat-file", "blob", "refs/mlops-ci/workspace:a") == "2"
    assert remote.git("fsck", "--strict", "--no-dangling") == ""
