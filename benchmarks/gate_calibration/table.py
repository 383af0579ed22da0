"""The results as the tables of docs/gate-calibration.md."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scipy.stats import norm

from gate_calibration.populations import POPULATIONS

DOCUMENT = Path(__file__).parents[2] / "docs/gate-calibration.md"
BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"
ALPHA = 0.05
_KEY = ("population", "metric", "rows", "kind")

Cell = dict[str, Any]


def write_table(results: list[Cell]) -> None:
    """Put the tables between the marks of the document."""
    cells = list(
        {(cell["population"], cell["metric"], cell["rows"], cell.get("kind")): cell for cell in results}.values()
    )
    text = "\n".join([*_misses(cells), "", *_populations(cells), "", *_over(cells), "", *_power(cells)])
    before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    print(text)


def limit(samples: int, sides: int) -> float:
    """What a bound that misses in exactly 5 % of all cases may be seen to miss, somewhere in the whole table.

    Bonferroni: with so many one-sided bounds in the table, one of them goes beyond it in 5 % of all tables.
    """
    return ALPHA + float(norm.isf(ALPHA / sides)) * math.sqrt(ALPHA * (1 - ALPHA) / samples)


def rates(cell: Cell) -> tuple[float, float]:
    """Shares of samples in which the lower and the upper bound missed the truth."""
    return cell["lower"]["missed"] / cell["samples"], cell["upper"]["missed"] / cell["samples"]


def _simulated(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell["metric"] != "power"]


def _misses(cells: list[Cell]) -> list[str]:
    """One line for each metric: the worst of all populations."""
    simulated = _simulated(cells)
    sizes = sorted({cell["rows"] for cell in simulated})
    lines = [
        f"Misses of a one-sided bound at 95 %, the worst of all populations ({_samples(simulated)} samples each;"
        " 5 % is asked), and in brackets the samples without a bound there, which are inconclusive:",
        "",
        "| metric | models | " + " | ".join(f"{size:,} rows" for size in sizes) + " |",
        "| --- | --- |" + " ---: |" * len(sizes),
    ]
    for name, kind in dict.fromkeys((cell["metric"], cell["kind"]) for cell in simulated):
        shown = []
        for size in sizes:
            here = [cell for cell in simulated if (cell["metric"], cell["kind"], cell["rows"]) == (name, kind, size)]
            shown.append(_worst(here))
        lines.append(f"| `{name}` | {kind} | {' | '.join(shown)} |")
    return lines


def _worst(cells: list[Cell]) -> str:
    if not cells:
        return ""
    sides = [
        (cell[side]["missed"] / cell["samples"], cell[side]["none"] / cell["samples"])
        for cell in cells
        for side in ("lower", "upper")
    ]
    missed, none = max(sides)
    return f"{missed:.1%}" + (f" ({none:.0%})" if none >= 0.005 else "")


def _populations(cells: list[Cell]) -> list[str]:
    lines = ["| population | rows are drawn from | seeds, by size |", "| --- | --- | --- |"]
    for population in POPULATIONS:
        seeds = {cell["rows"]: cell["seed"] for cell in cells if cell["population"] == population.name}
        shown = ", ".join(f"{size:,}: {seed}" for size, seed in sorted(seeds.items()))
        lines.append(f"| {population.name} | {population.about} | {shown} |")
    return lines


def _over(cells: list[Cell]) -> list[str]:
    """The cells in which more was missed than chance explains."""
    simulated = _simulated(cells)
    sides = 2 * len(simulated)
    over = [
        (rate, cell, side)
        for cell in simulated
        for rate, side in zip(rates(cell), ("lower", "upper"), strict=True)
        if rate > limit(cell["samples"], sides)
    ]
    allowed = limit(max((cell["samples"] for cell in simulated), default=1), sides)
    lines = [
        f"Of {sides:,} one-sided bounds (a metric, one or two models, a population, a size), **{len(over)}** missed"
        f" more often than chance explains, which with so many is {allowed:.2%}."
    ]
    if over:
        lines += [
            "",
            "| metric | models | population | rows | bound | missed | method |",
            "| --- | --- | --- | ---: | --- | ---: | --- |",
        ]
        for rate, cell, side in sorted(over, key=lambda each: -each[0]):
            method = max(cell["methods"], key=cell["methods"].get)
            lines.append(
                f"| `{cell['metric']}` | {cell['kind']} | {cell['population']} | {cell['rows']:,} | {side} |"
                f" {rate:.1%} | {method} |"
            )
    return lines


def _power(cells: list[Cell]) -> list[str]:
    compared = [cell for cell in cells if cell["metric"] == "power"]
    if not compared:
        return []
    lines = ["Power, ours and that of the best known test on the same samples:", "",
             "| metric | rows | ours | theirs |", "| --- | ---: | ---: | --- |"]  # fmt: skip
    for cell in sorted(compared, key=lambda each: (each["population"], each["rows"])):
        peer = f"{cell['theirs']:.1%} ({cell['peer']})"
        lines.append(f"| `{cell['population']}` | {cell['rows']:,} | {cell['ours']:.1%} | {peer} |")
    return lines


def _samples(cells: list[Cell]) -> str:
    found = sorted({cell["samples"] for cell in cells})
    return " to ".join(f"{number:,}" for number in (found[:1] + found[-1:] if len(found) > 1 else found))
