"""``python -m mlops_ci.custom``: leaves what a user's metric says of a table of predictions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlops_ci.custom.function import Function, bounded_output, no_output
from mlops_ci.custom.resampling import resampled
from mlops_ci.custom.table import Columns, read_table
from mlops_ci.custom.trouble import UserError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one function.

    Returns:
        0; 2 where the function or the table has to change, after one line that begins with ``error:``.
    """
    options = _parser().parse_args(argv)
    file, _, name = options.function.rpartition(":")
    try:
        with bounded_output():
            function = Function(Path(file), name)
            table = read_table(options.predictions, options.id, options.group)
            answer = function(Columns(table.columns), table.rows)
        options.out.mkdir(parents=True, exist_ok=True)
        _require_finite(function, answer)
        found: dict[str, Any] = {"rows": table.rows, "pairing": table.pairing}
        if isinstance(answer, float):
            with no_output():
                found.update(kind="number", value=answer, **resampled(function, table))
        else:
            found.update(kind="rows", value=float(answer.mean()))
            answer.astype("<f8").tofile(options.out / "values.f64")
        (options.out / "result.json").write_text(json.dumps(found, allow_nan=False), "utf-8")
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _require_finite(function: Function, answer: Any) -> None:
    unknown = int((~np.isfinite(answer)).sum())
    if unknown:
        where = f" for {unknown:,} of {len(answer):,} rows" if isinstance(answer, np.ndarray) else ""
        raise UserError(f"{function.place}: {function.name} returns NaN or infinity{where}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mlops_ci.custom", description=__doc__)
    parser.add_argument("--function", required=True, help="file.py:function")
    parser.add_argument("--predictions", type=Path, required=True, help="the table of predictions")
    parser.add_argument("--id", help="the column of ids")
    parser.add_argument("--group", help="the column whose equal values are resampled together")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
