"""Retention: what expires and what stays; jobs that use the cache meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.retaining import NEWEST, Expired, Expiry
from mlops_ci.lifecycle.upkeep import collect_garbage
from mlops_ci.pipeline.cache import DamagedCacheError, StepCache
from mlops_ci.project.retention import Retention
from mlops_ci.records.codec import encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.files import FileRecord
from mlops_ci.records.run import StepRun
from mlops_ci.records.step_result import StepResult
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.register import register
from mlops_ci.workspace.collected_layout import compacted_key
from mlops_ci.workspace.layout import PULL_REQUESTS, cache_object_key, cache_result_key, run_key
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store
from tests.registry.making import open_log, registration
from tests.support.run_records import run_record
from tests.workspace.memory import MemoryStore

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ALL = Retention(runs=90, cache=30, pull_requests=14, collected=365)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


class AgeingStore(MemoryStore):
    """Of which a test says when things were written; calls ``interlope`` before every operation, once it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = NOW
        self.interlope: Callable[[], None] = lambda: None

    def _write(self, key: str, data: bytes) -> None:
        super()._write(key, data)
        self._modified[key] = self.moment.timestamp()

    def get(self, key: str) -> bytes | None:
        self.interlope()
        return super().get(key)

    def create(self, key: str, data: bytes) -> bool:
        self.interlope()
        return super().create(key, data)

    def delete(self, key: str) -> None:
        self.interlope()
        super().delete(key)


@pytest.fixture
def store() -> AgeingStore:
    return AgeingStore()


def expire(
    store: Store, retention: Retention = ALL, *, kept: tuple[str, ...] = (), dry_run: bool = False
) -> tuple[Expired, ...]:
    return Expiry(store, store, retention, kept, now=NOW, grace=timedelta(days=7), dry_run=dry_run).run()


def run_at(
    store: AgeingStore, days: float, *fingerprints: str, area: str = "", number: int = 0, took: float = 0
) -> str:
    """A run that began so many days ago, took some, and has used these results; with a report and a file."""
    store.moment = ago(days - took)
    name = f"{ago(days).strftime('%Y%m%dT%H%M%S')}000-{number:08x}"
    steps = tuple(StepRun(f"s{index}", "reused", fingerprint=one) for index, one in enumerate(fingerprints))
    for key in ("report.json", "files/metrics.json"):
        store.create(f"{area}runs/{name}/{key}", b"{}")
    store.create(run_key(name, area), encode(run_record(name, steps=steps)))
    store.moment = NOW
    return name


def step_at(store: AgeingStore, days: float, content: str, area: str = "") -> str:
    """The result of a step with one output; the fingerprint."""
    store.moment = ago(days)
    fingerprint, data = digest_of_bytes(f"of {content}".encode()), content.encode()
    output = FileRecord("out", digest_of_bytes(data), len(data))
    store.create(cache_object_key(output.digest, area), data)
    store.create(cache_result_key(fingerprint, area), encode(StepResult(fingerprint, (output,), 1, 1, 1, "run")))
    store.moment = NOW
    return fingerprint


def filled(store: AgeingStore) -> tuple[str, str]:
    """Something of every kind and age; returns an old run, and a result that is old and was used of late."""
    old = run_at(store, 200)
    run_at(store, 200, number=1)
    for number in range(NEWEST):
        run_at(store, 100 - number, number=number)
    for days in (20, 5):
        run_at(store, days, area=PULL_REQUESTS)
        step_at(store, days, f"pull request {days}", PULL_REQUESTS)
    used, _, _ = (step_at(store, days, f"main {days}") for days in (300, 40, 3))
    run_at(store, 10, used)
    for day in ("2024-12-31", "2026-05-31"):
        store.create(compacted_key("model", day, "a"), b"table")
    store.put("cache/locks/abc.json", b"{}")
    store.put("models/model/log/1.json", b"{}")
    return old, used


