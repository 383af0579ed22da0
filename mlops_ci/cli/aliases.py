"""``models alias``, ``aliases``, ``unalias`` and ``rollback``: where names point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from mlops_ci.cli.logs import log_to_read, log_to_write
from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json, print_table
from mlops_ci.cli.telling import tell_or_raise, triggering_for
from mlops_ci.errors import UsageError
from mlops_ci.project.names import require_alias, require_model_name
from mlops_ci.registry.aliases import remove_alias, version_before, way_of
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.references import is_alias, parse_reference, require_known, resolve
from mlops_ci.registry.state import ModelState
from mlops_ci.report.wording import visible

_reason = click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the log.")


@click.command()
@click.argument("reference")
@click.argument("name")
@click.option("--rollback", is_flag=True, help="Allow an older version than the present one.")
@click.option("--reason", metavar="TEXT", help="Why; kept in the log.")
@project_option
@workspace_option
@host_option
def alias(
    *, reference: str, name: str, rollback: bool, reason: str | None, project: Path, workspace: str | None, host: str
) -> None:
    """Let an alias, NAME, point at a version: MODEL@v12, MODEL@<sha>, MODEL@other-alias.

    The same as 'promote REFERENCE --alias NAME'.
    """
    parsed = parse_reference(reference)
    require_alias(name)
    _Move(parsed.model, name, project, workspace, host).to(
        lambda state: resolve(state, parsed.selector).version, rollback=rollback, reason=reason, as_json=False
    )


@click.command()
@click.argument("model")
@click.option("--alias", "name", metavar="NAME", default="champion", show_default=True, help="The alias to move.")
@click.option("--to", metavar="VERSION", help="Where to, such as v12.  [default: where it pointed before]")
@_reason
@project_option
@workspace_option
@host_option
@json_option
def rollback(
    *,
    model: str,
    name: str,
    to: str | None,
    reason: str,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Let an alias of MODEL point at the version again that it pointed at before, as the log tells.

    Going back again leads further back, never to a version that was gone back from; deleted ones are passed over.
    What serves stays: see 'deployments rollback'.
    """
    require_model_name(model)
    require_alias(name)

    def target(state: ModelState) -> int:
        require_known(state)
        return resolve(state, to).version if to else version_before(state, move.log.entries(), name)

    move = _Move(model, name, project, workspace, host)
    move.to(target, rollback=True, reason=reason, as_json=as_json)


class _Move:
    """Moves an alias, says so, and tells those who hear of promotions."""

    def __init__(self, model: str, alias: str, project: Path, workspace: str | None, host: str) -> None:
        self._model, self._alias, self._project, self._host = model, alias, project, host
        self.log = log_to_write(workspace, project, model, host=host, must_exist=True)

    def to(self, target: Callable[[ModelState], int], *, rollback: bool, reason: str | None, as_json: bool) -> None:
        """Move it to the version that ``target`` finds, unless somebody else moves it meanwhile."""
        triggering = triggering_for(self._model, self.log, self._project)
        if triggering:
            triggering.listen()
        state = self.log.read()
        before = state.aliases.get(self._alias)
        was, version = before.version if before else None, target(state)
        outcome = move_alias(self.log, self._alias, version, rollback=rollback, reason=reason, expect=was)
        serving = {} if outcome == "unchanged" or was is None else _serving(state, was)
        if as_json:
            print_json(
                {
                    "model": self._model,
                    "alias": self._alias,
                    "version": version,
                    "previous": was,
                    "changed": outcome != "unchanged",
                    "serving": serving,
                }
            )
        else:
            now = "is" if outcome == "unchanged" else "is now"
            since = f"; it was v{was}" if was is not None and outcome != "unchanged" else ""
            echo(f"{self._model}@{self._alias} {now} v{version}{since}")
            for name, number in serving.items():
                echo(f"{visible(name)} still serves v{number}: mlops-ci deployments rollback {visible(name)}")
        if triggering:
            tell_or_raise(triggering, self._host)


@click.command()
@click.argument("reference", metavar="MODEL@ALIAS")
@_reason
@project_option
@workspace_option
@host_option
def unalias(reference: str, reason: str, project: Path, workspace: str | None, host: str) -> None:
    """Take an alias away. Without a champion, the next version that passes its rules becomes one uncompared."""
    parsed = parse_reference(reference)
    if not is_alias(parsed.selector):
        raise UsageError("not an alias", where=reference, hint="write MODEL@ALIAS, such as flight-delay@staging")
    log = log_to_write(workspace, project, parsed.model, host=host, must_exist=True)
    require_known(log.read())
    version = remove_alias(log, parsed.selector, reason=reason)
    echo(f"{parsed} is no more; it was v{version}" if version else f"{parsed} was taken away before")


@dataclass(frozen=True, slots=True)
class _Pointing:
    """Where an alias points, and would go back to."""

    alias: str
    version: int
    commit: str | None
    since: str
    actor: str
    back: int | None


@click.command()
@click.argument("model")
@project_option
@workspace_option
@json_option
def aliases(model: str, project: Path, workspace: str | None, as_json: bool) -> None:
    """List the aliases of MODEL: where each points, since when, by whom, and where it would go back to."""
    log = log_to_read(workspace, project, model)
    state = require_known(log.read())
    entries = list(log.entries()) if state.aliases else []
    found: list[_Pointing] = []
    for name, target in sorted(state.aliases.items()):
        envelope = entries[target.entry - 1].envelope
        back = [number for number in way_of(entries, name) if number in state.versions and number != target.version]
        found.append(
            _Pointing(
                alias=name,
                version=target.version,
                commit=target.commit,
                since=envelope.time,
                actor=envelope.actor.name,
                back=back[-1] if back else None,
            )
        )
    if as_json:
        print_json(found)
    elif not found:
        echo("no aliases")
    else:
        print_table(
            ("alias", "version", "commit", "since", "by", "goes back to"),
            (
                (
                    one.alias,
                    f"v{one.version}",
                    (one.commit or "")[:7],
                    one.since[:16].replace("T", " "),
                    visible(one.actor),
                    f"v{one.back}" if one.back else "",
                )
                for one in found
            ),
        )


def _serving(state: ModelState, version: int) -> dict[str, int]:
    """The deployments that clients reach a version by."""
    found = state.versions.get(version)
    return dict.fromkeys(found.serving, version) if found else {}
