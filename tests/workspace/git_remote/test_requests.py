"""What is asked of the remote: few requests, and only the files that are needed."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.workspace.store import Store
from tests.parts.git_http import Repository, git_host
from tests.workspace.git_remote.conftest import Client, git

BIG = 5 << 20
ENTRIES = 50


def _fill(store: Store, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(random.Random(1).randbytes(BIG))
    with store.together():
        store.upload("models/m/objects/a/files/model", tmp_path / "big")
        for number in range(ENTRIES):
            store.create(f"models/m/log/{number:020d}.json", b'{"entry": %d}' % number)
            store.create(f"runs/{number}/run.json", b'{"run": %d}' % number)


def _received(remote: Repository) -> int:
    return sum(request.sent for request in remote.requests)


def test_a_fresh_client_reads_a_log_in_few_requests_without_the_models(
    client: Client, remote: Repository, tmp_path: Path
) -> None:
    _fill(client(), tmp_path)
    remote.requests.clear()
    fresh = client("fresh")
    for number in range(ENTRIES):
        assert fresh.get(f"models/m/log/{number:020d}.json") == b'{"entry": %d}' % number
    assert len(remote.requests) <= 8
    assert _received(remote) < BIG / 50


def test_the_records_of_all_runs_come_in_one_request(client: Client, remote: Repository, tmp_path: Path) -> None:
    _fill(client(), tmp_path)
    fresh = client("fresh")
    keys = [item.key for item in fresh.list("runs/")]
    assert len(keys) == ENTRIES
    remote.requests.clear()
    with fresh.together():
        assert [fresh.get(key) for key in sorted(keys)] == [
            b'{"run": %s}' % key.split("/")[1].encode() for key in sorted(keys)
        ]
    assert len(remote.requests) <= 5


def test_a_listing_tells_sizes_and_times_without_the_files(client: Client, remote: Repository, tmp_path: Path) -> None:
    before = int(time.time())
    _fill(client(), tmp_path)
    remote.requests.clear()
    items = {item.key: item for item in client("fresh").list("")}
    assert items["models/m/objects/a/files/model"].size == BIG
    assert before <= items["models/m/objects/a/files/model"].modified <= time.time()
    assert len(items) == 2 * ENTRIES + 1
    assert _received(remote) < BIG / 50


def test_a_writer_whose_clock_is_slow_makes_nothing_look_old(
    client: Client, remote: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    client().create("a", b"1")
    real = time.time
    with monkeypatch.context() as patch:
        patch.setattr("mlops_ci.workspace.git.push.time.time", lambda: real() - 10 * 86400)
        late = client("late")
        late.list("")
        late.create("b", b"2")
        late.put("a", b"3")
    times = {item.key: item.modified for item in client("fresh").list("")}
    assert min(times.values()) > real() - 86400


def test_a_large_file_comes_alone_and_only_when_asked_for(client: Client, remote: Repository, tmp_path: Path) -> None:
    _fill(client(), tmp_path)
    fresh = client("fresh")
    with fresh.together():
        written = fresh.download("models/m/objects/a/files/model", tmp_path / "copy")
        assert written is not None
        assert (tmp_path / "copy").read_bytes() == (tmp_path / "big").read_bytes()
        remote.requests.clear()
        fresh.download("models/m/objects/a/files/model", tmp_path / "again")
    assert remote.requests == []


def test_what_is_cached_is_not_fetched_again_by_the_next_process(client: Client, remote: Repository) -> None:
    client().create("a", b"x" * 10_000)
    client("second").get("a")
    remote.requests.clear()
    assert client("second").get("a") == b"x" * 10_000
    assert len(remote.requests) == 2  # one look: the greeting, and the refs


def test_a_present_key_is_answered_without_a_look_and_a_miss_after_one(client: Client, remote: Repository) -> None:
    one, other = client("one"), client("other")
    one.create("a", b"1")
    one.get("a")
    remote.requests.clear()
    assert one.get("a") == b"1"
    assert remote.requests == []
    other.create("b", b"2")
    assert one.get("b") == b"2"


@pytest.mark.parametrize(
    "settings",
    [{"uploadpack__allowFilter": "false"}, {"uploadpack__allowAnySHA1InWant": "false"}],
    ids=["no partial clones", "no objects by name"],
)
@pytest.mark.parametrize("protocol", ["0", "2"])
def test_hosts_that_can_do_less_still_work(
    client: Client, tmp_path: Path, settings: dict[str, str], protocol: str
) -> None:
    (tmp_path / "gitconfig").write_text(f"[protocol]\n\tversion = {protocol}\n")
    url = f"git+{git_host().repository(**settings).url}"
    _fill(client("one", url), tmp_path)
    fresh = client("fresh", url)
    assert fresh.get(f"models/m/log/{7:020d}.json") == b'{"entry": 7}'
    assert len(list(fresh.list(""))) == 2 * ENTRIES + 1


def test_files_that_somebody_else_has_committed_are_measured(
    client: Client, remote: Repository, tmp_path: Path
) -> None:
    store = client()
    store.create("a", b"1")
    theirs = tmp_path / "theirs"
    git(tmp_path, "clone", "--quiet", "--no-checkout", remote.url, str(theirs))
    git(theirs, "fetch", "--quiet", "origin", "refs/mlops-ci/workspace")
    git(theirs, "checkout", "--quiet", "FETCH_HEAD")
    (theirs / "by-hand").write_text("by hand")
    (theirs / ".hidden").write_text("no key leads here")
    git(theirs, "add", "--all")
    git(theirs, "commit", "--quiet", "-m", "by hand")
    git(theirs, "push", "--quiet", "origin", "HEAD:refs/mlops-ci/workspace")
    for each in (store, client("fresh")):
        assert [(item.key, item.size) for item in each.list("")] == [("a", 1), ("by-hand", 7)]
        assert each.get("by-hand") == b"by hand"
    store.put("by-hand", b"replaced")
    assert client("fresh").get("by-hand") == b"replaced"


def test_a_file_that_the_remote_has_lost_is_an_integrity_error_and_the_others_are_read(
    client: Client, remote: Repository
) -> None:
    client().create("a", b"the bytes of a")
    client().create("b", b"the bytes of b")
    blob = remote.git("rev-parse", "refs/mlops-ci/workspace:a")
    (remote.path / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(IntegrityError, match="lacks a file"):
        client("fresh").get("a")
    assert client("fresh").get("b") == b"the bytes of b"


def test_a_file_is_stored_and_read_in_bounded_memory(client: Client, tmp_path: Path) -> None:
    import tracemalloc

    (tmp_path / "big").write_bytes(os.urandom(1 << 20) * 24)
    store = client()
    tracemalloc.start()
    try:
        with pytest.raises(KeyError), store.together():
            sent = store.upload("a", tmp_path / "big")
            got = store.download("a", tmp_path / "copy")
            raise KeyError  # the test's own host would hold it in memory
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert sent == got
    assert peak < 8 << 20


def test_a_cache_of_many_packs_is_tidied_up_and_stays_whole(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = client("writer")
    writer.create("0", b"0")
    reader = client("reader")
    for number in range(1, 12):
        writer.create(f"{number}", b"%d" % number)
        reader.get(f"{number}")
    assert len(list((tmp_path / "reader").rglob("*.pack"))) > 10
    monkeypatch.setattr("mlops_ci.workspace.git.clone._MOST_PACKS", 10)
    again = client("reader")
    assert [again.get(f"{number}") for number in range(12)] == [b"%d" % number for number in range(12)]
    assert again.create("12", b"12")
    assert reader.get("12") == b"12"
    assert len(list((tmp_path / "reader").rglob("*.pack"))) < 5


@pytest.mark.parametrize("damage", ["HEAD", "objects"])
def test_a_damaged_cache_is_made_anew(client: Client, tmp_path: Path, damage: str) -> None:
    client().create("a", b"1")
    [cache] = (tmp_path / "cache" / "git").iterdir()
    if damage == "HEAD":
        (cache / damage).write_text("garbage\n")
    else:
        shutil.rmtree(cache / damage)
    assert client().get("a") == b"1"
    assert client().create("b", b"2")
