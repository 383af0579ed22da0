"""``init`` and ``validate``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.options import project_option
from mlops_ci.cli.output import echo
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.initial import is_in_git, is_project, write_initial_project
from mlops_ci.lifecycle.initial_workflows import Pin, prepare_workflows, write_workflows
from mlops_ci.lifecycle.places import check_places, find_project_file, load_project_file
from mlops_ci.project.graph import ordered
from mlops_ci.workflows.next_steps import next_steps, next_steps_to_deploy
from mlops_ci.workflows.shapes import Host


@click.command()
@project_option
@click.option("--host", type=click.Choice(["github", "azure"]), help="Write its workflows, too.")
@click.option("--ref", metavar="REF", help="The actions to use: a commit or tag, or OWNER/mlops-ci@REF.")
@click.option("--hardened", is_flag=True, help="Two jobs: one runs your code, one has credentials.")
@click.option("--deploy", is_flag=True, help="Instead, the workflow that deploys what is promoted.")
def init(project: Path, host: Host | None, ref: str | None, *, hardened: bool, deploy: bool) -> None:
    """Write a first mlops.yaml, made from what the folder has, with comments.

    With --host also the workflows; then an mlops.yaml that is there already stays as it is. No file is overwritten.

    \b
      mlops-ci init
      mlops-ci init --host github --ref acme/mlops-ci@v0.1.0
      mlops-ci init --host azure
      mlops-ci init --host github --deploy
    """
    if host is None:
        if ref or hardened or deploy:
            where = "--hardened" if hardened else "--deploy" if deploy else "--ref"
            raise UsageError("only for workflows", where=where, hint="add --host")
        file = write_initial_project(project)
        commit = "git commit" if is_in_git(file.parent) else "git init, git commit"
        echo(f"wrote {file}; adapt it, then: mlops-ci validate, {commit}, mlops-ci ci")
        return
    if hardened and deploy:
        raise UsageError("the workflow that deploys runs no code of yours", where="--hardened", hint="leave it out")
    initial = prepare_workflows(project, host, ref=ref, hardened=hardened, deploy=deploy)
    if not is_project(project):
        echo(f"wrote {write_initial_project(project)}; adapt it, then: mlops-ci validate")
    write_workflows(initial)
    for path in initial.texts:
        echo(f"wrote {path}")
    file = find_project_file(project)
    model = load_project_file(file).model.name
    if deploy:
        steps = next_steps_to_deploy(host, initial.deployment)
    else:
        steps = next_steps(host, model, hardened=hardened, in_git=initial.in_git)
    for line in (*_pinned(initial.pin, host), *steps):
        echo(line)


@click.command()
@project_option
def validate(project: Path) -> None:
    """Check mlops.yaml: all problems at once, each with line and column."""
    file = find_project_file(project)
    loaded = load_project_file(file)
    check_places(loaded, file.parent)
    steps = " → ".join(step.name for step in ordered(loaded.steps))
    rules = len(loaded.gate.rules) if loaded.gate else 0
    gate = "1 gate rule" if rules == 1 else f"{rules} gate rules"
    echo(f"{file.name} is valid: model {loaded.model.name}, steps {steps}, {gate}")


def _pinned(pin: Pin | None, host: Host) -> list[str]:
    if pin is None:
        return []
    why = f" ({pin.origin})" if pin.origin else ""
    movable = not pin.is_commit and host == "github"  # Azure Pipelines takes no commit
    moves = "; a tag can be moved, a commit cannot: --ref with its 40 digits" if movable else ""
    return [f"they use {pin.repository}@{pin.ref}{why}{moves}"]
