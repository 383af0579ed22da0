"""From options to a model's log."""

from __future__ import annotations

import os
from pathlib import Path

from mlops_ci.cli.output import echo
from mlops_ci.cli.transfers import Transfers
from mlops_ci.edge.clock import now
from mlops_ci.hosts.local import user_name
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.places import workspace_to_read, workspace_to_write
from mlops_ci.lifecycle.upkeep import pins_of
from mlops_ci.project.names import require_model_name
from mlops_ci.records.actor import Actor
from mlops_ci.records.pin import Pin
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.workspace.store import Store


def log_to_read(workspace: str | None, project: Path, model: str) -> ModelLog:
    """The log of a model, to look things up."""
    return log_in(workspace_to_read(workspace, project, Transfers()), require_model_name(model))


def log_to_write(workspace: str | None, project: Path, model: str, *, host: str, must_exist: bool = False) -> ModelLog:
    """The log of a model, to append to; the workspace is made, unless it must exist."""
    require_model_name(model)
    store = workspace_to_write(
        workspace, project, host=host, environ=os.environ, watch=Transfers(), must_exist=must_exist
    )
    return log_in(store, model, actor=select_host(host, os.environ, echo).actor())


def log_in(store: Store, model: str, pin: Pin | None = None, actor: Actor | None = None) -> ModelLog:
    """The log of a model in an open workspace, held against a pin: this one, or one of the environment.

    Entries name the actor: the user of the machine, where none is given.
    """
    pin = pin or pins_of(os.environ).get(model)
    return ModelLog(store, model, actor=actor or Actor(name=user_name(os.environ)), clock=now, pin=pin)
