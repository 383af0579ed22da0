"""``serve``."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import click

from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import argument, project_option, workspace_option
from mlops_ci.cli.output import echo
from mlops_ci.cli.telling import project_of
from mlops_ci.edge.foreground import run_in_front
from mlops_ci.errors import MissingExtraError, UsageError
from mlops_ci.lifecycle.entry_code import code_for
from mlops_ci.lifecycle.places import find_project_file, workspace_to_read
from mlops_ci.lifecycle.serving import served_version
from mlops_ci.serving.options import LEVELS, ServeOptions, arguments_of
from mlops_ci.serving.supervisor import serve as run

_NEEDED = ("httptools", "numpy", "onnxruntime", "uvloop")


@click.command()
@argument("reference", required=False, help="The version: MODEL@champion, MODEL@v12, MODEL@<sha>.")
@click.option(
    "--package",
    envvar="MLOPS_CI_SERVE_PACKAGE",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A model package instead of a version: a folder with a serving.json.",
)
@click.option("--host", envvar="MLOPS_CI_SERVE_HOST", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    envvar="MLOPS_CI_SERVE_PORT",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 for any that is free.",
)
@click.option(
    "--workers",
    envvar="MLOPS_CI_SERVE_WORKERS",
    type=click.IntRange(0, 1024),
    help="Processes; 0 for one a processor.  [default: from the package]",
)
@click.option(
    "--log-level",
    envvar="MLOPS_CI_SERVE_LOG_LEVEL",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    help="What is logged.",
)
@click.option(
    "--handover",
    envvar="MLOPS_CI_SERVE_HANDOVER",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the port over from the server that offers it there, and offer it to the next one.",
)
@project_option
@workspace_option
def serve(
    *,
    reference: str | None,
    package: Path | None,
    host: str,
    port: int,
    workers: int | None,
    log_level: str,
    handover: Path | None,
    project: Path,
    workspace: str | None,
) -> None:
    """Serve a version of a model over HTTP, until a signal. An entry script has the Python of the version's run.

    What is served, and how, is said by the section 'serve' of mlops.yaml; a package brings that along. The same server
    runs in an image; there it is 'python -m mlops_ci.serving', with the same options.
    """
    if (reference is None) == (package is None):
        raise UsageError("it takes a version or a package", hint="mlops-ci serve MODEL@champion, or --package FOLDER")
    options = ServeOptions(package or Path(), host, port, workers, log_level, handover)
    code = _serve_here(options) if reference is None else _serve_version(reference, options, project, workspace)
    click.get_current_context().exit(code)


def _serve_here(options: ServeOptions) -> int:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise MissingExtraError(f"mlops-ci serve (without {missing[0]})", "serve")
    return run(options, os.environ, partial(echo, err=True))


def _serve_version(reference: str, options: ServeOptions, project: Path, workspace: str | None) -> int:
    store, folder = workspace_to_read(workspace, project), find_project_file(project).parent
    with served_version(
        reference,
        project_of(project).serve,
        folder=folder,
        store=store,
        log_of=partial(log_in, store),
        read_code=code_for(folder, "auto", os.environ),
        environ=os.environ,
    ) as served:
        options = replace(options, package=served.package)
        if served.environment.is_ours:
            return _serve_here(options)
        command = [str(served.environment.python), "-P", "-m", "mlops_ci.serving", *arguments_of(options)]
        return run_in_front(command, {**os.environ, **served.environment.variables})
