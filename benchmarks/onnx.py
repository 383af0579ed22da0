"""How much faster ONNX models are than what they were made of, and how equal: the table of docs/onnx.md.

    OMP_NUM_THREADS=1 python benchmarks/onnx.py        (a few minutes; needs the development dependencies)

Both sides have one thread, as a worker of the scoring server has. The original is called as its users call it,
``predict_proba`` or ``predict`` on a data frame or an array; times are medians.
"""

from __future__ import annotations

import statistics
import sys
import warnings
from pathlib import Path

# A script's own folder comes first on the path, where this file would hide the library of the same name.
HERE = str(Path(__file__).parent)
sys.path[:] = [*(each for each in sys.path if each != HERE), HERE]

from models import MODELS  # noqa: E402

from mlops_ci.converter import speed  # noqa: E402
from mlops_ci.converter.conversion import Request, ask, equal_graph  # noqa: E402
from mlops_ci.converter.kinds import kind_of  # noqa: E402
from mlops_ci.converter.trouble import NotConvertibleError  # noqa: E402

TOLERANCE = 1e-5


def main() -> None:
    """Print the table, and the geometric mean of all speed-ups."""
    warnings.simplefilter("ignore")
    speed.SECONDS_A_CALL = 0.15
    factors: list[float] = []
    sizes = " | ".join(f"{size:,} row{'s' * (size > 1)}" for size in speed.BATCHES)
    print(f"| model | rows compared | worst difference | {sizes} |")
    print("| --- | ---: | ---: | " + " | ".join("---:" for _ in speed.BATCHES) + " |")
    for name, make in MODELS.items():
        model, rows = make()
        kind = kind_of(model)
        original = kind.original(model, rows)
        request = Request(Path(name), rows, TOLERANCE)
        try:
            made = equal_graph(kind.export(model, rows), ask(original, rows), request)
        except NotConvertibleError as trouble:
            print(f"| {name} | {trouble.reason} |")
            continue
        found = [each["original"] / each["onnx"] for each in speed.measure(made.session, made.exported, original, rows)]
        factors += found
        shown = " | ".join(f"{factor:.0f}×" if factor >= 10 else f"{factor:.1f}×" for factor in found)
        print(f"| {name} | {made.difference.rows:,} | {made.difference.worst:.0e} | {shown} |", flush=True)
    mean = statistics.geometric_mean(factors)
    print(f"\nGeometric mean over {len(MODELS)} models and {len(speed.BATCHES)} sizes: {mean:.1f}×")
    if mean < 2:
        sys.exit("the geometric mean is below 2")


if __name__ == "__main__":
    main()
