"""``main()``: the one place that catches errors and exits."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from mlops_ci.edge.interruption import stop_all
from mlops_ci.errors import ConfigurationError, Interruption, MlopsError

if TYPE_CHECKING:
    from mlops_ci.edge.standing_answer import StandingAnswer

_BUG = 70
_SIGNALS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


def main() -> NoReturn:
    """Run the command line and exit with one of the documented codes."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code; every error becomes one line on stderr."""
    standing = _standing_answer(arguments)
    if standing and (said := standing.said()) is not None:
        return _say(said)
    import click

    from mlops_ci.cli.main import cli

    try:
        # Not click's own main(), which turns a closed pipe into exit code 1: that means a refusal here.
        with cli.make_context("mlops-ci", list(arguments), obj=standing) as context:
            cli.invoke(context)
            sys.stdout.flush()
    except click.exceptions.Exit as done:
        return _after(done.exit_code)
    except MlopsError as error:
        return _fail(error.exit_code, error)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 2
    except click.ClickException as error:
        return _fail(2, MlopsError(error.format_message().rstrip("."), hint=_help_hint(error)))
    except Interruption as interruption:
        return _fail(128 + interruption.number, MlopsError(_SIGNALS[interruption.number]))
    except BrokenPipeError:
        return _closed_pipe()
    except OSError as error:
        what = f"the machine failed: {error.strerror or error}"
        return _fail(3, MlopsError(what, where=None if error.filename is None else str(error.filename)))
    except Exception as error:
        if os.environ.get("MLOPS_CI_DEBUG"):
            raise
        what = f"a bug in mlops-ci: {type(error).__name__}: {error}"
        return _fail(_BUG, MlopsError(what, hint="please report it, with the traceback that MLOPS_CI_DEBUG=1 shows"))
    return 0


def _standing_answer(arguments: list[str]) -> StandingAnswer | None:
    """What ``run`` may have said in this place before."""
    if arguments[:1] != ["run"]:
        return None
    from pathlib import Path

    from mlops_ci.edge.cache_folder import cache_folder
    from mlops_ci.edge.standing_answer import StandingAnswer

    try:
        return StandingAnswer(arguments, os.environ, Path.cwd(), cache_folder(os.environ).absolute() / "standing")
    except (OSError, MlopsError):  # no current folder any more, or no home: the verb says so
        return None


def _say(text: str) -> int:
    try:
        print(text, flush=True)  # noqa: T201 - click is not imported for a line
    except BrokenPipeError:
        return _closed_pipe()
    return 0


def _after(code: int) -> int:
    """The exit code of a verb that has set one, once its output has been taken."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed_pipe()
    return code


def _closed_pipe() -> int:
    """Whoever read our output has gone; say so as a shell does, and keep the interpreter from complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _fail(code: int, error: MlopsError) -> int:
    from mlops_ci.edge.redaction import redactor_for
    from mlops_ci.hosts.select import select_host
    from mlops_ci.report.wording import visible

    redact = redactor_for(os.environ)
    # A host reads this stream, too, and what is wrong often quotes what somebody else wrote.
    neutralise = select_host("auto", os.environ, _say_nothing).neutralise
    lines = [problem.line() for problem in error.problems] if isinstance(error, ConfigurationError) else [error.line()]
    for line in lines:
        print(neutralise(f"mlops-ci: error[{code}]: {visible(redact(line))}"), file=sys.stderr)  # noqa: T201 - this is where errors end
    return code


def _say_nothing(line: str) -> None:  # noqa: ARG001 - a host that is only asked needs no voice
    return


def _help_hint(error: Exception) -> str | None:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path} --help" if context else None


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signature of a handler
    stop_all()
    raise Interruption(number)


if __name__ == "__main__":
    main()
