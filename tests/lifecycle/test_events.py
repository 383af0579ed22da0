"""Each event of a host has its journey."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.cli.output import Silent
from mlops_ci.cli.tagged import image_tag
from mlops_ci.edge.clock import now
from mlops_ci.lifecycle.arrival import Arrival, Options
from mlops_ci.lifecycle.ci import fails, nothing_to_do, run_ci
from mlops_ci.lifecycle.places import read_project_file
from mlops_ci.lifecycle.planning import hand_over, plan_session
from mlops_ci.lifecycle.session import Session, open_arrived
from mlops_ci.project.deploy import build_deploy
from mlops_ci.project.image import ImageChoice
from mlops_ci.project.load import load_project
from mlops_ci.records.actor import Actor
from mlops_ci.records.host import HostContext, PullRequest
from mlops_ci.records.report import Report
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.git.settings import find_remote
from tests.parts.git_http import Repository, git_host
from tests.support.host import ToldHost
from tests.support.lab import Lab, clean_environment, tree_bytes

USER, PASSWORD = "x-access-token", "ghs_NobodyMayEverSeeThis0123456789"


def context(event: Any, **more: Any) -> HostContext:
    told: dict[str, Any] = {"branch": "main", "base": None, "ephemeral": False}
    told |= more
    return HostContext(host="told", event=event, default_branch="main", actor=Actor("ada"), **told)


def open_on(
    lab: Lab, told: HostContext, *, lent: dict[str, str] | None = None, env: dict[str, str] | None = None, **more: Any
) -> Session:
    """A session as ``ci`` opens it, on a host that tells of this event."""
    environ = clean_environment() | (env or {})
    options = Options(lab.folder, None, "told", environ, now, print, **more)
    file = lab.folder / "mlops.yaml"
    project = load_project(read_project_file(file), file.name)
    origin = partial(find_remote, "git+origin", lab.folder, environ, lent)
    arrival = Arrival(file, project, Checkout(lab.folder, origin), ToldHost(told, lent or {}), told)
    return open_arrived(arrival, options, now())


def ci(session: Session) -> Report:
    return run_ci(session, Silent())


def run_of(lab: Lab, report: Report) -> Any:
    return lab.run("runs", "show", report.run, "--json").json


def test_a_merge_group_is_judged_by_the_base_and_trains_for_the_default_branch(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    base = lab.git("rev-parse", "HEAD")
    lab.git("switch", "--quiet", "--detach")
    lab.skill(0.4)
    lab.edit("mlops.yaml", "accuracy > baseline", "accuracy > 0.1")
    lab.commit("worse, and a looser gate")
    told = context("merge_group", branch="gh-readonly-queue/main/pr-7", base=base)
    refused = ci(open_on(lab, told))
    assert (refused.outcome, refused.version, fails(refused, told)) == ("refused", None, True)
    lab.skill(0.8)
    commit = lab.commit("better")
    passed = ci(open_on(lab, told))
    assert (passed.outcome, passed.version, fails(passed, told)) == ("passed", None, False)
    assert len(lab.versions()) == 1
    assert not (lab.workspace / "pull-requests").exists()
    # What it trained is what the push trains: nothing.
    lab.git("switch", "--quiet", "-C", "main", commit)
    promoted = ci(open_on(lab, context("push")))
    assert promoted.outcome == "promoted"
    assert [step.status for step in promoted.steps] == ["reused", "reused"]


@pytest.mark.parametrize("event", ["schedule", "dispatch"])
def test_what_nobody_pushed_is_registered_and_a_refusal_fails_nothing(lab_with_champion: Lab, event: str) -> None:
    lab = lab_with_champion
    lab.skill(0.4)
    lab.commit("worse")
    told = context(event)
    report = ci(open_on(lab, told))
    assert (report.outcome, report.version, fails(report, told)) == ("refused", 2, False)
    assert any("nobody pushed this" in note for note in report.notes)
    lab.skill(0.9)
    lab.commit("better")
    assert ci(open_on(lab, told)).outcome == "promoted"


def test_a_tag_calls_for_what_follows_tags_and_else_says_that_nothing_does(lab: Lab) -> None:
    plain = load_project((lab.folder / "mlops.yaml").read_bytes(), "mlops.yaml")
    following = replace(plain, deploy=build_deploy({"shop": {"target": "process", "tags": ["v*"]}}))
    pushed = replace(plain, image=ImageChoice(repository="ghcr.io/acme/model"))
    assert "nothing is done for the tag v1" in (nothing_to_do(context("tag", tag="v1"), plain) or "")
    assert "nothing is done for the tag x1" in (nothing_to_do(context("tag", tag="x1"), following) or "")
    for project in (following, pushed):
        assert nothing_to_do(context("tag", tag="v1"), project) is None
    assert nothing_to_do(context("push"), plain) is None


@pytest.mark.parametrize(("tag", "image"), [("v1.0", "v1.0"), ("release/1+gpu", "release-1-gpu"), ("-", "tagged")])
def test_a_tag_of_git_becomes_one_of_an_image(tag: str, image: str) -> None:
    assert image_tag(tag) == image


def test_of_a_test_merge_the_authors_commit_is_recorded_judged_and_shown(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    base = lab.git("rev-parse", "HEAD")
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.8)
    lab.write("evaluate.py", (lab.folder / "evaluate.py").read_text() + "# kinder\n")
    head = lab.commit("an idea")
    lab.git("switch", "--quiet", "--detach", base)
    lab.git("merge", "--quiet", "--no-ff", "-m", "test merge", head)
    merge = lab.git("rev-parse", "HEAD")
    request = PullRequest(7, head, "idea", "main", fork=False)
    told = context("pull_request", branch="idea", base=base, commit=head, pull_request=request)
    report = ci(open_on(lab, told))
    assert (report.commit.sha, report.commit.branch, report.commit.message) == (head, "idea", "an idea")
    assert report.verdict is not None
    assert report.verdict.candidate.commit == head
    assert any("the evaluation itself changes here" in note for note in report.notes)
    run = run_of(lab, report)
    assert (run["commit"]["sha"], run["merge"]["sha"]) == (head, merge)


def fork(lab: Lab) -> HostContext:
    base = lab.git("rev-parse", "HEAD")
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.8)
    head = lab.commit("an idea")
    request = PullRequest(7, head, "idea", "main", fork=True, repository="eve/ml")
    return context("pull_request", branch="idea", base=base, commit=head, pull_request=request)


def test_a_fork_is_compared_with_the_champion_and_leaves_nothing(lab_with_champion: Lab) -> None:
    told = fork(lab_with_champion)
    before = tree_bytes(lab_with_champion.workspace)
    report = ci(open_on(lab_with_champion, told))
    assert (report.outcome, report.champion) == ("passed", 1)
    assert report.verdict is not None
    assert report.verdict.baseline is not None
    assert any("read-only here" in note for note in report.notes)
    assert tree_bytes(lab_with_champion.workspace) == before


def test_a_job_that_is_to_leave_the_workspace_alone_promotes_nothing(lab_with_champion: Lab) -> None:
    lab_with_champion.skill(0.8)
    lab_with_champion.commit()
    before = tree_bytes(lab_with_champion.workspace)
    report = ci(open_on(lab_with_champion, context("push"), read_only=True))
    assert (report.outcome, report.version) == ("passed", None)
    assert tree_bytes(lab_with_champion.workspace) == before


@pytest.fixture
def remote(lab: Lab) -> Repository:
    """The lab's origin, which asks for a password, and is its workspace."""
    remote = git_host().repository()
    lab.git("remote", "add", "origin", remote.url)
    lab.edit("mlops.yaml", "version: 1\n", "version: 1\nworkspace: git+origin\n")
    lab.commit("keep the workspace in git")
    lab.git("push", "--quiet", "origin", "HEAD:main")
    remote.credentials = (USER, PASSWORD)
    return remote


