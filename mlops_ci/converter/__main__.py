"""``python -m mlops_ci.converter``: convert, verify, bench."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops_ci.converter.commands import bench, convert_into, verify
from mlops_ci.converter.table import read_table
from mlops_ci.converter.trouble import BrokenInputError, one_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0, also where a model has no ONNX form; 1 where ``verify`` finds a difference; 2 on broken input, 5 on input
        that is not safe.
    """
    options = _parser().parse_args(argv)
    try:
        rows = read_table(options.rows, _columns(options.columns))
        if options.command == "convert":
            convert_into(options.model, rows, options.out, options.tolerance, int8=options.int8)
            return 0
        if options.command == "verify":
            found, acceptable = verify(options.onnx, options.model, rows, options.tolerance)
            _print(found)
            return 0 if acceptable else 1
        _print(bench(options.onnx, options.model, rows))
        return 0
    except BrokenInputError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)  # noqa: T201 - this is the program
        return error.code


def _print(value: Any) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))  # noqa: T201


def _columns(text: str | None) -> list[str] | None:
    if text is None:
        return None
    try:
        found = json.loads(text)
        if not isinstance(found, list):
            raise TypeError
        names = [each["name"] if isinstance(each, dict) else each for each in found]
    except (ValueError, TypeError, KeyError) as error:
        raise BrokenInputError("--columns is not a JSON list of names, or of objects with a name") from error
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise BrokenInputError("--columns is not a JSON list of different names")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mlops_ci.converter", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, told in (
        ("convert", "make an ONNX model and compare it with the original"),
        ("verify", "compare an ONNX model with the original"),
        ("bench", "time an ONNX model and the original"),
    ):
        command = commands.add_parser(name, help=told)
        command.add_argument("--model", type=Path, required=True, help="the original's file")
        command.add_argument("--rows", type=Path, required=True, help="a table of rows that the model eats")
        command.add_argument("--columns", help="JSON: the columns to use, in order")
        if name != "convert":
            command.add_argument("--onnx", type=Path, required=True, help="the ONNX model's file")
        if name != "bench":
            command.add_argument("--tolerance", type=_tolerance, default=1e-5, help="how far answers may be apart")
        if name == "convert":
            command.add_argument("--int8", action="store_true", help="also make a form with int8 weights")
            command.add_argument("--out", type=Path, required=True, help="the folder to write to")
    return parser


def _tolerance(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
