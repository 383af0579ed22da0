"""Options and arguments with their environment variables, and those that several verbs share.

``--on-inconclusive`` is ``MLOPS_CI_ON_INCONCLUSIVE``, the argument RUN is ``MLOPS_CI_RUN``. An empty variable counts as
not given: an action or a task sets one for each of its inputs. What may be given several times is one a line there,
since names and rules contain blanks and paths contain colons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from mlops_ci.hosts.select import CHOICES

F = TypeVar("F", bound=Callable[..., Any])


def _lines(text: str) -> Sequence[str] | None:
    return [line.strip() for line in text.splitlines() if line.strip()] or None


class _Option(click.Option):
    def value_from_envvar(self, ctx: click.Context) -> Any:
        text = self.resolve_envvar_value(ctx)
        return text if text is None or not self.multiple else _lines(text)


class _Argument(click.Argument):
    """Its help is for actions and tasks; on the command line the verb's own text speaks of it."""

    def __init__(self, *names: Any, help: str = "", **settings: Any) -> None:  # noqa: A002 as of an option
        super().__init__(*names, **settings)
        self.help = help

    def value_from_envvar(self, ctx: click.Context) -> Any:
        text = self.resolve_envvar_value(ctx)
        return text if text is None or self.nargs == 1 else _lines(text)


def variable_of(name: str) -> str:
    """The environment variable of an option or argument."""
    return "MLOPS_CI_" + name.removeprefix("--").partition("/")[0].upper().replace("-", "_")


def option(name: str, *names: str, **settings: Any) -> Callable[[F], F]:
    """An option with its environment variable."""
    return click.option(name, *names, cls=_Option, envvar=variable_of(name), show_envvar=False, **settings)


def argument(name: str, **settings: Any) -> Callable[[F], F]:
    """A positional argument with its environment variable."""
    return click.argument(name, cls=_Argument, envvar=variable_of(name), **settings)


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
    "--host",
    type=click.Choice(CHOICES),
    default="auto",
    help="Where we run; 'local' also says that the disk outlives the job.",
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
