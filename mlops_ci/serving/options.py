"""How the server is started: options, each with its variable. Nothing here needs click, which an image lacks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from mlops_ci.errors import UsageError

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve, and where. Without ``workers`` the manifest says how many."""

    package: Path
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int | None = None
    log_level: str = "info"
    handover: Path | None = None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint="see python -m mlops_ci.serving --help")


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> ServeOptions:
    """Options from a command line, and from variables such as ``MLOPS_CI_SERVE_PORT``.

    Raises:
        UsageError: one of them is wrong.
    """
    parser = _Parser(prog="python -m mlops_ci.serving", description="Serve a model package.", allow_abbrev=False)

    def given(name: str, default: str) -> str:
        return environ.get(f"MLOPS_CI_SERVE_{name}") or default

    parser.add_argument("--package", default=given("PACKAGE", ""), metavar="FOLDER", help="what to serve")
    parser.add_argument("--host", default=given("HOST", "127.0.0.1"), help="where to listen")
    parser.add_argument("--port", default=given("PORT", "8080"), help="0 for any that is free")
    parser.add_argument("--workers", default=given("WORKERS", ""), help="processes; 0 for one a processor")
    parser.add_argument("--log-level", default=given("LOG_LEVEL", "info"), choices=LEVELS)
    parser.add_argument(
        "--handover",
        default=given("HANDOVER", ""),
        metavar="FILE",
        help="take the port over from the server that offers it there, and offer it to the next one",
    )
    found = parser.parse_args(arguments)
    if not found.package:
        raise UsageError("no package is named", hint="--package FOLDER, or MLOPS_CI_SERVE_PACKAGE")
    if found.log_level not in LEVELS:
        raise UsageError(f"no log level is called {found.log_level[:20]!r}", hint=f"one of {', '.join(LEVELS)}")
    return ServeOptions(
        Path(found.package),
        found.host,
        _number("port", found.port, 65535),
        _number("workers", found.workers, 1024) if found.workers else None,
        found.log_level,
        Path(found.handover) if found.handover else None,
    )


def arguments_of(options: ServeOptions) -> list[str]:
    """The command line that says the same."""
    given = {
        "package": options.package,
        "host": options.host,
        "port": options.port,
        "workers": options.workers,
        "log-level": options.log_level,
        "handover": options.handover,
    }
    return [f"--{name}={value}" for name, value in given.items() if value is not None]


def _number(name: str, text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise UsageError(f"{name} has to be a number from 0 to {most}, not {text[:20]!r}")
    return int(text)
