"""Searches versions by tag, metric, commit, date and text, in an index that is up to date."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from mlops_ci.errors import UsageError
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.index_tables import unpack

_CONDITION = re.compile(r"\s*([^\s<>=!]+)\s*(>=|<=|>|<|=)\s*(\S+)\s*")
_OPERATORS = (">=", "<=", ">", "<", "=")
_MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]+Z?)?)?)?")
_COMMIT = re.compile(r"[0-9a-f]{4,40}")


@dataclass(frozen=True, slots=True)
class MetricCondition:
    """A bound on a metric."""

    metric: str
    operator: str
    bound: float


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; everything said must hold.

    ``since`` and ``until`` are dates or moments (ISO 8601, UTC), the latter inclusive as far as it is said; ``text``
    are words that all occur in the commit's subject, tags, params, file names or verdicts; ``sort`` is a metric, with
    ``-`` in front for the largest first. Newest first otherwise. ``limit`` of None is no limit.
    """

    model: str | None = None
    alias: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metrics: tuple[MetricCondition, ...] = ()
    commit: str | None = None
    since: str | None = None
    until: str | None = None
    text: str | None = None
    sort: str | None = None
    limit: int | None = None


def parse_condition(text: str) -> MetricCondition:
    """Parse ``roc_auc >= 0.9``.

    Raises:
        UsageError: it is not of that form.
    """
    match = _CONDITION.fullmatch(text)
    try:
        bound = float(match[3]) if match else float("nan")
    except ValueError:
        bound = float("nan")
    if match is None or bound != bound:
        raise UsageError("not a condition on a metric", where=repr(text[:60]), hint="write it as 'roc_auc >= 0.9'")
    return MetricCondition(match[1], match[2], bound)


def search(database: sqlite3.Connection, query: Query) -> Iterator[ModelVersion]:
    """Yield the versions that fit a query.

    Raises:
        UsageError: a date, a commit or a comparison of the query is none.
    """
    sql, values = _statement(query)
    return (unpack(record) for (record,) in database.execute(sql, values))


def _statement(query: Query) -> tuple[str, list[object]]:
    conditions = list(_conditions(query))
    join, order = "", "versions.created desc, versions.model, versions.version desc"
    values: list[object] = []
    if query.sort:
        join = "join metrics as sorting on sorting.id = versions.id and sorting.name = ?"
        values.append(query.sort.removeprefix("-"))
        order = f"sorting.value {'desc' if query.sort.startswith('-') else 'asc'} nulls last, {order}"
    where = " and ".join(sql for sql, _ in conditions) or "true"
    values += [value for _, some in conditions for value in some]
    limit = -1 if query.limit is None else query.limit
    if query.limit is not None and not 0 < query.limit < 2**63:
        raise UsageError("not a limit", where=repr(query.limit)[:40], hint="use a number of at least 1")
    for value in values:
        if isinstance(value, str) and not _is_storable(value):
            raise UsageError("not text", where=ascii(value[:60]), hint="no version has it: it is not valid Unicode")
    # Only our own words are put together here; whatever the user said is bound as a value.
    return f"select record from versions {join} where {where} order by {order} limit {limit:d}", values  # noqa: S608


def _conditions(query: Query) -> Iterator[tuple[str, list[object]]]:
    if query.model is not None:
        yield "versions.model = ?", [query.model]
    if query.alias is not None:
        yield _facet("aliases", "alias = ?"), [query.alias]
    for name, value in query.tags.items():
        yield _facet("tags", "name = ? and value = ?"), [name, value]
    for one in query.metrics:
        if one.operator not in _OPERATORS:
            raise UsageError("not a comparison", where=repr(one.operator[:20]), hint=f"use {', '.join(_OPERATORS)}")
        yield _facet("metrics", f"name = ? and value {one.operator} ?"), [one.metric, one.bound]
    if query.commit is not None:
        if not _COMMIT.fullmatch(query.commit):
            raise UsageError("not a commit", where=repr(query.commit[:50]), hint="use at least 4 of its hex digits")
        yield _facet("commits", "sha >= ? and sha < ?"), [query.commit, query.commit + "g"]
    if query.since is not None:
        yield "versions.created >= ?", [_moment(query.since).removesuffix("Z")]
    if query.until is not None:
        yield "versions.created < ?", [_moment(query.until).removesuffix("Z") + "~"]  # sorts behind all that go on
    for word in (query.text or "").casefold().split():
        yield "instr(versions.words, ?) > 0", [word]


def _facet(table: str, condition: str) -> str:
    return f"versions.id in (select id from {table} where {condition})"  # noqa: S608


def _is_storable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _moment(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        raise UsageError("not a date", where=repr(text[:40]), hint="write it as 2026-01-31 or 2026-01-31T12:00:00Z")
    return text
