"""A storm: jobs of one pull request and of the default branch, some at the same time, over a bad line.

Time is virtual and one job runs at a time, so that a seed always gives the same storm.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from mlops_ci.hosts.host import Host, Repository
from mlops_ci.lifecycle.announcing import announce, conclusion_of
from mlops_ci.lifecycle.triggering import Triggering
from mlops_ci.project.project import Project
from mlops_ci.records.host import Event
from mlops_ci.records.report import CiOutcome, Report
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.workspace.format import initialise
from tests.registry.making import MODEL, open_log, registration, sha
from tests.report.reports import COMMIT, REPORTS
from tests.storms.line import Line
from tests.storms.mortal import MortalStore
from tests.support.conversation import Clock, Crashed
from tests.workspace.memory import MemoryStore

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_REPORTS: dict[CiOutcome, str] = {
    "passed": "ready", "refused": "refused", "inconclusive": "inconclusive", "unchanged": "unchanged",
    "promoted": "promoted",
}  # fmt: skip
Moment = tuple[int, int]


@dataclass(frozen=True)
class Job:
    """A job of a workflow: what it comes to, and when it starts.

    ``lands`` says where it runs: 0 for the pull request, 1 for its merge, 2 for a later push to the default branch.
    """

    model: str
    commit: str
    run: int
    outcome: CiOutcome
    start: float
    lands: int = 0


class Site(Protocol):
    """A host with one pull request."""

    environ: dict[str, str]
    project: Project

    def host(self, job: Job, attempt: int, say: Callable[[str], None], line: Line) -> tuple[Host, Repository]:
        """The host as one attempt of a job meets it, and the checkout."""
        ...

    def push(self, commit: str) -> None:
        """The author pushes to the pull request, unless that has happened."""
        ...

    def merge(self, commit: str) -> None:
        """Merge the pull request, unless that has happened."""
        ...

    def go_on(self, commit: str) -> None:
        """Push to the default branch, unless that has happened."""
        ...

    def require(self, storm: Storm) -> None:
        """What must hold on this host in the end."""
        ...

    def arrived(self, sink: str) -> list[str]:
        """The ids that a receiver has taken."""
        ...

    def lost_answers(self, sink: str) -> int:
        """How often a receiver took something, and its answer was not understood."""
        ...


@dataclass
class Storm:
    """One scenario, and what is known of it afterwards."""

    seed: int
    site: Site
    folder: Path
    faults: float = 0.0
    clock: Clock = field(default_factory=Clock)
    store: MemoryStore = field(default_factory=MemoryStore)
    jobs: list[Job] = field(default_factory=list)
    begun: dict[Job, list[Moment]] = field(default_factory=dict)
    ended: dict[Job, Moment] = field(default_factory=dict)
    turned_away: set[Job] = field(default_factory=set)
    landed: list[Job] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        random.seed(self.seed)  # of which the pauses between attempts are made
        self.deaths = self.chance.choice([0.0, 0.01, 0.04])
        self.workspace = initialise(self.store).id
        self.jobs = jobs_of(self.chance)

    def blow(self) -> None:
        """Let all jobs run to their ends, each again until it has said everything."""
        self._triggering(self.store, self._line(calm=True)).listen()
        self.clock.run([partial(self._work, job) for job in self.jobs])
        assert self.problems == []

    def report(self, job: Job) -> Report:
        """What a job says."""
        made = REPORTS[_REPORTS[job.outcome]]
        event: Event = "push" if job.lands else "pull_request"
        return replace(made, model=job.model, commit=replace(COMMIT, sha=job.commit), event=event)

    def newest(self, model: str, commit: str) -> Job | None:
        """Who has the last word on a model at a commit."""
        jobs = [job for job in self.jobs if (job.model, job.commit) == (model, commit)]
        return max(jobs, key=lambda job: job.run, default=None)

    def state(self, job: Job) -> str:
        """What is to be shown beside the commit."""
        host, checkout = self.site.host(job, 1, lambda _: None, self._line(calm=True))
        return conclusion_of(self.report(job), host.context(checkout)).state

    def _line(self, *, calm: bool) -> Line:
        return Line(self.clock, self.chance, 0.0 if calm else self.deaths)

    def _work(self, job: Job) -> None:
        self.clock.sleep(job.start)
        for attempt in range(1, 40):
            self.begun.setdefault(job, []).append((job.run, attempt))
            try:
                if self._is_done(job, attempt):
                    self.ended[job] = (job.run, attempt)
                    return
            except Crashed:
                pass
            except Exception as error:
                self.problems.append(f"{job}: {error!r}")
                return
            self.clock.sleep(self.chance.choice([1, 60, 700]))
        self.problems.append(f"{job} comes to no end")

    def _is_done(self, job: Job, attempt: int) -> bool:
        line = self._line(calm=attempt > 6)
        said: list[str] = []
        host, checkout = self.site.host(job, attempt, said.append, line)
        store = MortalStore(self.store, line, self.unmarked)
        if job.lands:
            (self.site.merge if job.lands == 1 else self.site.go_on)(job.commit)
            self._land(job)
        else:
            self.site.push(job.commit)
        context = host.context(checkout)
        announce(host, context, replace(self.report(job), url=context.url), pause=line.sleep)
        told = self._triggering(store, line).deliver() if job.lands else ()
        if any("is closed" in text for text in said):
            self.turned_away.add(job)
        warned = [text for text in said if "could not be written" in text and "is closed" not in text]
        return not warned and all(one.held_up is None for one in told)

    def _land(self, job: Job) -> None:
        """Register and promote, once."""
        if job.model == MODEL and job not in self.landed:
            self.landed.append(job)
            done = register(open_log(self.store), registration(self.folder, job.commit, f"f{job.lands}"))
            move_alias(open_log(self.store), "champion", done.version.version, rollback=True, reason=None)

    def _triggering(self, store: MemoryStore, line: Line) -> Triggering:
        def time() -> datetime:
            return BEGINNING + timedelta(seconds=self.clock.now)

        return Triggering(self.site.project, lambda: open_log(store), self.site.environ, time, sleep=line.sleep)


def jobs_of(chance: random.Random) -> list[Job]:
    """Two to five jobs: of one or two commits of the pull request, a run repeated, one late, and those of merges."""
    models = [MODEL] if chance.random() < 0.5 else [MODEL, "dice"]
    outcomes: tuple[CiOutcome, ...] = ("passed", "refused", "inconclusive", "unchanged")
    made: list[Job] = []
    start = 0.0

    def add(model: str, commit: str, outcome: CiOutcome, lands: int = 0) -> None:
        nonlocal start
        made.append(Job(model, commit, 100 + len(made), outcome, start, lands))
        start += chance.choice([0.0, 0.5, 1.5, 30.0, 1000.0])

    for commit in (sha("one"), sha("two"))[: chance.choice([1, 1, 2])]:
        for model in models:
            add(model, commit, chance.choice(outcomes))
    if chance.random() < 0.4:
        add(chance.choice(models), made[-1].commit, chance.choice(outcomes))
    if chance.random() < 0.7:
        start += chance.choice([0.0, 2000.0])
        for model in models:
            add(model, sha("merge"), chance.choice(["promoted", "refused"]), 1)
        if chance.random() < 0.5:
            add(MODEL, sha("next"), "promoted", 2)
    while len(made) > 5:
        made.pop(0)
    if len(made) < 2:
        add(MODEL, made[-1].commit, "passed")
    if chance.random() < 0.4:  # one that had to wait for a runner
        late = chance.randrange(len(made))
        made[late] = replace(made[late], start=start + chance.choice([0.0, 3.0, 2000.0]))
    return made
