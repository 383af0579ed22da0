"""Options that several verbs share.

Each has an environment variable: ``--on-inconclusive`` is ``MLOPS_CI_ON_INCONCLUSIVE``, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mlops_ci.hosts.select import CHOICES

F = TypeVar("F", bound=Callable[..., Any])


def option(name: str, **settings: Any) -> Callable[[F], F]:
    """An option with its environment variable."""
    variable = "MLOPS_CI_" + name.removeprefix("--").partition("/")[0].upper().replace("-", "_")
    return click.option(name, envvar=variable, show_envvar=False, **settings)


project_option = option(
    "--project",
    type=click.Path(path_type=Path),
    default=Path(),
    help="mlops.yaml, or the folder it is in.  [default: this folder]",
)
workspace_option = option(
    "--workspace", metavar="URL", help="Where models, runs and the cache are kept.  [default: from mlops.yaml]"
)
host_option = option(
    "--host", type=click.Choice(CHOICES), default="auto", help="Where we run; 'local' also vouches for the disk."
)
branch_option = option("--branch", metavar="NAME", help="The branch, where the checkout does not tell.")
default_branch_option = option("--default-branch", metavar="NAME", help="The branch that releases.")
on_inconclusive_option = option(
    "--on-inconclusive", type=click.Choice(["block", "allow"]), help="What to do when the data cannot decide a rule."
)
force_option = option("--force", is_flag=True, help="Ignore the cache.")
read_only_option = option(
    "--read-only", is_flag=True, help="Leave the workspace as it is; what is written is gone with the job."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def session_options(function: F) -> F:
    """The options of verbs that work on a checkout."""
    for decorate in (
        read_only_option,
        default_branch_option,
        branch_option,
        host_option,
        workspace_option,
        project_option,
    ):
        function = decorate(function)
    return function
