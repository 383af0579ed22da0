"""Logs written by hand: the lives that a version can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_ci.lineage.lineage import Beside, Entry, lineage_of
from mlops_ci.pipeline.params import flatten
from mlops_ci.records.actor import Actor
from mlops_ci.records.commit import Commit
from mlops_ci.records.dataset import DatasetProfile, DatasetVersion
from mlops_ci.records.deployment import DeploymentStage, Instance
from mlops_ci.records.entry import (
    Alias,
    Body,
    Delete,
    Deployed,
    Envelope,
    Judged,
    Link,
    Override,
    Register,
    Unalias,
    VerdictReference,
)
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.files import FileRecord
from mlops_ci.records.host import HostContext
from mlops_ci.records.lineage import Lineage
from mlops_ci.records.machine import Machine
from mlops_ci.records.operations import operation_of
from mlops_ci.records.run import RUN_FORMAT, Run, StepReads, StepRun
from mlops_ci.records.verdict import Side, Verdict
from tests.report.reports import FIRST, ON_HOLD, PASSED, REFUSED, REPORTS

CI = Actor("ada", "acme/ml", "model", "8123", 1)
HAND = Actor("bob")
MODEL_FILE = FileRecord("build/model.pkl", "sha256:" + "2" * 64, 1234)
LOCK = EnvironmentLock("pip", "3.11", "x86_64", "sha256:" + "e" * 64, "numpy==2.0\nscikit-learn==1.6.0\n")
FLIGHTS = DatasetVersion("data/flights.parquet", "sha256:" + "d" * 64, 812_000, 1, DatasetProfile(60_800, ()))


def commit(number: int) -> Commit:
    sha = f"{number:x}" * 7 + "0" * 33
    return Commit(
        sha, "main", "https://example.org/acme/ml", "Ada <a@b>", f"Change {number}", "2026-01-01T00:00:00+00:00"
    )


def run_of(number: int) -> Run:
    """The run that made a version."""
    made = FileRecord("build/train.parquet", "sha256:" + "5" * 64, 99)
    steps = (
        StepRun(
            "prepare", "reused", fingerprint="sha256:" + "6" * 64, seconds=3.0, outputs=(made,),
            reads=StepReads({"prepare.py": "sha256:" + "7" * 64 + "+x"}, ("flights",)),
        ),
        StepRun(
            "train", "ran", fingerprint="sha256:" + "8" * 64, seconds=9.5, outputs=(MODEL_FILE,),
            reads=StepReads(
                {"train.py": "sha256:" + "9" * 64, "build/train.parquet": made.digest}, (), {"train.depth": "8"}
            ),
        ),
    )  # fmt: skip
    url = "https://example.org/acme/ml/actions/runs/8123"
    return Run(
        format=RUN_FORMAT,
        id=f"run-{number}",
        model_name="flight-delay",
        status="succeeded",
        error=None,
        tool="0",
        started="2026-01-02T03:00:00+00:00",
        seconds=30.0,
        commit=commit(number),
        dirty=None,
        host=HostContext("github", "push", "main", "main", None, True, CI, url=url),
        machine=Machine("Linux", "x86_64", 2, 8, "3.11"),
        environment=LOCK,
        steps=steps,
        datasets={"flights": FLIGHTS},
    )


@dataclass
class Story:
    """A log that grows by a minute with every entry."""

    entries: list[Entry] = field(default_factory=list)
    beside: Beside = field(default_factory=Beside)

    def add(self, body: Body, actor: Actor = CI) -> int:
        seq = len(self.entries) + 1
        time = f"2026-01-02T03:{seq:02}:00.000000+00:00"
        self.entries.append((Envelope(1, operation_of(body), False, seq, None, str(seq), time, actor), body))
        return seq

    def register(self, number: int, actor: Actor = CI, **fields: Any) -> None:
        usual: dict[str, Any] = {
            "commit": commit(number).sha,
            "source": commit(number),
            "run": f"run-{number}",
            "params": {"train": {"depth": 8, "eta": 0.1}},
            "datasets": {"flights": FLIGHTS.digest},
            "environment": LOCK.digest,
        }
        digest = f"sha256:{number:064x}"
        made = usual | fields
        self.add(Register(number, fingerprint=digest, digest=digest, attempt="a", files=(MODEL_FILE,), **made), actor)
        if made["run"]:
            self.beside = replace(self.beside, run=run_of(number))

    def judge(self, number: int, verdict: Verdict, baseline: int | None = None) -> VerdictReference:
        side = Side("x", version=baseline, commit=commit(baseline).sha, name="champion") if baseline else None
        seq = self.add(Judged(number, replace(verdict, baseline=side)))
        return VerdictReference(seq, "x", verdict.outcome)

    def promote(self, number: int, before: int | None, verdict: Verdict = PASSED) -> None:
        on = self.judge(number, verdict, before)
        self.add(Alias("champion", number, before, commit(number).sha, on, by_hand=False))

    def told(self, number: int) -> Lineage:
        found = lineage_of("flight-delay", number, self.entries, self.beside, flatten)
        assert found is not None
        return found


def first(story: Story) -> int:
    story.register(1)
    story.promote(1, None, FIRST)
    return 1


def replaced_and_serving(story: Story) -> int:
    first(story)
    story.register(2)
    story.promote(2, 1)
    story.add(Link(2, commit(7).sha, commit(7)))
    instance = Instance("docker", "c1", "this machine", url="http://localhost:8080")
    stages: tuple[DeploymentStage, ...] = ("starting", "serving", "healthy")
    for stage in stages:
        story.add(Deployed(2, "shop", stage, instance))
    story.register(3)
    story.promote(3, 2)
    story.beside = Beside(run=run_of(2), serving=("shop",))
    return 2


def refused(story: Story) -> int:
    first(story)
    story.register(2)
    story.judge(2, REFUSED, 1)
    return 2


def inconclusive(story: Story) -> int:
    first(story)
    story.register(2)
    story.judge(2, ON_HOLD, 1)
    return 2


def let_pass_in_doubt(story: Story) -> int:
    first(story)
    story.register(2)
    story.promote(2, 1, replace(ON_HOLD, outcome="pass", on_inconclusive="allow"))
    return 2


def superseded(story: Story) -> int:
    first(story)
    story.register(2)
    story.register(3)
    story.promote(3, 1)
    story.judge(2, PASSED, 1)
    story.beside = Beside(run=run_of(2), report=replace(REPORTS["superseded"], champion=3))
    return 2


def external(story: Story) -> int:
    story.register(1, HAND, run=None, commit=None, source=None, params={}, datasets={}, environment=None)
    return 1


def external_with_a_commit(story: Story) -> int:
    story.register(1, HAND, run=None, source=None, params={}, datasets={}, environment=None)
    return 1


def imported(story: Story) -> int:
    tags = {"mlflow.version": "7", "mlflow.name": "delay"}
    story.register(1, HAND, run=None, commit=None, source=None, datasets={}, environment=None, tags=tags)
    reason = "imported: Production of mlflow names version 7"
    story.add(Alias("champion", 1, None, reason=reason), HAND)
    return 1


def by_hand(story: Story) -> int:
    number = refused(story)
    story.add(Alias("champion", number, 1, reason="the old one\n**crashes**\u202e", by_hand=True), HAND)
    return number


def by_hand_after_it_passed(story: Story) -> int:
    first(story)
    story.register(2)
    on = story.judge(2, PASSED, 1)
    story.add(Alias("champion", 2, 1, commit(2).sha, on, "the job died", by_hand=True), HAND)
    return 2


def overridden(story: Story) -> int:
    first(story)
    story.register(2)
    on = story.judge(2, ON_HOLD, 1)
    said = "the flights of HA are too few to wait for"
    seq = story.add(Override(2, "champion", on, said), HAND)
    story.add(Alias("champion", 2, 1, commit(2).sha, on, said, seq, by_hand=True), HAND)
    return 2


def by_hand_without_a_verdict(story: Story) -> int:
    number = external(story)
    story.add(Alias("champion", number, None), HAND)
    return number


def rolled_back(story: Story) -> int:
    first(story)
    story.register(2)
    story.promote(2, 1)
    passed_once = VerdictReference(2, "x", "pass")  # as whoever goes back refers to it
    story.add(Alias("champion", 1, 2, commit(1).sha, passed_once, "it crashed"), HAND)
    return 2


def rolled_back_to(story: Story) -> int:
    rolled_back(story)
    story.beside = Beside(run=run_of(1))
    return 1


def taken_away(story: Story) -> int:
    first(story)
    story.add(Unalias("champion", 1, "nobody asks for it any more"), HAND)
    return 1


def deleted(story: Story) -> int:
    number = refused(story)
    story.add(Delete(number, "trained on data that we may not use"), HAND)
    return number


def without_its_run(story: Story) -> int:
    number = refused(story)
    story.beside = Beside(notes=("the record of run run-2 is not kept any more",))
    return number


STORIES: dict[str, Callable[[Story], int]] = {
    "the first model": first,
    "replaced, and serving": replaced_and_serving,
    "refused": refused,
    "inconclusive": inconclusive,
    "in doubt, and let pass": let_pass_in_doubt,
    "superseded": superseded,
    "trained elsewhere": external,
    "trained elsewhere, from a commit": external_with_a_commit,
    "imported": imported,
    "promoted by hand": by_hand,
    "promoted by hand, after it passed": by_hand_after_it_passed,
    "overridden": overridden,
    "promoted by hand, without a verdict": by_hand_without_a_verdict,
    "rolled back": rolled_back,
    "rolled back to": rolled_back_to,
    "taken away": taken_away,
    "deleted": deleted,
    "without its run": without_its_run,
}


def told(name: str) -> Lineage:
    """What is known in the end of the version that a story is about."""
    story = Story()
    return story.told(STORIES[name](story))
