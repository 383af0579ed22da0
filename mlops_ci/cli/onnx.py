"""``onnx``: convert, verify, bench."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mlops_ci.cli.logs import log_to_read, log_to_write
from mlops_ci.cli.options import argument, host_option, json_option, option, project_option, workspace_option
from mlops_ci.cli.output import echo, hand_on, print_json, print_table
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.conversion import read_left
from mlops_ci.lifecycle.converter_run import Bench, ConverterRun
from mlops_ci.lifecycle.converting import Loose, convert_registered, loose_bench, registered_bench
from mlops_ci.project.onnx import OnnxChoice
from mlops_ci.records.conversion import Conversion
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.report.conversion import conversion_lines
from mlops_ci.report.wording import visible

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)


def _subject(function: F) -> F:
    """The options that say what is looked at: a registered version, or files."""
    for decorate in (
        json_option,
        workspace_option,
        project_option,
        option(
            "--allow-pickle", "allowed", multiple=True, metavar="DIGEST", help="A file that may run code. Repeatable."
        ),
        option("--column", "columns", multiple=True, metavar="NAME", help="What the model eats, in order. Repeatable."),
        option(
            "--rows", type=_FILE, metavar="FILE", help="A table of rows.  [default: those registered with a version]"
        ),
        option("--model", type=_FILE, metavar="FILE", help="A model in a file, instead of a version."),
        argument("reference", required=False, help="The version: model@v12 or model@alias."),
    ):
        function = decorate(function)
    return function


_tolerance = option("--tolerance", type=click.FloatRange(0, 0.1, min_open=True), default=1e-5, show_default=True)
_onnx = option("--onnx", type=_FILE, metavar="FILE", help="The ONNX model of --model.")


@click.group()
def onnx() -> None:
    """Convert models to ONNX, compare and time them."""


@onnx.command()
@_subject
@_tolerance
@option("--int8", is_flag=True, help="Also quantise the weights.")
@option("--out", type=_FILE, metavar="DIR", help="Where the files of --model go.")
@host_option
def convert(
    *, reference: str | None, tolerance: float, int8: bool, out: Path | None, host: str, as_json: bool, **what: Any
) -> None:
    """Convert a registered version and record that, or a file with --model, --rows and --out.

    Ends with 0 also where there is no ONNX model, and says why.
    """
    choice = OnnxChoice(tolerance=tolerance, int8=int8)
    with scratch_folder() as scratch:
        if reference is None:
            if out is None:
                raise UsageError("where do the files go?", hint="say --out DIR")
            bench = loose_bench(_loose(**what))
            _run(**what).convert(bench, out, scratch, tolerance=tolerance, int8=int8)
            found = read_left(out)
        else:
            parsed = parse_reference(_alone(reference, **what))
            log = log_to_write(what["workspace"], what["project"], parsed.model, host=host, must_exist=True)
            version, run = resolve(log.read(), parsed.selector), _run(**what, store=log.store)
            bench = registered_bench(run, log, version, what["rows"], scratch, with_onnx=False)
            found = convert_registered(run, log, version, bench, scratch, choice)
    hand_on(host, {"converted": str(bool(found.forms)).lower(), "reason": visible(found.reason or "")})
    _print_conversion(found, as_json=as_json)


@onnx.command()
@_subject
@_onnx
@_tolerance
@click.pass_context
def verify(context: click.Context, /, *, tolerance: float, as_json: bool, **what: Any) -> None:
    """Compare an ONNX model with its original; ends with 1 where they differ by more than the tolerance."""
    with scratch_folder() as scratch:
        run, bench = _pair(scratch, **what)
        parity, holds = run.verify(bench, scratch, tolerance=tolerance)
    if as_json:
        print_json(parity | {"holds": holds})
    else:
        rows, worst, labels = parity["rows"], parity["worst"], parity["labels_differing"]
        verdict = "equal" if holds else "different"
        echo(f"{verdict} on {rows:,} rows: worst difference {worst:.1e}, {labels:,} labels differ")
        if parity["differing"]:
            echo(f"rows that differ, from 0: {', '.join(map(str, parity['differing']))}")
    context.exit(0 if holds else 1)


@onnx.command("bench")
@_subject
@_onnx
def measure(*, as_json: bool, **what: Any) -> None:
    """Time an ONNX model and its original, on one processor."""
    with scratch_folder() as scratch:
        run, bench = _pair(scratch, **what)
        found = run.bench(bench, scratch)
    if as_json:
        print_json(found)
        return
    rows = [
        (f"{one['batch']:,}", f"{one['original'] * 1e3:.3f} ms", f"{one['onnx'] * 1e3:.3f} ms",
         f"{one['original'] / one['onnx']:.1f}×")
        for one in found["speed"]
    ]  # fmt: skip
    print_table(("rows", "original", "ONNX", "speed-up"), rows)


def _pair(scratch: Path, *, reference: str | None, onnx: Path | None, **what: Any) -> tuple[ConverterRun, Bench]:
    if reference is None:
        if onnx is None:
            raise UsageError("which ONNX model?", hint="say --onnx FILE, or name a version")
        return _run(**what), loose_bench(_loose(**what), onnx)
    parsed = parse_reference(_alone(reference, **what))
    log = log_to_read(what["workspace"], what["project"], parsed.model)
    version, run = resolve(log.read(), parsed.selector), _run(**what)
    return run, registered_bench(run, log, version, what["rows"], scratch, with_onnx=True)


def _run(*, project: Path, store: Any = None, **_: Any) -> ConverterRun:
    return ConverterRun(project, os.environ, lambda text: echo(visible(text), err=True), store)


def _loose(
    *, model: Path | None, rows: Path | None, columns: tuple[str, ...], allowed: tuple[str, ...], **_: Any
) -> Loose:
    if model is None or rows is None:
        raise UsageError(
            "what is to be looked at?", hint="name a version, such as model@champion, or --model and --rows"
        )
    return Loose(model, rows, columns, allowed)


def _alone(reference: str, *, model: Path | None, **_: Any) -> str:
    if model is not None:
        raise UsageError("a version and a file are two things", where="--model", hint="name one of them")
    return reference


def _print_conversion(found: Conversion, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for line in conversion_lines(found):
        echo(visible(line))
    for fix in found.fixes:
        echo(f"  {visible(fix)}")
