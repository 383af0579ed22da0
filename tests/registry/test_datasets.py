from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.records.actor import Actor
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.registry.check_datasets import check_datasets
from mlops_ci.registry.datasets import DatasetShelf, dataset_names, find_version, read_tags, read_versions
from mlops_ci.workspace.dataset_layout import dataset_key, dataset_tag_key
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store

ONE = DatasetVersion("data/a.csv", "sha256:" + "aaaa1" + "0" * 59, 1, 1)
TWO = replace(ONE, digest="sha256:" + "aaaa2" + "0" * 59)


def shelf(store: Store, actor: str = "ada") -> DatasetShelf:
    ticks = count()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return DatasetShelf(store, Actor(actor), lambda: start + timedelta(seconds=next(ticks)))


def test_who_saw_a_version_first_stays_on_record(store: Store) -> None:
    first = shelf(store).keep("flights", ONE, run="r1", commit="a" * 40)
    again = shelf(store, "bob").keep("flights", replace(ONE, path="elsewhere"), run="r2")
    assert again == first == find_version(store, "flights", None)
    assert dataset_names(store) == ["flights"]


def test_a_version_is_found_by_digits_and_tags_and_the_newest_by_default(store: Store) -> None:
    mine = shelf(store)
    mine.keep("flights", ONE)
    mine.keep("flights", TWO)
    mine.tag("flights", ONE.digest, {"stage": "golden"})
    assert [seen.version for seen in read_versions(store, "flights")] == [TWO, ONE]
    found = {
        reference: find_version(store, "flights", reference).version
        for reference in ("aaaa1", "@stage=golden", "@stage")
    }
    assert set(map(id, found)) and set(found.values()) == {ONE}
    for reference, why in (
        ("aaaa", "several versions begin like this"),
        ("aaa", "no such version"),
        ("bbbb", "no such version"),
        ("@stage=raw", "no such version"),
    ):
        with pytest.raises(UsageError, match=why):
            find_version(store, "flights", reference)
    with pytest.raises(UsageError, match=r"no such dataset.*"):
        find_version(store, "planes", None)


def test_tags_are_set_and_removed_and_nothing_is_written_twice(store: Store) -> None:
    mine = shelf(store)
    mine.keep("flights", ONE)
    assert mine.tag("flights", ONE.digest, {"a": "1", "b": "2"}) == {"a": "1", "b": "2"}
    assert mine.tag("flights", ONE.digest, {"a": "1"}, remove=["b", "c"]) == {"a": "1"}
    before = [item.key for item in store.list("datasets/")]
    mine.tag("flights", ONE.digest, {"a": "1"}, remove=["b"])
    assert [item.key for item in store.list("datasets/")] == before


def test_of_many_who_tag_at_once_nobody_is_lost(store: Store) -> None:
    shelf(store).keep("flights", ONE)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda who: shelf(store, f"u{who}").tag("flights", ONE.digest, {f"t{who}": "x"}), range(8)))
    assert read_tags(store, "flights")[ONE.digest] == {f"t{who}": "x" for who in range(8)}


def test_a_check_names_what_is_damaged_misplaced_or_missing(tmp_path: Path) -> None:
    local = LocalStore(tmp_path)
    mine = shelf(local)
    mine.keep("flights", ONE)
    mine.keep("flights", TWO)
    mine.tag("flights", ONE.digest, {"a": "1"})
    mine.tag("flights", TWO.digest, {"a": "1"})
    assert list(check_datasets(local)) == []

    one, two = (dataset_key("flights", version.digest) for version in (ONE, TWO))
    first, second = (dataset_tag_key("flights", number) for number in (1, 2))

    def found() -> dict[str, str]:
        return {finding.key: finding.what for finding in check_datasets(local)}

    whole = {key: local.get(key) or b"" for key in (one, two, first, second)}
    local.put(one, whole[one][:-2])
    assert list(found()) == [one] and "not a valid" in found()[one]
    local.put(one, whole[two])
    assert found() == {one: "a record of another version lies in its place"}
    local.delete(one)
    assert found() == {first: "tags of a version that is not there"}
    local.put(one, whole[one])
    local.delete(first)
    assert found() == {first: "an entry of the list of tags is missing"}
    local.put(first, b"{}")
    assert "not a valid" in found()[first]
    local.put(first, whole[first])
    local.put("datasets/flights/x.json", b"{}")
    local.put("datasets/NO NAME/versions/x.json", b"{}")
    assert found() == {"datasets/NO NAME/": "not the name of a dataset", "datasets/flights/x.json": "not ours"}
