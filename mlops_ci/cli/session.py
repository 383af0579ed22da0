"""From options to a session."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import click

from mlops_ci.cli.transfers import Transfers
from mlops_ci.edge.clock import now
from mlops_ci.lifecycle.arrival import Options
from mlops_ci.lifecycle.session import Session, open_session

# Not stdout, which may be JSON; services of CI read commands from both.
say = partial(click.echo, err=True)


def session_of(project: Path, workspace: str | None, host: str, **others: Any) -> Session:
    """Open the session that the options ask for."""
    return open_session(options_of(project, workspace, host, **others))


def options_of(project: Path, workspace: str | None, host: str, **others: Any) -> Options:
    """The options with what the process is given besides: environment, clock, output."""
    return Options(
        project=project,
        workspace=workspace,
        host=host,
        environ=dict(os.environ),
        clock=now,
        say=say,
        watch=Transfers(),
        **others,
    )
