"""``serve``."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import click

from mlops_ci.cli.output import echo
from mlops_ci.errors import MissingExtraError
from mlops_ci.serving.options import LEVELS, ServeOptions
from mlops_ci.serving.supervisor import serve as run

_NEEDED = ("httptools", "numpy", "onnxruntime", "uvloop")


@click.command()
@click.option(
    "--package",
    envvar="MLOPS_CI_SERVE_PACKAGE",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="The model package: a folder with a serving.json.",
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
def serve(*, package: Path, host: str, port: int, workers: int | None, log_level: str, reuse_port: bool) -> None:
    """Serve a model package over HTTP, until a signal.

    The same server runs in an image; there it is 'python -m mlops_ci.serving', with the same options.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise MissingExtraError(f"mlops-ci serve (without {missing[0]})", "serve")
    options = ServeOptions(package, host, port, workers, log_level, reuse_port)
    code = run(options, os.environ, lambda line: echo(line, err=True))
    click.get_current_context().exit(code)