def test_each_kind_expires_by_its_own_age(store: AgeingStore) -> None:
    old, used = filled(store)
    swept = {one.kind: one for one in expire(store, kept=(old,))}
    left = set(store.objects)
    assert {name.split("/")[1] for name in left if name.startswith("runs/")} >= {old}
    assert len(swept["runs"].objects) % 3 == 0
    assert not any(name.startswith(f"runs/{ago(200):%Y%m%d}") and old not in name for name in left)
    assert cache_result_key(used) in left
    assert [len(swept[kind].objects) for kind in ("cache", "pull_requests", "collected")] == [2, 5, 1]
    assert {"cache/locks/abc.json", "models/model/log/1.json", compacted_key("model", "2026-05-31", "a")} <= left


def test_the_run_of_a_version_stays_as_long_as_the_version(store: AgeingStore, tmp_path: Path) -> None:
    names = [run_at(store, 400 - number, number=number) for number in range(NEWEST + 2)]
    log = open_log(store)
    register(log, registration(tmp_path, None, "f1", run=names[0]))

    def collected() -> set[str]:
        grace = timedelta(days=7)
        swept = collect_garbage(store, store, [log], Retention(runs=90), now=NOW, grace=grace, dry_run=False)
        return {key.split("/")[1] for one in swept.expired for key in one.objects}

    assert collected() == {names[1]}
    delete_version(log, 1)
    assert collected() == {names[0]}


def test_the_newest_runs_stay_however_old_they_are(store: AgeingStore) -> None:
    names = [run_at(store, 400 + number) for number in range(NEWEST + 2)]
    [swept] = expire(store)
    assert {key.split("/")[1] for key in swept.objects} == set(names[-2:])


def test_a_run_that_took_longer_than_runs_are_kept_stays_until_its_job_has_had_time_to_register_it(
    store: AgeingStore,
) -> None:
    late, settled, early = (run_at(store, 100, took=took, number=int(took)) for took in (99, 92, 0))
    for number in range(NEWEST):
        run_at(store, 1, number=number)
    [swept] = expire(store)
    assert {key.split("/")[1] for key in swept.objects} == {settled, early}
    assert run_key(late) in store.objects


def test_an_age_shorter_than_the_time_of_grace_is_that_of_a_run_all_the_same(store: AgeingStore) -> None:
    run_at(store, 3, area=PULL_REQUESTS)
    late = run_at(store, 3, area=PULL_REQUESTS, took=2, number=1)
    [swept] = expire(store, Retention(pull_requests=2))
    assert len(swept.objects) == 3
    assert run_key(late, PULL_REQUESTS) in store.objects


def test_of_a_run_first_goes_what_it_is_found_by(store: AgeingStore) -> None:
    for number in range(NEWEST + 1):
        run_at(store, 400 - number)
    [swept] = expire(store)
    assert [key.rpartition("/")[2] for key in swept.objects] == ["run.json", "report.json", "metrics.json"]


@pytest.mark.parametrize("kind", ["runs", "cache", "pull_requests", "collected"])
def test_what_has_no_age_is_kept_for_ever(store: AgeingStore, kind: str) -> None:
    filled(store)
    assert {one.kind for one in expire(store, Retention(**{kind: 1}))} == {kind}
    assert expire(store, Retention()) == ()


def test_a_dry_run_tells_what_a_real_one_then_deletes(store: AgeingStore, tmp_path: Path) -> None:
    old, _ = filled(store)
    before = dict(store.objects)
    told = expire(store, kept=(old,), dry_run=True)
    assert store.objects == before
    assert expire(store, kept=(old,)) == told
    assert set(before) - set(store.objects) == {key for one in told for key in one.objects}
    assert expire(store, kept=(old,)) == ()
    folder = LocalStore(tmp_path / "workspace")  # where all is as young as its files
    for key, data in before.items():
        folder.create(key, data)
    assert {one.kind for one in expire(folder)} == {"collected"}


