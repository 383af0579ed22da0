"""The inputs of a task: what click knows of the options and arguments of its verb."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import click

from mlops_ci.cli.main import cli
from mlops_ci.cli.options import variable_of
from mlops_ci.faces.task import Task

Kind = Literal["text", "boolean", "choice", "lines", "path"]
_DEFAULT = re.compile(r"\s*\[default: (.+)\]$")


@dataclass(frozen=True, slots=True)
class Input:
    """An input: ``name`` as GitHub writes it, ``flag`` as the command line does."""

    name: str
    flag: str
    variable: str
    kind: Kind
    help: str
    default: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def camel_case(self) -> str:
        """The name as Azure Pipelines writes it."""
        return camel_case(self.name)


def camel_case(name: str) -> str:
    """``on-inconclusive`` as ``onInconclusive``."""
    first, *others = name.split("-")
    return first + "".join(other.capitalize() for other in others)


def command_of(task: Task, verbs: click.Group = cli) -> click.Command:
    """The command that declares the inputs of a task.

    Raises:
        LookupError: the verb does not exist.
    """
    command: click.Command | None = verbs
    for word in task.declared_by.split():
        command = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
    if command is None:
        raise LookupError(f"there is no verb {task.declared_by!r}")
    return command


def inputs_of(task: Task, verbs: click.Group = cli) -> tuple[Input, ...]:
    """The inputs of a task, in the order in which its verb declares them.

    Raises:
        LookupError: the verb does not exist, or has an option without the variable that goes with its name.
    """
    parameters = command_of(task, verbs).params
    return tuple(_input(parameter) for parameter in parameters if parameter.name not in task.leave_out)


def _input(parameter: click.Parameter) -> Input:
    flag = next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0])
    name = flag.removeprefix("--").replace("_", "-")
    if parameter.envvar != variable_of(name):
        raise LookupError(f"{flag} has no variable: declare it with option() or argument() of cli/options.py")
    text, default = _help(parameter)
    return Input(
        name=name,
        flag=flag if flag.startswith("--") else flag.upper(),
        variable=variable_of(name),
        kind=_kind(parameter),
        help=text,
        default=default,
        required=parameter.required,
        choices=tuple(map(str, parameter.type.choices)) if isinstance(parameter.type, click.Choice) else (),
    )


def _kind(parameter: click.Parameter) -> Kind:
    if parameter.multiple or parameter.nargs != 1:
        return "lines"
    if isinstance(parameter.type, click.types.BoolParamType):
        return "boolean"
    if isinstance(parameter.type, click.Choice):
        return "choice"
    return "path" if isinstance(parameter.type, click.Path) else "text"


def _help(parameter: click.Parameter) -> tuple[str, str | None]:
    """What the verb's help says, and the default, be it a value or said in words at the end of the help."""
    text = " ".join((getattr(parameter, "help", None) or "").split()).replace("; repeatable.", ", one a line.")
    text = text.replace("Repeatable.", "One a line.")
    said = _DEFAULT.search(text)
    if said:
        return text[: said.start()], said[1]
    shown = isinstance(parameter, click.Option) and not isinstance(parameter.type, click.types.BoolParamType)
    default = parameter.default if shown and isinstance(parameter.default, str | int | float) else None
    return text, None if default is None else str(default)
