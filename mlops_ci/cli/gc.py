"""``workspace gc``: what no version needs, and what is older than it is kept."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import click

from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.cli.telling import project_of
from mlops_ci.edge.clock import now
from mlops_ci.lifecycle.opening import cache_beside
from mlops_ci.lifecycle.places import PROJECT_FILE, workspace_to_read, workspace_to_write
from mlops_ci.lifecycle.upkeep import Swept, collect_garbage
from mlops_ci.project.retention import Retention
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.workspace.format import places_of, require_whole
from mlops_ci.workspace.open import is_history, open_store
from mlops_ci.workspace.store import Store

_NAMES = {
    "runs": "runs",
    "cache": "cache of steps",
    "pull_requests": "pull requests",
    "collected": "collected requests",
}


def _age(name: str, what: str) -> click.Option:
    return click.Option([name], metavar="AGE", help=f"{what}, such as 90d.  [default: from mlops.yaml, or for ever]")


@click.command(
    params=[
        _age("--runs-older-than", "Delete records, reports and files of runs; not of versions, nor the newest 20"),
        _age("--cache-older-than", "Delete results of steps that no run has used since"),
        _age("--pull-requests-older-than", "Delete runs and cache of what is not merged"),
        _age("--collected-older-than", "Delete collected requests, once they are tables"),
    ]
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@click.option(
    "--older-than",
    type=click.IntRange(min=1),
    default=7,
    show_default=True,
    metavar="DAYS",
    help="Spare unfinished uploads that are younger: they may be on their way.",
)
@project_option
@workspace_option
@host_option
@json_option
def gc(
    *,
    runs_older_than: str | None,
    cache_older_than: str | None,
    pull_requests_older_than: str | None,
    collected_older_than: str | None,
    dry_run: bool,
    older_than: int,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Delete files that no version needs, and what is older than 'retention' in mlops.yaml keeps it.

    No version needs the files of unfinished uploads and of versions that are no more. Of runs, cache and collected
    requests, nothing is deleted whose age is not given. It is safe while jobs run.
    """
    here = project_of(project) if project.is_file() or (project / PROJECT_FILE).is_file() else None
    retention = (here.retention if here else Retention()).but(
        runs=runs_older_than,
        cache=cache_older_than,
        pull_requests=pull_requests_older_than,
        collected=collected_older_than,
    )
    if dry_run:
        store = workspace_to_read(workspace, project)
    else:
        store = workspace_to_write(workspace, project, host=host, environ=os.environ)
    require_whole(store, thorough=True)  # what is not there must not be taken for lost
    cache = cache_beside(store, store, os.environ)
    if here and here.cache.url:
        cache = open_store(here.cache.url, (project if project.is_dir() else project.parent).absolute())
    logs = [log_in(store, name) for name in traces_of_models(store)]
    grace = timedelta(days=older_than)
    swept = collect_garbage(store, cache, logs, retention, now=now(), grace=grace, dry_run=dry_run)
    if as_json:
        print_json(swept)
    else:
        _print(swept, store, dry_run=dry_run)


def _print(swept: Swept, store: Store, *, dry_run: bool) -> None:
    for model in swept.models:
        for key in model.objects:
            echo(f"  {key}")
    rows = [(f"uploads of {model.model}", model.objects, model.size) for model in swept.models if model.objects]
    rows += [(_NAMES[one.kind], one.objects, one.size) for one in swept.expired]
    if swept.expired:
        print_table(("kind", "objects", "bytes"), ((kind, f"{len(keys):,}", f"{size:,}") for kind, keys, size in rows))
    objects, size = sum(len(keys) for _, keys, _ in rows), sum(size for *_, size in rows)
    echo(f"{_count(objects, 'object')}, {size:,} bytes {'would be deleted' if dry_run else 'deleted'}")
    if objects and any(is_history(place) for place in places_of(store)):
        echo("what was in git is gone from its newest state only: the history keeps the bytes")
    if swept.remains:
        echo(f"{_count(swept.remains, 'temporary file')} of interrupted writes deleted")


def _count(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else f'{one}s'}"
