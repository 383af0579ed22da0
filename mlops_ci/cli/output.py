"""Prints: plain lines in CI, colours and tables on a terminal, JSON for programs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import StringIO
from pathlib import Path
from threading import Lock
from typing import Any

import click

from mlops_ci.errors import UsageError
from mlops_ci.hosts.host import Host
from mlops_ci.hosts.select import found, select_host
from mlops_ci.records.codec import encode_pretty
from mlops_ci.records.report import Report
from mlops_ci.records.run import StepRun
from mlops_ci.report.terminal import render_terminal
from mlops_ci.report.wording import step_line, visible

_LOG_WIDTH = 100
_LEAST = 8  # columns for what stands last in a table


def width() -> int:
    """Columns to print in: the terminal's, or a log's."""
    return min(shutil.get_terminal_size((_LOG_WIDTH, 24)).columns, 120)


def coloured() -> bool:
    """Whether stdout is a terminal that wants colours."""
    return sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text, some of which others may have written. All output of all verbs goes this way.

    A service of CI reads commands from it; a terminal's own control characters are taken out where text is rendered.
    """
    if found(os.environ):
        neutralise = select_host("auto", os.environ, click.echo).neutralise
        text = "\n".join(map(neutralise, click.unstyle(text).split("\n")))
    click.echo(text, err=err, nl=nl)


def print_json(value: Any) -> None:
    """Print a record, or a list of records, as JSON.

    Commands to services of CI begin with ``::`` on a line of its own, which JSON has not, or have ``##`` in them,
    which can be written otherwise in JSON's strings, where alone it can be.
    """
    click.echo(encode_pretty(value).replace("##", r"#\u0023"))


def hand_on(host: str, values: Mapping[str, str]) -> None:
    """Hand outputs to later steps and jobs, for verbs that work without a session."""
    # Not to stdout, which may be JSON: on Azure an output is a line.
    select_host(host, os.environ, partial(click.echo, err=True)).outputs(values)


def write_text(file: Path, text: str) -> None:
    """Write a file that the user asks for.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(file)) from error


def print_report(report: Report) -> None:
    """Print a report for people."""
    echo(render_terminal(report, width=width(), colour=coloured()), nl=False)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; the last column takes what room is left, and one that has nothing in any row takes none.

    Where hardly any is left for it the others are cut, with a sign.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [tuple(row) for row in rows]
    shown = [place for place in range(len(headings)) if not cells or any(row[place] for row in cells)]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    others = shown[:-1]
    needed = sum(2 + max(cell_len(row[place]) for row in (headings, *cells)) for place in others)
    narrow = needed + _LEAST > width()
    for place in shown:
        cut = narrow and place in others
        heading = Text(headings[place], no_wrap=cut, overflow="ellipsis" if cut else None)
        table.add_column(heading, overflow="ellipsis" if cut else "fold", no_wrap=place in others and not narrow)
    for row in cells:
        table.add_row(*(Text(row[place], no_wrap=narrow and place in others) for place in shown))
    text = StringIO()
    Console(file=text, width=width(), force_terminal=coloured(), no_color=not coloured(), highlight=False).print(table)
    echo("\n".join(line.rstrip() for line in text.getvalue().splitlines()))


class LineProgress:
    """Tells of a run line by line, each with the name of its step, since steps run side by side."""

    def __init__(self, host: Host, *, to_stderr: bool) -> None:
        self._host = host
        self._to_stderr = to_stderr
        self._lock = Lock()

    def started(self, step: str, reasons: tuple[str, ...]) -> None:
        """A step starts to run."""
        self._say(step, f"runs: {visible(', '.join(reasons))}", "cyan")

    def line(self, step: str, text: str) -> None:
        """A step printed a line."""
        self._say(step, self._host.neutralise(text))

    def finished(self, step: StepRun) -> None:
        """A step ended, or was found to be known."""
        colour = {"ran": "green", "reused": "green", "failed": "red"}.get(step.status, "yellow")
        self._say(step.label, step_line(step), colour)

    def _say(self, step: str, text: str, colour: str | None = None) -> None:
        with self._lock, suppress(BrokenPipeError):  # the work goes on when nobody reads of it
            echo(f"{click.style(step, bold=True)} | {click.style(text, fg=colour)}", err=self._to_stderr)


class Silent:
    """Tells nothing."""

    def started(self, step: str, reasons: tuple[str, ...]) -> None:
        """A step starts to run."""

    def line(self, step: str, text: str) -> None:
        """A step printed a line."""

    def finished(self, step: StepRun) -> None:
        """A step ended."""