def test_an_output_that_a_kept_result_names_stays_and_so_does_a_young_one(store: AgeingStore) -> None:
    shared = FileRecord("out", digest_of_bytes(b"same"), 4)
    store.moment = ago(300)
    store.create(cache_object_key(shared.digest), b"same")
    store.moment = ago(3)
    store.create(cache_result_key("sha256:aa"), encode(StepResult("sha256:aa", (shared,), 1, 1, 1, "run")))
    young = cache_object_key(digest_of_bytes(b"its result is on its way"))
    store.create(young, b"its result is on its way")
    assert expire(store) == ()
    assert {cache_object_key(shared.digest), young} <= set(store.objects)


def test_a_torn_result_or_run_hinders_nobody(store: AgeingStore) -> None:
    filled(store)
    store.put(cache_result_key("sha256:bb"), b"{")
    store.put(f"runs/{ago(1):%Y%m%dT%H%M%S}000-00000000/run.json", b"{")
    store.put("runs/99999999T999999999-00000000/run.json", b"{}")
    store.put("runs/mine/notes.txt", b"not ours")
    expire(store)
    assert "runs/99999999T999999999-00000000/run.json" in store.objects
    assert "runs/mine/notes.txt" in store.objects


def _job(store: AgeingStore, folder: Path, contents: list[str]) -> Iterator[None]:
    """What jobs do with the cache, step by step: reuse what is known and whole, else make and remember it."""
    cache = StepCache(store, ("",), "model")
    for content in contents:
        fingerprint, data = digest_of_bytes(f"of {content}".encode()), content.encode()
        output, made = FileRecord("out", digest_of_bytes(data), len(data)), folder / "made"
        made.write_bytes(data)
        anew = False
        target = folder / "restored"
        target.unlink(missing_ok=True)
        found = cache.find(fingerprint)
        yield
        if found:
            try:
                cache.fetch(found.outputs[0], fingerprint, target)
                assert target.read_bytes() == data
                continue
            except DamagedCacheError as error:  # as the conductor does
                cache.forget(error.fingerprint, error.file)
                anew = True
        yield
        cache.remember(StepResult(fingerprint, (output,), 1, 1, 1, "run"), {output.digest: made}, anew=anew)
        yield


def test_a_job_meanwhile_gets_right_bytes_or_a_miss_whenever_it_is(tmp_path: Path) -> None:
    contents = ["main 300", "main 40", "shared"]
    operations = 0
    while True:  # the whole of a job, at each operation of a collection
        store = AgeingStore()
        filled(store)
        left: list[int] = [operations]

        def interlope(store: AgeingStore = store, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1:
                store.interlope, again = lambda: None, store.interlope
                for _ in _job(store, tmp_path, contents):
                    pass
                store.interlope = again

        store.interlope = interlope
        expire(store, Retention(cache=30))
        store.interlope = lambda: None
        for _ in _job(store, tmp_path, contents):
            pass
        if left[0] >= 0:
            break
        operations += 1
    assert operations > 5


@pytest.mark.parametrize("at", range(9))
def test_a_collection_meanwhile_costs_a_job_a_miss_at_most(store: AgeingStore, tmp_path: Path, at: int) -> None:
    filled(store)
    contents = ["main 300", "main 40", "main 3"]
    for number, _ in enumerate(_job(store, tmp_path, contents)):
        if number == at:
            expire(store)
    for _ in _job(store, tmp_path, contents):
        pass


def test_ages_are_days() -> None:
    assert Retention(runs=1).but(runs="90d", cache=None) == Retention(runs=90)
    for wrong in ("0d", "90", "3h", "-1d", "1.5d", "999999d"):
        given: dict[str, Any] = {"runs": wrong}
        with pytest.raises(UsageError, match="not a number of days"):
            Retention().but(**given)
