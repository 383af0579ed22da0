"""The search index finds what a plain look at every version finds, whatever becomes of its file or of the logs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.finding import find_versions
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry import index as indexing
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.search import MetricCondition, Query, parse_condition
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import log_key, model_prefix
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.making import MODEL, open_log, sha
from tests.workspace.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    initialise(store)
    return store


@pytest.fixture
def three(store: MemoryStore, log: ModelLog, versions: Callable[[int], object]) -> MemoryStore:
    versions(3)
    move_alias(log, "champion", 2, rollback=False, reason=None)
    set_tags(log, 1, {"team": "fraud"})
    return store


Find = Callable[..., list[int]]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    def find(store: Store, **terms: object) -> list[int]:
        environ = {"MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}
        return [version.version for version in find_versions(store, Query(**terms), environ, {})]  # type: ignore[arg-type]

    return find


@pytest.fixture
def file(three: MemoryStore, find: Find, tmp_path: Path) -> Path:
    """An index that is up to date."""
    assert find(three) == [3, 2, 1]
    (found,) = (tmp_path / "cache" / "index").iterdir()
    return found


def _truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def _garbage(file: Path) -> None:
    file.write_bytes(b"this is no database, but long enough to be taken for one" * 400)


def _garbage_behind_the_first_page(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


def _without_tables(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            database.execute(f"drop table {table}")
        database.commit()


def _with_other_columns(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("alter table versions rename column record to other")
        database.commit()


def _older(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("pragma user_version = 0")
        database.commit()


def _with_damaged_records(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("update versions set record = x'7b'")
        database.commit()


def _with_a_damaged_rest(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("update models set rest = 7")
        database.commit()


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _gone(file: Path) -> None:
    file.unlink()


DAMAGES = [
    _truncated, _garbage, _garbage_behind_the_first_page, _without_tables, _with_other_columns, _older,
    _with_damaged_records, _with_a_damaged_rest, _a_folder, _gone,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_an_index_that_cannot_be_used_is_made_anew(
    three: MemoryStore, find: Find, file: Path, damage: Callable[[Path], None]
) -> None:
    damage(file)
    for _ in range(2):
        assert find(three) == [3, 2, 1]
        assert find(three, tags={"team": "fraud"}) == [1]
        assert find(three, alias="champion") == [2]


def test_an_index_that_somebody_else_holds_is_done_without(
    three: MemoryStore, find: Find, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_WAIT", 0.01)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("begin exclusive")
        assert find(three) == [3, 2, 1]
    assert file.exists()
    assert find(three) == [3, 2, 1]


def test_a_place_where_nothing_can_be_kept_is_done_without(three: MemoryStore, find: Find, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert find(three) == [3, 2, 1]


def test_a_log_that_was_replaced_is_indexed_anew(three: MemoryStore, find: Find, file: Path, make: Make) -> None:
    for key in [item.key for item in three.list(model_prefix(MODEL))]:
        three.delete(key)
    log = open_log(three)
    register(log, make(sha(8), "f8"))
    register(log, make(sha(9), "f9"))
    assert find(three) == [2, 1]
    assert find(three, tags={"team": "fraud"}) == []
    assert find(three, commit=sha(9)) == [2]


@pytest.mark.parametrize("left", range(5))
def test_a_log_that_was_cut_short_is_indexed_anew(three: MemoryStore, find: Find, file: Path, left: int) -> None:
    for seq in range(left + 1, 6):
        three.delete(log_key(MODEL, seq))
    three.delete(f"{model_prefix(MODEL)}_last.json")
    assert find(three) == list(range(min(left, 3), 0, -1))
    assert find(three, alias="champion") == ([2] if left > 3 else [])


def test_a_model_that_is_no_more_is_not_found(three: MemoryStore, find: Find, file: Path, make: Make) -> None:
    register(open_log(three, "other"), make(sha(1), "f1"))
    assert find(three) == [1, 3, 2, 1] or len(find(three)) == 4
    for key in [item.key for item in three.list(model_prefix(MODEL))]:
        three.delete(key)
    assert find(three) == [1]
    assert find(three, model=MODEL) == []


def test_deleted_versions_vanish(three: MemoryStore, find: Find, file: Path, make: Make) -> None:
    delete_version(open_log(three), 3)
    assert find(three) == [2, 1]
    assert find(three, commit=sha(3)) == []
    register(open_log(three), make(sha(3), "f3"))
    assert find(three, commit=sha(3)) == [4]
    delete_version(open_log(three), 4)
    assert find(three) == [2, 1]


HOSTILE = [
    "'",
    '"',
    "%",
    "_",
    "\\",
    "';drop table versions;--",
    "' or 1=1 --",
    "?",
    "*",
    "[a]",
    "é",
    "1'",
    "a" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_means_something_in_sql_means_nothing_here(three: MemoryStore, find: Find, text: str) -> None:
    assert find(three, tags={text: text}) == []
    assert find(three, alias=text) == []
    assert find(three, sort=text) == []
    assert find(three, metrics=(MetricCondition(text, ">=", 0),)) == []
    assert find(three, text=text) == []
    assert find(three, model=text) == []
    for name in ("commit", "since", "until"):
        with pytest.raises(UsageError):
            find(three, **{name: text})
    with pytest.raises(UsageError):
        find(three, metrics=(MetricCondition("auc", text, 0),))
    assert find(three) == [3, 2, 1]


@pytest.mark.parametrize("name", ["tags", "alias", "text", "sort"])
def test_text_that_is_not_unicode_is_a_usage_error(three: MemoryStore, find: Find, name: str) -> None:
    value: object = {"a": "\udcff"} if name == "tags" else "\udcff"
    with pytest.raises(UsageError, match="not text"):
        find(three, **{name: value})


@pytest.mark.parametrize("limit", [0, -1, 2**63, 10**30])
def test_a_limit_that_is_none_is_a_usage_error(three: MemoryStore, find: Find, limit: int) -> None:
    with pytest.raises(UsageError, match="not a limit"):
        find(three, limit=limit)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ({"since": "2026-01-01T00:00:02Z"}, [3, 2]), ({"since": "2026-01-01T00:00:02.000Z"}, [3, 2]),
        ({"since": "2026-01-01T00:00:02.001Z"}, [3]), ({"until": "2026-01-01T00:00:02Z"}, [2, 1]),
        ({"until": "2026-01-01T00:00:01.999Z"}, [1]), ({"since": "2026"}, [3, 2, 1]), ({"until": "2025-12-31"}, []),
        ({"since": "2026-01-01", "until": "2026-01-01"}, [3, 2, 1]),
        ({"since": "2026-01-01T00:00:02Z", "until": "2026-01-01T00:00:02Z"}, [2]),
    ],
)  # fmt: skip
def test_a_time_is_meant_as_far_as_it_is_said(
    three: MemoryStore, find: Find, terms: dict[str, str], found: list[int]
) -> None:
    assert find(three, **terms) == found


@pytest.mark.parametrize(
    "text", ["", "auc", "auc >", "> 1", "auc >= nan", "auc >= x", "auc == 1", "auc => 1", "a b > 1"]
)
def test_what_is_no_condition_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="not a condition"):
        parse_condition(text)


def test_a_version_in_the_index_is_the_version_in_the_log(three: MemoryStore, tmp_path: Path) -> None:
    found: list[ModelVersion] = find_versions(three, Query(), {"MLOPS_CI_CACHE_DIR": str(tmp_path)}, {})
    assert {version.version: version for version in found} == open_log(three).read().versions
