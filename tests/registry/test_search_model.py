"""A search finds what a plain look at every version finds, however it was indexed."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.index_tables import words_of
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.search import MetricCondition, Query, search
from mlops_ci.registry.tags import set_tags
from tests.parts.need import soak
from tests.registry.making import open_log, registration, sha
from tests.workspace.memory import MemoryStore

MODELS = ("a", "b")
WORDS = st.sampled_from(["x", "X", "'", '"', "%", "_", "ß", "é", "a b", "100%", "it's"])
NAMES = st.sampled_from(["auc", "loss", "it's"])
VALUES = st.sampled_from([0.0, -1.0, 0.5, 1e300, math.nan, None])
COMMITS = st.integers(0, 5)

REGISTER = st.tuples(
    st.just("register"), st.sampled_from(MODELS), COMMITS, st.integers(0, 9),
    st.dictionaries(NAMES, VALUES), st.dictionaries(WORDS, WORDS, max_size=2),
)  # fmt: skip
CHANGE = st.tuples(st.sampled_from(["tag", "alias", "delete"]), st.sampled_from(MODELS), st.integers(1, 6), WORDS)
QUERIES = st.builds(
    Query,
    model=st.none() | st.sampled_from(MODELS),
    alias=st.none() | st.sampled_from(["champion", "other"]),
    tags=st.just({}) | st.dictionaries(WORDS, WORDS, max_size=1),
    metrics=st.just(())
    | st.tuples(st.builds(MetricCondition, NAMES, st.sampled_from([">=", "<=", "<", ">", "="]), st.floats(-2, 2))),
    commit=st.none() | COMMITS.map(lambda number: sha(number)[:5]),
    since=st.none() | st.integers(0, 9).map(lambda second: f"2026-01-01T00:00:0{second}Z"),
    until=st.none() | st.integers(0, 9).map(lambda second: f"2026-01-01T00:00:0{second}Z"),
    text=st.none() | WORDS,
    sort=st.none() | NAMES | NAMES.map(lambda name: f"-{name}"),
    limit=st.none() | st.integers(1, 3),
)
COMPARE = {
    ">=": float.__ge__, "<=": float.__le__, "<": float.__lt__, ">": float.__gt__, "=": float.__eq__,
}  # fmt: skip


def _fits(version: ModelVersion, query: Query) -> bool:
    commits = [commit for commit in (version.commit, *version.links) if commit]
    values = [(version.metrics.get(one.metric), one) for one in query.metrics]
    second = version.created[:19]
    return (
        (query.model is None or version.model == query.model)
        and (query.alias is None or query.alias in version.aliases)
        and all(version.tags.get(name) == value for name, value in query.tags.items())
        and all(value is not None and COMPARE[one.operator](value, one.bound) for value, one in values)
        and (query.commit is None or any(commit.startswith(query.commit) for commit in commits))
        and (query.since is None or second >= query.since[:19])
        and (query.until is None or second <= query.until[:19])
        and all(word in words_of(version) for word in (query.text or "").casefold().split())
        and (query.sort is None or query.sort.removeprefix("-") in version.metrics)
    )


def _expected(store: MemoryStore, query: Query) -> list[tuple[str, int]]:
    found = [v for name in MODELS for v in open_log(store, name).read().versions.values() if _fits(v, query)]
    found.sort(key=lambda v: (v.model, -v.version))
    found.sort(key=lambda v: v.created, reverse=True)
    if query.sort:
        name, sign = query.sort.removeprefix("-"), -1 if query.sort.startswith("-") else 1
        found.sort(key=lambda v: math.inf if (value := v.metrics[name]) is None else sign * value)
    return [(version.model, version.version) for version in found[: query.limit]]


def _apply(store: MemoryStore, sources: Path, step: Any) -> None:
    what, model, *rest = step
    log = open_log(store, model)
    if what == "register":
        commit, fingerprint, metrics, tags = rest
        register(log, registration(sources, sha(commit), f"f{fingerprint}", metrics=metrics, tags=tags))
        return
    version, word = rest
    found = log.read().versions.get(version)
    if found is None:
        return
    if what == "tag":
        set_tags(log, version, {word: word})
    elif what == "alias":
        move_alias(log, "champion", version, rollback=True, reason=None)
    elif not found.aliases:
        delete_version(log, version)


def _find(index: sqlite3.Connection, store: MemoryStore, query: Query) -> list[tuple[str, int]]:
    for name in MODELS:
        catch_up(index, store, name)
    return [(version.model, version.version) for version in search(index, query)]


@settings(max_examples=soak(80, 2000), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(REGISTER | CHANGE, QUERIES), min_size=1, max_size=12))
def test_an_index_that_follows_finds_what_a_plain_look_and_a_new_index_find(steps: list[tuple[Any, Query]]) -> None:
    store = MemoryStore()
    with tempfile.TemporaryDirectory(prefix="mlops-ci-search-") as folder:

        def follow(index: sqlite3.Connection) -> None:
            for step, query in steps:
                _apply(store, Path(folder) / "sources", step)
                expected = _expected(store, query)
                assert _find(index, store, query) == expected
                assert use_index(None, lambda fresh, query=query: _find(fresh, store, query)) == expected  # type: ignore[misc]

        use_index(Path(folder) / "index.sqlite", follow)
