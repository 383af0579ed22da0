"""Finds past runs and their reports."""

from __future__ import annotations

import re
from itertools import islice
from typing import TypeVar

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.records.codec import decode
from mlops_ci.records.report import Report
from mlops_ci.records.run import Run
from mlops_ci.workspace.layout import PULL_REQUESTS, report_key, run_key, runs_prefix
from mlops_ci.workspace.store import Store

T = TypeVar("T")
_AREAS = ("", PULL_REQUESTS)
RUN_ID = re.compile(r"^[0-9]{8}T[0-9]{9}-[0-9a-f]{8}$")


def read_runs(
    store: Store, limit: int, *, model: str | None = None, status: str | None = None, branch: str | None = None
) -> list[Run]:
    """The newest runs of a model, with a status, of a branch, newest first. No more are read than it takes."""
    wanted = {name: value for name, value in (("model", model), ("status", status), ("branch", branch)) if value}
    read = (_read_if_there(store, key, Run) for _, key in sorted(_keys(store, "run.json"), reverse=True))

    def of(run: Run) -> dict[str, str | None]:
        return {"model": run.model_name, "status": run.status, "branch": run.commit.branch}

    return list(islice((run for run in read if run and wanted.items() <= of(run).items()), limit))


def read_run(store: Store, run: str) -> Run:
    """The record of a run.

    Raises:
        UsageError: there is no such run.
    """
    return _find(store, [run_key(_require(run), area) for area in _AREAS], Run, run)


def run_if_kept(store: Store, run: str | None) -> tuple[Run | None, str | None]:
    """The record of the run that made a version, or why it is not to be had."""
    if run is None:
        return None, "it was registered without a run"
    try:
        return read_run(store, run), None
    except UsageError:
        return None, f"the record of run {run} is not kept any more"
    except IntegrityError as error:
        return None, f"the record of run {run} is damaged: {error.line()}"


def read_report(store: Store, run: str | None, model: str | None = None) -> Report:
    """The report of a run, or the newest report, of a model if one is named.

    Raises:
        UsageError: there is none.
    """
    if run is None:
        reports = (_read_if_there(store, key, Report) for _, key in sorted(_keys(store, "report.json"), reverse=True))
        newest = next((report for report in reports if report and model in {None, report.model}), None)
        if newest is None:
            what = f"there is no report{f' of {model}' if model else ''} yet"
            raise UsageError(what, where=store.url, hint=_way_to_a_report(store, model))
        return newest
    keys = [report_key(_require(run), area) for area in _AREAS]
    found = next((data for key in keys if (data := _read_if_there(store, key, Report))), None)
    if found is None:
        ended = read_run(store, run).status
        what = f"the run {ended}, and left no report" if ended != "interrupted" else "the run was interrupted"
        what = "only ci leaves a report, and it was not ci that ran" if ended == "succeeded" else what
        raise UsageError(what, where=run, hint=f"mlops-ci runs show {run} tells what there is")
    return found


def later_failure(store: Store, report: Report) -> Run | None:
    """The newest run of a report's model, if it came after the report's and did not succeed."""
    newest = read_runs(store, 1, model=report.model)
    return newest[0] if newest and newest[0].id > report.run and newest[0].status != "succeeded" else None


def _way_to_a_report(store: Store, model: str | None) -> str:
    newest = read_runs(store, 1, model=model)
    if newest and newest[0].status != "succeeded":
        return f"the last run {newest[0].status}: see mlops-ci runs show {newest[0].id}"
    return "run mlops-ci ci first"


def _keys(store: Store, name: str) -> list[tuple[str, str]]:
    """Pairs of a run's id, which begins with its time, and the key of an object of it."""
    return [
        (item.key.removeprefix(runs_prefix(area)).partition("/")[0], item.key)
        for area in _AREAS
        for item in store.list(runs_prefix(area))
        if item.key.endswith(f"/{name}") and item.key.count("/") == runs_prefix(area).count("/") + 1
    ]


def _require(run: str) -> str:
    if not RUN_ID.match(run):
        raise UsageError("not the name of a run", where=repr(run[:60]), hint="mlops-ci runs list shows them")
    return run


def _find(store: Store, keys: list[str], kind: type[T], run: str) -> T:
    for key in keys:
        data = store.get(key)
        if data is not None:
            return decode(data, kind, where=key)
    raise UsageError(f"no {kind.__name__.lower()} {run}", where=store.url, hint="mlops-ci runs list shows them")


def _read_if_there(store: Store, key: str, kind: type[T]) -> T | None:
    data = store.get(key)  # retention may have deleted it since it was listed
    return None if data is None else decode(data, kind, where=key)
