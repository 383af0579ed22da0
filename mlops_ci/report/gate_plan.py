"""A plan for a terminal, and its charts."""

from __future__ import annotations

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_ci.records.chart import Axis, Plot, Series
from mlops_ci.records.gate_plan import GatePlan, RulePlan, Shows
from mlops_ci.report.terminal import note_lines, rendered
from mlops_ci.report.wording import of_slice, visible

_WHAT: dict[Shows, str] = {
    "margin": "smallest margin that an unchanged model stays within",
    "gain": "smallest gain that shows",
    "distance": "smallest distance from the bound that shows",
}
_SHOWN: dict[Shows, str] = {"margin": "a margin of", "gain": "a gain of", "distance": "a distance of"}
_FEWEST_COLUMNS = 12
_LEFT = 38  # columns of a line of a chart that are no bar
_FEWEST = 3  # what fewer points show, the table says as well


def render_plan(plan: GatePlan, *, width: int, colour: bool) -> str:
    """The plan as lines of at most ``width`` columns."""
    looks = "one look" if plan.looks == 1 else f"each of {plan.looks:,} looks"
    head = Text.assemble(
        (f"Rows for a power of {plan.power:g}", "bold"), f", with an error of {plan.error:.3g} at {looks}"
    )
    parts: list[RenderableType] = [head, "", _table(plan)]
    for item in plan.plans:
        if item.curve and item.slice is None:
            parts += ["", *_curve(item, width)]
    notes = [*plan.notes, *_gaps(plan)]
    if notes:
        parts += ["", *note_lines(notes)]
    return rendered(parts, width=width, colour=colour)


def plan_charts(plan: GatePlan) -> list[tuple[str, Plot]]:
    """For each rule on all rows that has a curve: its label, and the chart of it."""
    charts = []
    for item in plan.plans:
        points = [(point.rows, point.detectable) for point in item.curve if point.detectable is not None]
        if item.slice is not None or len(points) < _FEWEST:
            continue
        counts, sizes = (tuple(map(float, values)) for values in zip(*points, strict=True))
        marks = tuple(index for index, (rows, _) in enumerate(points) if rows in {item.rows, item.needed})
        series = [Series(item.shows, counts, sizes, marks=marks)]
        if item.distance is not None and item.shows != "gain":
            series.append(Series("allowed", (counts[0], counts[-1]), (item.distance,) * 2, "guide"))
        plot = Plot(item.label, Axis("rows", log=True), Axis(_WHAT[item.shows], low=0.0), tuple(series))
        charts.append((item.label, plot))
    return charts


def _table(plan: GatePlan) -> Padding:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("rule", overflow="fold")
    for name in ("rows", "needed"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("these rows show", overflow="fold")
    for item in plan.plans:
        name = f"{item.label}, {of_slice(item.slice)}" if item.slice else item.label
        table.add_row(Text(visible(name)), _count(item.rows), _count(item.needed), Text(visible(_shown(item))))
    return Padding(table, (0, 0, 0, 2))


def _shown(item: RulePlan) -> str:
    if item.problem and not item.curve:
        return item.problem
    few = "" if item.decides else " (too few to decide)"
    if item.rows is None:
        return item.problem or ""
    if item.detectable is None:
        return f"nothing{few}"
    enough = item.needed is not None and item.needed <= item.rows
    word = "enough: " if enough else ""
    return f"{word}{_SHOWN[item.shows]} {_size(item.detectable)}{few}"


def _curve(item: RulePlan, width: int) -> list[RenderableType]:
    lines: list[RenderableType] = [
        Text.assemble("  ", (visible(item.label), "bold")),
        Text(f"  {'rows':>13}  {_WHAT[item.shows]}", "dim"),
    ]
    sizes = [point.detectable for point in item.curve if point.detectable is not None]
    room = max(_FEWEST_COLUMNS, width - _LEFT)
    for point in item.curve:
        if point.detectable is None:
            lines.append(Text(f"  {point.rows:>13,}  nothing"))
            continue
        bar = "█" * max(1, round(room * point.detectable / max(sizes)))
        note = _note(point.rows, item)
        lines.append(
            Text.assemble(f"  {point.rows:>13,}  {_size(point.detectable):<9} ", (bar, "cyan"), (note, "bold"))
        )
    if item.assumes:
        lines.append(Padding(Text(f"if {'; '.join(map(visible, item.assumes))}", "dim"), (0, 0, 0, 4)))
    lines.append(Padding(Text(visible(f"{item.method} ({item.source})"), "dim"), (0, 0, 0, 4)))
    return lines


def _note(rows: int, item: RulePlan) -> str:
    words = [word for word, count in (("there are", item.rows), ("needed", item.needed)) if rows == count]
    return f" ← {', '.join(words)}" if words else ""


def _gaps(plan: GatePlan) -> list[str]:
    return list(dict.fromkeys(item.problem for item in plan.plans if item.problem and item.curve))


def _count(rows: int | None) -> str:
    return "–" if rows is None else f"{rows:,}"


def _size(value: float) -> str:
    return f"{value:.3g}" if value >= 1e-4 else f"{value:.1e}"
