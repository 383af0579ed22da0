"""``models history``: the log of a model in words, and a metric over its versions."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.logs import log_to_read
from mlops_ci.cli.options import json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.lifecycle.lineage import metric_by_version
from mlops_ci.records.actor import Actor
from mlops_ci.records.lineage import VersionMetric
from mlops_ci.registry.biography import describe
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import require_known
from mlops_ci.report.wording import value_text, visible


@click.command()
@click.argument("model")
@click.option("--metric", metavar="NAME", help="This metric over all versions, instead of the log.")
@project_option
@workspace_option
@json_option
def history(model: str, metric: str | None, project: Path, workspace: str | None, as_json: bool) -> None:
    """Tell the life of a MODEL: every entry of its log, oldest first."""
    log = log_to_read(workspace, project, model)
    if metric is not None:
        _show_metric(metric_by_version(log, metric), as_json=as_json)
    elif as_json:
        require_known(log.read())
        print_json([entry.flat() for entry in log.entries()])
    else:
        _show_log(log)


def _show_log(log: ModelLog) -> None:
    require_known(log.read())
    print_table(
        ("", "when", "who", "what"),
        (
            (
                str(item.envelope.seq),
                item.envelope.time[:19].replace("T", " "),
                visible(_who(item.envelope.actor)),
                visible(describe(item)),
            )
            for item in log.entries()
        ),
    )


def _show_metric(points: list[VersionMetric], *, as_json: bool) -> None:
    if as_json:
        print_json(points)
        return
    echo(f"{visible(points[0].metric)} of each version, oldest first")
    print_table(
        ("version", "registered", "commit", "value", "aliases"),
        (
            (
                f"v{point.version}",
                point.registered[:10],
                (point.commit or "")[:7],
                value_text(point.value) or "–",
                ", ".join([*_held(point), *(["deleted"] if point.deleted else [])]),
            )
            for point in points
        ),
    )


def _held(point: VersionMetric) -> list[str]:
    """The aliases that it has, and those that it had."""
    return [visible(alias) if alias in point.aliases else f"was {visible(alias)}" for alias in point.held]


def _who(actor: Actor) -> str:
    """The person, and the run of CI if it was one; the JSON has its repository, workflow and attempt, too."""
    return f"{actor.name}, run {actor.run_id}" if actor.run_id else actor.name
