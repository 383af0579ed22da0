"""The demo: five commits, each driven through ``mlops-ci ci`` as a CI job would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.lifecycle.demo_story import STORY, Chapter
from mlops_ci.lifecycle.history import read_report
from mlops_ci.records.report import Report
from mlops_ci.report.terminal import render_terminal
from mlops_ci.report.wording import duration, headline
from mlops_ci.resources import resource
from mlops_ci.source.scratch import ScratchRepository
from mlops_ci.workspace.local import LocalStore

_EXAMPLE = ("examples", "flight-delay")
_NOT_COPIED = shutil.ignore_patterns("build", "__pycache__", ".mlops", "make.py")


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where the demo plays and how it speaks."""

    folder: Path
    repository: ScratchRepository
    say: Callable[[str], None]
    colour: bool
    width: int

    def styled(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour else text


def run_demo(folder: Path | None, *, say: Callable[[str], None], colour: bool, width: int) -> None:
    """Play the story, and say what happens.

    Args:
        folder: where to make the repository and leave it; None for a temporary one.
        say: prints a line.
        colour: whether the lines may have colours.
        width: columns to print in.

    Raises:
        UsageError: the folder is not empty.
        MlopsError: something came out differently than it must.
    """
    with ExitStack() as stack:
        if folder is None:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlops-ci-demo-"))) / "flight-delay"
        else:
            place = folder.absolute()
            if place.exists() and not place.is_dir():
                raise UsageError("not a folder", where=str(place), hint="name a new one")
            if place.exists() and any(place.iterdir()):
                raise UsageError("the folder is not empty", where=str(place), hint="name a new one")
        shutil.copytree(resource(*_EXAMPLE), place, ignore=_NOT_COPIED, dirs_exist_ok=True)
        repository = ScratchRepository(place, os.environ)
        stage = _Stage(place, repository, say, colour, width)
        say("Will a flight from New York arrive late? A small project on real flights,")
        say(f"and five commits to it. After each one: {stage.styled('mlops-ci ci', '1')}, as a CI job would.")
        say("The first also installs scikit-learn, in an environment of its own.")
        started = time.monotonic()
        endings = [_play(stage, number, chapter) for number, chapter in enumerate(STORY, start=1)]
        _sum_up(stage, endings, time.monotonic() - started, kept=folder is not None)


# We need not be installed where our Python looks by itself: an action starts us from its own checkout.
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from mlops_ci.__main__ import main; main()"


def _play(stage: _Stage, number: int, chapter: Chapter) -> Report:
    for edit in chapter.edits:
        file = stage.folder / edit.file
        text = file.read_text("utf-8")
        if text.count(edit.old) != 1:
            raise MlopsError("the demo does not fit the bundled example", where=edit.file)
        file.write_text(text.replace(edit.old, edit.new), "utf-8")
    stage.say("")
    stage.say(stage.styled(f"{number}/{len(STORY)}  {chapter.message}", "1;4"))
    stage.say(stage.styled(f"     {chapter.about}", "2"))
    stage.say("")
    stage.say("     $ git commit --all && mlops-ci ci")
    stage.repository.commit_all(chapter.message)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _START, str(Path(__file__).parents[2]), "ci", "--host", "local", "--quiet", "--json"],
        cwd=stage.folder,
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_", "MLOPS_CI_")) or name in {"MLOPS_CI_CACHE_DIR", "MLOPS_CI_PYTHON"}
        },
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode not in {0, 1}:
        raise MlopsError("ci failed in the demo", hint=done.stderr.strip().removeprefix("mlops-ci: ") or done.stdout)
    report = read_report(LocalStore(stage.folder / ".mlops"), None)
    text = render_terminal(report, width=stage.width - 5, colour=stage.colour)
    for line in text.splitlines():
        stage.say(f"     {line}" if line else "")
    stage.say(stage.styled(f"     exit code {done.returncode}, {duration(seconds)}", "2"))
    if (report.outcome, done.returncode) != (chapter.outcome, chapter.exit_code):
        raise MlopsError(
            f"commit {number} of the demo came out as {report.outcome} with exit code {done.returncode}, "
            f"not as {chapter.outcome} with {chapter.exit_code}",
            hint="please report it",
        )
    return report


def _sum_up(stage: _Stage, endings: list[Report], seconds: float, *, kept: bool) -> None:
    stage.say("")
    stage.say(stage.styled(f"That was it, in {duration(seconds)}:", "1"))
    for report, chapter in zip(endings, STORY, strict=True):
        ending, _, _ = headline(report).partition(",")
        stage.say(f"  {chapter.message:<46}  {ending}")
    stage.say("")
    if kept:
        stage.say(f"Look around in {stage.folder.name}:")
        stage.say("  mlops-ci models history flight-delay")
        stage.say("  mlops-ci models why flight-delay@champion")
        stage.say("  mlops-ci report --format html --output report.html")
    else:
        stage.say("To look around afterwards, keep the repository:")
        stage.say("  mlops-ci demo --folder flight-delay")
    stage.say("For your own model: mlops-ci init")
