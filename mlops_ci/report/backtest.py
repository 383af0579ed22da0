"""A backtest for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_ci.records.backtest import Backtest, PastVersion
from mlops_ci.report.terminal import note_lines, rendered
from mlops_ci.report.wording import MARKS, visible

_NAMED = 12
_THEN = {"pass": "passed", "fail": "refused", "inconclusive": "on hold", None: "not judged"}
_NOW = {"pass": "pass", "fail": "refuse", "inconclusive": "hold", None: "cannot tell"}
_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}


def render_backtest(backtest: Backtest, *, width: int, colour: bool) -> str:
    """The backtest as lines of at most ``width`` columns."""
    parts: list[RenderableType] = [
        Text.assemble(
            (visible(backtest.model), "bold"),
            f": what {_count(len(backtest.rules), 'rule')} at {backtest.confidence * 100:g} % would have done",
        ),
        *(Text(f"  {visible(rule)}", "dim") for rule in backtest.rules),
        "",
        _table(backtest),
        "",
        *(Text(line) for line in totals(backtest)),
        *note_lines(backtest.notes),
    ]
    return rendered(parts, width=width, colour=colour)


def totals(backtest: Backtest) -> list[str]:
    """Such as ``3 of 50 would have been held: v12, v15, v31``."""
    versions = backtest.versions

    def line(which: Callable[[PastVersion], bool], what: str, of: int) -> str:
        found = [version for version in versions if which(version)]
        return f"{len(found):,} of {of:,} {what}{_named(found)}"

    promoted = sum(version.promoted for version in versions)
    lines = [line(lambda version: version.would_be_held, "promoted would have been held", promoted)]
    if promoted < len(versions):
        lines.append(line(lambda version: version.would_pass, "held back would have passed", len(versions) - promoted))
    if any(version.now is None for version in versions):
        lines.append(line(lambda version: version.now is None, "cannot be judged", len(versions)))
    return lines


def _table(backtest: Backtest) -> Padding:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for name in ("", "version", "commit", "when", "then", "now"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold")
    for version in backtest.versions:
        changed = version.would_be_held or version.would_pass
        then = "promoted" if version.promoted else _THEN[version.then]
        table.add_row(
            MARKS[version.now] if version.now else "–",
            f"v{version.version}",
            (version.commit or "–")[:7],
            version.created[:10],
            then,
            Text(_NOW[version.now], f"bold {_COLOURS.get(version.now or '', '')}" if changed else ""),
            Text(visible(_why(version))),
        )
    return Padding(table, (0, 0, 0, 2))


def _why(version: PastVersion) -> str:
    if version.now == "pass":
        return f"against v{version.champion}" if version.champion else "no champion yet"
    return version.why


def _named(versions: Iterable[PastVersion]) -> str:
    names = [f"v{version.version}" for version in versions]
    if not names:
        return ""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f": {', '.join(names[:_NAMED])}{more}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
