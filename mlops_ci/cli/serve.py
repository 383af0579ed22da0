"""``serve``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import click

from mlops_ci.cli.logs import log_in
from mlops_ci.cli.options import argument, project_option, workspace_option
from mlops_ci.cli.output import echo
from mlops_ci.cli.telling import project_of
from mlops_ci.errors import MissingExtraError, UsageError
from mlops_ci.lifecycle.entry_code import code_for
from mlops_ci.lifecycle.places import find_project_file, workspace_to_read
from mlops_ci.lifecycle.serving import package_of
from mlops_ci.serving.options import LEVELS, ServeOptions
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
    "--reuse-port",
    envvar="MLOPS_CI_SERVE_REUSE_PORT",
    is_flag=True,
    help="Let another server listen at the same port, which takes over from this one.",
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
    reuse_port: bool,
    project: Path,
    workspace: str | None,
) -> None:
    """Serve a version of a model over HTTP, until a signal.

    What is served, and how, is said by the section 'serve' of mlops.yaml; a package brings that along. The same server
    runs in an image; there it is 'python -m mlops_ci.serving', with the same options.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise MissingExtraError(f"mlops-ci serve (without {missing[0]})", "serve")
    if (reference is None) == (package is None):
        raise UsageError("it takes a version or a package", hint="mlops-ci serve MODEL@champion, or --package FOLDER")
    with _folder(reference, package, project, workspace) as folder:
        options = ServeOptions(folder, host, port, workers, log_level, reuse_port)
        code = run(options, os.environ, partial(echo, err=True))
    click.get_current_context().exit(code)


@contextmanager
def _folder(reference: str | None, package: Path | None, project: Path, workspace: str | None) -> Iterator[Path]:
    if package is not None:
        yield package
        return
    store = workspace_to_read(workspace, project)
    code = code_for(find_project_file(project).parent, "auto", os.environ)
    with package_of(
        reference or "", project_of(project).serve, store=store, log_of=partial(log_in, store), read_code=code
    ) as folder:
        yield folder