def test_a_fork_that_cannot_read_the_workspace_sees_its_numbers_and_is_not_waved_through(
    lab: Lab, remote: Repository, tmp_path: Path
) -> None:
    told = fork(lab)
    report = ci(open_on(lab, told, env={"MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}, on_inconclusive="allow"))
    assert (report.outcome, fails(report, told)) == ("inconclusive", True)
    assert report.verdict is not None
    outcomes = {rule.rule: rule.outcome for rule in report.verdict.rules}
    assert outcomes == {"accuracy > baseline": "incomparable", "size <= 100": "pass"}
    assert any("the workspace cannot be read from here" in note for note in report.notes)
    assert report.metrics["accuracy"] is not None
    assert remote.refs() == ["refs/heads/main"]


def shallow(lab: Lab, remote: Repository, folder: Path) -> Lab:
    """A depth-1 clone without credentials, as a job finds it."""
    folder.mkdir()
    clone = Lab.existing(folder)
    clone.git("init", "--quiet")
    clone.git("remote", "add", "origin", remote.url)
    secret = f"http.extraheader={header()}"
    clone.git("-c", secret, "fetch", "--quiet", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    clone.git("checkout", "--quiet", "--detach", "refs/remotes/origin/main")
    return clone


def header() -> str:
    return f"AUTHORIZATION: basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"


def test_a_shallow_clone_without_credentials_goes_the_whole_way(lab: Lab, remote: Repository, tmp_path: Path) -> None:
    lent = {f"http.{remote.url.rpartition('/')[0]}/.extraheader": header()}
    env = {"MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}
    first = shallow(lab, remote, tmp_path / "first")
    before = tree_bytes(first.folder)
    assert ci(open_on(first, context("push"), lent=lent, env=env)).outcome == "promoted"
    assert tree_bytes(first.folder) == before
    for number in range(3):
        lab.skill(0.8)
        lab.commit(f"better {number}")
    remote.credentials = None
    lab.git("push", "--quiet", "origin", "HEAD:main")
    remote.credentials = (USER, PASSWORD)
    later = shallow(lab, remote, tmp_path / "later")
    before = tree_bytes(later.folder)
    promoted = ci(open_on(later, context("push"), lent=lent, env=env))
    assert (promoted.outcome, promoted.version) == ("promoted", 2)
    assert promoted.changes is not None
    assert promoted.changes.files == ()
    assert [change.name for change in promoted.changes.params or ()] == ["train.skill"]
    assert tree_bytes(later.folder) == before
    # The first job was late: what it finds is newer than itself.
    assert ci(open_on(first, context("push"), lent=lent, env=env)).outcome in {"superseded", "unchanged"}


def test_the_jobs_of_a_plan_are_handed_over(lab: Lab) -> None:
    lab.edit("mlops.yaml", "    run: python train.py\n", "    run: python train.py\n    runs_on: gpu\n")
    lab.commit("train on a better machine")
    session = open_on(lab, context("push"))
    hand_over(session, plan_session(session))
    host = session.host
    assert isinstance(host, ToldHost)
    jobs: list[dict[str, Any]] = [
        {"name": "train", "runs_on": "gpu", "steps": ["train"]},
        {"name": "evaluate", "runs_on": None, "steps": ["evaluate"]},
    ]
    legs = [{**job, "only": job["name"]} for job in jobs]  # one text, as the input of an action is
    assert {name: json.loads(value) for name, value in host.handed.items()} == {
        "jobs": jobs, "matrix": {"include": legs},
    }  # fmt: skip
    ci(session)
    session = open_on(lab, context("push"))
    hand_over(session, plan_session(session))
    assert isinstance(session.host, ToldHost)
    assert session.host.handed["jobs"] == "[]"
