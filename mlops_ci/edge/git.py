"""Starts git through GitPython; nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mlops_ci.errors import RemoteError, UsageError

# git rev-parse --local-env-vars, but for those that carry configuration
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)


_PACKET = " packet: "  # as GIT_TRACE_PACKET marks its lines


@dataclass(frozen=True, slots=True)
class Answer:
    """How a git command ended, and what it said; ``packets`` is what it traced of the protocol, if it was told to."""

    code: int
    output: bytes
    errors: str
    packets: str = ""

    @property
    def reason(self) -> str:
        """The line of its complaints that says most."""
        lines = self.errors.strip().splitlines() or [f"exit code {self.code}"]
        return next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1])


class Git:
    """Git in a folder. Its configuration and index are never changed.

    Args:
        folder: where git runs.
        environment: variables on top of our own; what is secret goes here, as everybody can read arguments.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # GitPython reads it while being imported
        import git

        if not folder.is_dir():
            raise UsageError("no such folder", where=str(folder))
        self._not_found = git.exc.GitCommandNotFound
        self._git: Any = git.Git(str(folder))
        self._environment = dict(environment or {})

    def ask(self, *arguments: str) -> str | None:
        """The stripped output; None where git says no or nothing."""
        answer = self.attempt(*arguments)
        text = answer.output.decode("utf-8", "surrogateescape").strip()
        return text if answer.code == 0 and text else None

    def run(self, *arguments: str, given: bytes | None = None) -> bytes:
        """The output of a command that has to work.

        Raises:
            RemoteError: git failed; its own words say why.
        """
        return self._worked(arguments[0], self.attempt(*arguments, given=given))

    def status(self, *arguments: str) -> int:
        """The exit code alone."""
        return self.attempt(*arguments).code

    def attempt(self, *arguments: str, given: bytes | None = None) -> Answer:
        """Run a command on the bytes given to it; how it went is for the caller to judge."""
        with self._started(arguments, None if given is None else subprocess.PIPE) as process:
            output, errors = process.communicate(given)
        lines = errors.decode("utf-8", "replace").splitlines(keepends=True)
        traced = [line for line in lines if _PACKET in line]
        said = [line for line in lines if _PACKET not in line]
        return Answer(process.returncode, output, "".join(said), "".join(traced))

    @contextmanager
    def reading(self, *arguments: str) -> Iterator[IO[bytes]]:
        """The output of a command as a stream that is read to its end.

        Raises:
            RemoteError: git failed; its own words say why.
        """
        with self._started(arguments, None) as process:
            if process.stdout is None:
                raise AssertionError("the process was started with a pipe")
            yield process.stdout
            _, errors = process.communicate()
            self._worked(arguments[0], Answer(process.returncode, b"", errors.decode("utf-8", "replace")))

    def feed(self, *arguments: str, chunks: Iterator[bytes]) -> bytes:
        """Run a command on a stream; its output is small and has to be good.

        An error of the stream itself ends the command at once, as does any interruption.

        Raises:
            RemoteError: git failed; its own words say why.
        """
        with self._started(arguments, subprocess.PIPE) as process:
            if process.stdin is None:
                raise AssertionError("the process was started with a pipe")
            for chunk in chunks:
                try:
                    process.stdin.write(chunk)
                except BrokenPipeError:  # it has ended, and says why
                    break
            output, errors = process.communicate()
        return self._worked(arguments[0], Answer(process.returncode, output, errors.decode("utf-8", "replace")))

    def _worked(self, command: str, answer: Answer) -> bytes:
        if answer.code:
            raise RemoteError(f"git {command} failed: {answer.reason}", where=str(self._git.working_dir))
        return answer.output

    @contextmanager
    def _started(self, arguments: tuple[str, ...], given: int | None) -> Iterator[subprocess.Popen[bytes]]:
        try:
            started = self._git.execute(
                # Optional locks: status and diff would otherwise rewrite the user's index.
                [*self._unset(), "git", "--no-optional-locks", *arguments],
                istream=given,
                as_process=True,
                env=self._environment,
                # git starts helpers, which have to end with it.
                start_new_session=True,
            )
        except self._not_found as error:
            raise RemoteError("git cannot be started", hint="install git and put it on the PATH") from error
        process: subprocess.Popen[bytes] = started.proc
        try:
            yield process
        except BaseException:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
            process.wait()

    def _unset(self) -> list[str]:
        """What takes a hook's variables away, which lead git elsewhere than the folder that it is asked about."""
        present = [name for name in _LOCAL if name in os.environ and name not in self._environment]
        return ["env", *(part for name in present for part in ("-u", name))] if present else []
