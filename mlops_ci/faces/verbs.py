"""``docs/verbs.md``: every verb of the command line, with its arguments and options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

_INTRODUCTION = """\
# Verbs

Written by `make generate` from the verbs themselves; `mlops-ci VERB --help` says the same. References to versions, exit
codes and variables are explained under [command line](command-line.md).
"""
_DEFAULT = re.compile(r"\s*\[default: (.+)\]$")
_EXAMPLES = "\b"


def verbs_page(verbs: click.Group) -> str:
    """The text of the page."""
    # A command keeps the help option of the first context that asks for it: it has to be the one that it has when run.
    above = click.Context(verbs, info_name="mlops-ci", **verbs.context_settings)
    return _INTRODUCTION + "".join(_section(words, command, above) for words, command in _commands(verbs, ()))


def _commands(group: click.Group, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The verbs in the order in which ``--help`` lists them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        words = (*before, name)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield words, command
        if isinstance(command, click.Group):
            yield from _commands(command, words)


def _section(words: tuple[str, ...], command: click.Command, above: click.Context) -> str:
    context = click.Context(command, info_name=" ".join(words), parent=above)
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = ["", f"## {' '.join(words)}", "", *_text(command), f"`{' '.join(usage.split())}`"]
    rows = [_row(option) for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if rows:
        lines += ["", "| option | |", "| --- | --- |", *rows]
    return "\n".join(lines) + "\n"


def _text(command: click.Command) -> Iterator[str]:
    """The verb's own words: paragraphs, and its examples as a block."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith(_EXAMPLES):
            lines = paragraph.splitlines()[1:]
            yield from ("```text", *inspect.cleandoc("\n".join(lines)).splitlines(), "```", "")
        elif paragraph:
            yield from (" ".join(paragraph.split()), "")


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag or option.count else f" {option.make_metavar(click.Context(click.Command('x')))}"
    parts = [option.help or ""]
    default = option.default
    if option.show_default and default is not None and not callable(default) and not _DEFAULT.search(parts[0]):
        parts.append(f"Default: {default}.")
    meaning = _DEFAULT.sub(lambda found: f" Default: {found[1]}.", " ".join(filter(None, parts))).strip()
    return f"| {names}{_escaped(value)} | {_escaped(meaning)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")
