"""``models delete``, ``protect`` and ``release``: which versions go, and which must stay."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlops_ci.cli.logs import log_to_write
from mlops_ci.cli.options import host_option, json_option, project_option, workspace_option
from mlops_ci.cli.output import echo, print_json
from mlops_ci.errors import UsageError
from mlops_ci.project.names import require_hold_name
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.delete import delete_version, hold, let_go, require_deletable
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import parse_reference, resolve

_reason = click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the log.")


@click.command()
@click.argument("references", nargs=-1, required=True, metavar="REFERENCE...")
@_reason
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@project_option
@workspace_option
@host_option
@json_option
def delete(
    *,
    references: tuple[str, ...],
    reason: str,
    yes: bool,
    dry_run: bool,
    project: Path,
    workspace: str | None,
    host: str,
    as_json: bool,
) -> None:
    """Delete versions, all of them or none if one is needed: MODEL@v12 or MODEL@<sha>.

    Needed is what an alias points to, what a deployment serves or can go back to, and what is protected. A number is
    never used again, and the log keeps what was said of it. Files go with the next 'workspace gc'.
    """
    logs: dict[str, ModelLog] = {}
    doomed: dict[tuple[str, int], ModelVersion] = {}
    for reference in references:
        parsed = parse_reference(reference)
        if parsed.model not in logs:
            logs[parsed.model] = log_to_write(workspace, project, parsed.model, host=host, must_exist=True)
        state = logs[parsed.model].read()
        version = resolve(state, parsed.selector)
        require_deletable(state, version.version)
        doomed[parsed.model, version.version] = version
    size = sum(file.size for version in doomed.values() for file in version.files)
    if not as_json:
        for version in doomed.values():
            commit = f" of commit {version.commit[:7]}" if version.commit else ""
            echo(f"{version.model} v{version.version}{commit}, registered {version.created[:10]}")
    if not dry_run:
        _confirm(len(doomed), yes=yes)
        for model, number in doomed:
            delete_version(logs[model], number, reason=reason)
    if as_json:
        versions = [{"model": model, "version": number} for model, number in doomed]
        print_json({"deleted": not dry_run, "versions": versions, "size": size})
        return
    done = "would be deleted" if dry_run else "deleted"
    echo(f"{_versions(len(doomed))} {done}; 'mlops-ci workspace gc' frees {size:,} bytes of model files")


def _confirm(count: int, *, yes: bool) -> None:
    if yes:
        return
    if not (sys.stdin is not None and sys.stdin.isatty()):
        raise UsageError("nothing was deleted: there is nobody to ask", hint="say --yes, or look first with --dry-run")
    if not click.confirm(f"Delete {_versions(count)} for good?", err=True):
        raise UsageError("nothing was deleted")


def _versions(count: int) -> str:
    return "1 version" if count == 1 else f"{count} versions"


@click.command()
@click.argument("reference")
@click.argument("name")
@_reason
@project_option
@workspace_option
@host_option
def protect(reference: str, name: str, reason: str, project: Path, workspace: str | None, host: str) -> None:
    """Keep a version from being deleted, under a NAME such as audit-2026."""
    version, log, held = _held(reference, name, project, workspace, host)
    new = hold(log, version, held, reason=reason)
    echo(f"{log.model} v{version} is {'now ' if new else ''}protected: {held}")


@click.command()
@click.argument("reference")
@click.argument("name")
@_reason
@project_option
@workspace_option
@host_option
def release(reference: str, name: str, reason: str, project: Path, workspace: str | None, host: str) -> None:
    """End the protection of a version under a NAME. Those of deployments end with 'deployments delete'."""
    version, log, held = _held(reference, name, project, workspace, host)
    if let_go(log, version, held, reason=reason):
        echo(f"{log.model} v{version} is not protected any more: {held}")
        return
    if held in log.read().require(version).protections:
        hint = f"mlops-ci deployments delete {held}; if its place is gone, with --force --reason"
        raise UsageError(f"{held} is a deployment", where=reference, hint=hint)
    echo(f"{log.model} v{version} was not protected: {held}")


def _held(reference: str, name: str, project: Path, workspace: str | None, host: str) -> tuple[int, ModelLog, str]:
    parsed = parse_reference(reference)
    require_hold_name(name)
    log = log_to_write(workspace, project, parsed.model, host=host, must_exist=True)
    return resolve(log.read(), parsed.selector).version, log, name
