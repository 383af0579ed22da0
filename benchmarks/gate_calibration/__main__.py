"""Whether the gate's error rates are what it says: simulations for each metric, population and number of rows.

    python benchmarks/gate_calibration                   all cells, 5,000 samples each: some hours on two cores
    python benchmarks/gate_calibration --slow 1000       fewer for metrics that are resampled: about an hour
    python benchmarks/gate_calibration --samples 500     a quick look
    python benchmarks/gate_calibration --table           write the table of docs/gate-calibration.md from the results

Samples are drawn from seeds that the results name. What is there already is not drawn again, so that it can be stopped
and continued; --again draws all, but for the truths, which depend on the populations alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]

from gate_calibration.populations import POPULATIONS  # noqa: E402
from gate_calibration.power import COMPARISONS, compare_power  # noqa: E402
from gate_calibration.simulate import MANY_ROWS, run, seed_of, truths_of  # noqa: E402
from gate_calibration.table import write_table  # noqa: E402

SLOW = {"calibration_error", "recall_at_precision(0.8)"}
ROWS = (50, 200, 1_000, 20_000)
RESULTS = HERE / "results.jsonl"


def main() -> None:
    """Draw what is missing, and print it as it comes."""
    chosen = _arguments()
    if not chosen.table:
        draw(chosen)
    write_table([json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()])


def draw(chosen: argparse.Namespace) -> None:
    """Draw the samples of all cells that have no results of as many samples yet."""
    known = [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()] if RESULTS.exists() else []
    there = {
        (cell["population"], cell["metric"], cell["rows"])
        for cell in known
        if cell["samples"] >= (chosen.slow if cell["metric"] in SLOW else chosen.samples) and not chosen.again
    }
    truths = {
        (cell["population"], cell["metric"], cell["kind"], cell["rows"] >= MANY_ROWS): cell["truth"]
        for cell in known
        if cell["metric"] != "power"
    }
    populations = [each for each in POPULATIONS if chosen.population in each.name]
    with ProcessPoolExecutor(chosen.processes) as pool, RESULTS.open("a", encoding="utf-8") as results:
        tasks: dict[Any, str] = {}
        for rows in ROWS:
            for population in populations:
                names = tuple(name for name in population.metrics if chosen.metric in name)
                names = tuple(name for name in names if (population.name, name, rows) not in there)
                for some, samples in (
                    (tuple(name for name in names if name not in SLOW), chosen.samples),
                    (tuple(name for name in names if name in SLOW), chosen.slow),
                ):
                    if some and samples and rows in chosen.rows:
                        found = {
                            (metric, kind): truth
                            for (name, metric, kind, many), truth in truths.items()
                            if name == population.name and many == (rows >= MANY_ROWS)
                        }
                        task = pool.submit(_run, population.name, rows, samples, some, found)
                        tasks[task] = f"{population.name}, {rows} rows, seed {seed_of(population.name, rows)}"
        for comparison in COMPARISONS:
            for rows in ROWS:
                if chosen.power and (comparison, "power", rows) not in there and rows in chosen.rows:
                    task = pool.submit(compare_power, comparison, rows, chosen.samples)
                    tasks[task] = f"power of {comparison}, {rows} rows"
        for task in as_completed(tasks):
            for cell in task.result():
                results.write(json.dumps(cell) + "\n")
                results.flush()
            print(f"{tasks[task]}: drawn", flush=True)


def _run(
    population: str, rows: int, samples: int, names: tuple[str, ...], truths: dict[tuple[str, str], float]
) -> list[dict[str, Any]]:
    warnings.simplefilter("ignore")
    source = next(each for each in POPULATIONS if each.name == population)
    unknown = tuple(name for name in names if not {(name, "one"), (name, "two")} & truths.keys())
    truths = truths | (truths_of(source, unknown, rows) if unknown else {})
    return [cell.plain() for cell in run(source, rows, samples, names, truths)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=5_000, help="of each cell")
    parser.add_argument("--slow", type=int, default=5_000, help="of each cell of a metric that is resampled")
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS, help="sizes of the evaluation set")
    parser.add_argument("--population", default="", help="only those whose name has this in it")
    parser.add_argument("--metric", default="", help="only those whose name has this in it")
    parser.add_argument("--no-power", dest="power", action="store_false", help="without the comparisons of power")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--again", action="store_true", help="forget what is there")
    parser.add_argument("--table", action="store_true", help="draw nothing, write the table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
