"""Which event a job of GitHub Actions answers, with GitHub's own payloads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import UsageError
from mlops_ci.hosts.github.event import Job as GitHubJob
from mlops_ci.hosts.github.event import workflow_run
from mlops_ci.hosts.github.files import LARGEST_EVENT
from mlops_ci.records.actor import Actor
from mlops_ci.records.codec import encode
from mlops_ci.records.host import HostContext, PullRequest
from mlops_ci.records.workflow_run import WorkflowRun
from tests.hosts.hosts import BASE, HEAD, Repository, github_job
from tests.parts.github import event

NEWER = "c" * 40
DETACHED = Repository(None, default_branch=None)


@pytest.fixture
def answer(tmp_path: Path) -> Any:
    """What a job makes of an event."""

    def context(name: str, payload: Any, repository: Repository = DETACHED, **variables: str) -> HostContext:
        return github_job(tmp_path, name, payload, **variables).host().context(repository)

    return context


def failing(answer: Any, *arguments: Any, **variables: str) -> str:
    with pytest.raises(UsageError) as raised:
        answer(*arguments, **variables)
    line = raised.value.line()
    assert "\n" not in line
    assert len(line) < 600
    return str(line)


def test_a_push_to_the_default_branch(answer: Any) -> None:
    assert answer("push", event("push")) == HostContext(
        host="github",
        event="push",
        branch="main",
        default_branch="main",
        base=None,
        ephemeral=True,
        actor=Actor("somebody", "acme/ml", "model", "77", 2),
        repository="acme/ml",
        url="https://github.com/acme/ml/actions/runs/77/attempts/2",
    )


def test_a_push_to_another_branch_is_judged_by_the_default_branchs_tip(answer: Any) -> None:
    repository = Repository(None, default_branch="main")
    context = answer("push", event("push", branch="idea/1"), repository, GITHUB_REF="refs/heads/idea/1")
    assert (context.event, context.branch, context.base, context.pull_request) == (
        "pull_request", "idea/1", BASE, None,
    )  # fmt: skip


def test_a_pushed_tag(answer: Any) -> None:
    context = answer("push", event("push"), GITHUB_REF="refs/tags/v1.0")
    assert (context.event, context.tag, context.branch, context.releases) == ("tag", "v1.0", None, False)


@pytest.mark.parametrize("ref", ["refs/heads/gone", "refs/tags/gone"])
@pytest.mark.parametrize("sign", [{"deleted": True}, {"after": "0" * 40}])
def test_a_deletion_has_nothing_to_train_on(answer: Any, ref: str, sign: dict[str, Any]) -> None:
    assert "a deletion has no commit" in failing(answer, "push", {**event("push"), **sign}, GITHUB_REF=ref)


def test_a_pull_request_is_the_authors_commit_and_not_the_test_merge(answer: Any) -> None:
    payload = event("pull_request", number=5, action="synchronize")
    context = answer("pull_request", payload, GITHUB_REF="refs/pull/5/merge", GITHUB_SHA="d" * 40)
    assert (context.event, context.branch, context.commit, context.base) == ("pull_request", "feature", HEAD, BASE)
    assert context.pull_request == PullRequest(5, HEAD, "feature", "main", fork=False, repository="acme/ml")


def test_the_rules_are_those_that_the_test_merge_was_merged_into(answer: Any) -> None:
    merge = replace(DETACHED, parents=(NEWER, HEAD))
    assert answer("pull_request", event("pull_request"), merge).base == NEWER


@pytest.mark.parametrize("parents", [(), (NEWER,), (HEAD, NEWER), (NEWER, NEWER), (NEWER, HEAD, NEWER)])
def test_what_is_no_test_merge_decides_no_rules(answer: Any, parents: tuple[str, ...]) -> None:
    assert answer("pull_request", event("pull_request"), replace(DETACHED, parents=parents)).base == BASE


def test_a_pull_request_of_a_fork_though_its_branch_is_called_main(answer: Any) -> None:
    context = answer("pull_request", event("pull_request", fork="stranger", branch="main"))
    assert context.pull_request == PullRequest(1, HEAD, "main", "main", fork=True, repository="stranger/ml")
    assert (context.event, context.releases) == ("pull_request", False)


def test_dependabot_has_the_rights_of_a_fork_whoever_runs_its_job_again(answer: Any) -> None:
    context = answer(
        "pull_request", event("pull_request"), GITHUB_ACTOR="dependabot[bot]", GITHUB_TRIGGERING_ACTOR="somebody"
    )
    assert (context.pull_request.fork, context.pull_request.repository) == (True, "acme/ml")


def test_a_fork_that_was_deleted_is_still_one(answer: Any) -> None:
    payload = event("pull_request", fork="stranger")
    payload["pull_request"]["head"]["repo"] = None
    context = answer("pull_request", payload)
    assert (context.pull_request.fork, context.pull_request.repository) == (True, None)


def test_a_merge_group_is_judged_by_what_it_was_queued_on(answer: Any) -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-1-{BASE}"
    context = answer("merge_group", event("merge_group"), GITHUB_REF=ref)
    assert (context.event, context.branch, context.base, context.commit) == ("merge_group", "main", BASE, HEAD)


def test_a_merge_group_of_another_branch_is_kept_apart_from_the_default_one(answer: Any) -> None:
    context = answer("merge_group", event("merge_group", base_branch="next"))
    assert (context.event, context.branch, context.base) == ("pull_request", "next", BASE)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("schedule", "schedule"), ("workflow_dispatch", "dispatch"), ("repository_dispatch", "dispatch")],
)
def test_what_nobody_pushed_is_asked_for(answer: Any, name: str, kind: str) -> None:
    context = answer(name, event(name))
    assert (context.event, context.branch, context.is_asked_for) == (kind, "main", True)


def test_a_schedule_whose_payload_says_nothing_is_of_the_default_branch(answer: Any) -> None:
    context = answer("schedule", {"schedule": "0 0 * * *"}, GITHUB_REF="refs/heads/trunk")
    assert (context.event, context.branch, context.default_branch) == ("schedule", "trunk", "trunk")


def test_a_dispatch_on_another_branch_is_like_a_push_to_it(answer: Any) -> None:
    payload = event("workflow_dispatch", branch="idea")
    repository = Repository(None, default_branch="main")
    context = answer("workflow_dispatch", payload, repository, GITHUB_REF="refs/heads/idea")
    assert (context.event, context.branch, context.base) == ("pull_request", "idea", BASE)


def test_a_dispatch_on_a_tag_is_of_a_tag(answer: Any) -> None:
    context = answer("workflow_dispatch", event("workflow_dispatch"), GITHUB_REF="refs/tags/v2")
    assert (context.event, context.tag) == ("tag", "v2")


def test_a_release_is_of_its_tag(answer: Any) -> None:
    payload = {"action": "published", "release": {"tag_name": "v3"}, "repository": event("push")["repository"]}
    assert answer("release", payload).tag == "v3"


def test_on_a_rerun_it_is_who_started_it_again(answer: Any) -> None:
    assert answer("push", event("push"), GITHUB_TRIGGERING_ACTOR="another").actor.name == "another"


def test_an_enterprise_server_shows_its_own_runs(answer: Any) -> None:
    url = answer("push", event("push"), GITHUB_SERVER_URL="https://ghe.example.com/").url
    assert url == "https://ghe.example.com/acme/ml/actions/runs/77/attempts/2"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("pull_request_target", "with credentials"),
        ("workflow_run", "mlops-ci comment"),
        ("issue_comment", "use one of push, schedule"),
        ("x\n::error::y" * 100, "nothing is to be done"),
        ("", "says no event"),
    ],
)
def test_an_event_that_is_not_for_this_says_what_is(answer: Any, name: str, says: str) -> None:
    assert says in failing(answer, name, event("pull_request"))


DEEP = b'{"a":' * 100_000


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b"{", b"\xff\xfe", DEEP, b'{"repository": 1}', b'{"deleted": "yes"}', b'"\\ud800"'],
)
def test_a_payload_that_is_none_is_one_clear_line(answer: Any, payload: bytes) -> None:
    assert "GITHUB_EVENT_PATH" in failing(answer, "push", payload)


HOSTILE = [
    ("number", 0), ("number", -1), ("number", True), ("number", "1"), ("number", 1 << 60),
    ("head", None), ("head", {}), ("head", {"ref": "a"}),
    ("head.sha", "main"), ("head.sha", "A" * 40), ("head.sha", HEAD + "\n"), ("head.sha", "--upload-pack=x"),
    ("head.ref", "--upload-pack=x"), ("head.ref", "a b"), ("head.ref", "a\n::error::x"), ("head.ref", ""),
    ("head.ref", "a..b"), ("head.ref", "x" * 2000), ("head.ref", "a@{1}"), ("base.ref", "^main"),
    ("base.sha", "HEAD"), ("base.sha", ""), ("head.repo", {"full_name": "a/../b"}),
    ("head.repo", {"full_name": "../x"}),
    ("head.repo", {"full_name": "a/.."}), ("head.repo", {"full_name": "a?x/b"}), ("head.repo", 7),
]  # fmt: skip


@pytest.mark.parametrize(("field", "wild"), HOSTILE)
def test_a_field_that_cannot_be_is_refused(answer: Any, field: str, wild: Any) -> None:
    payload = event("pull_request")
    *path, last = field.split(".")
    where = payload["pull_request"]
    for step in path:
        where = where[step]
    where[last] = wild
    failing(answer, "pull_request", payload)


@pytest.mark.parametrize("branch", ['zzz";echo${IFS}x;#', "$(id)", "ü/é", "a'b", "feature/x-1_y.z", "@"])
def test_a_branch_may_have_any_name_that_git_takes(answer: Any, branch: str) -> None:
    assert answer("pull_request", event("pull_request", branch=branch)).branch == branch


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["repository", "pull_request", "head", "base", "sha", "ref", "number", "repo", "merge_group",
                         "head_sha", "base_ref", "full_name", "default_branch", "release", "tag_name", "deleted"]),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON, st.sampled_from(["push", "pull_request", "merge_group", "release", "schedule", "workflow_dispatch"]))
def test_no_payload_is_a_crash(payload: Any, name: str) -> None:
    environ = {"GITHUB_EVENT_NAME": name, "GITHUB_REF": "refs/heads/main"}
    try:
        context = GitHubJob(environ, encode(payload), Repository()).context()
    except UsageError:
        return
    assert context.host == "github"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"GITHUB_EVENT_PATH": ""}, "GITHUB_EVENT_PATH names no file"),
        ({"GITHUB_EVENT_PATH": "/nowhere/event.json"}, "cannot be read: No such file"),
        ({"GITHUB_EVENT_PATH": "/"}, "cannot be read: Is a directory"),
        ({"GITHUB_EVENT_PATH": "a\0b"}, "cannot be read"),
        ({"GITHUB_REPOSITORY": "../../x"}, "not a repository"),
        ({"GITHUB_REF": ""}, "neither a branch nor a tag"),
        ({"GITHUB_REF": "refs/heads/--x"}, "not the name of a branch"),
    ],
)
def test_a_variable_that_is_wrong_is_one_clear_line(answer: Any, variables: dict[str, str], says: str) -> None:
    assert says in failing(answer, "push", {"repository": {"default_branch": "main"}}, **variables)


def test_an_event_of_any_size_is_not_read(answer: Any, tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(LARGEST_EVENT + 1)
    assert "more than" in failing(answer, "push", {}, GITHUB_EVENT_PATH=str(huge))


def test_without_any_default_branch_it_is_asked_for(answer: Any) -> None:
    assert "which branch releases" in failing(answer, "push", {})


def test_the_poster_learns_of_the_run_that_it_speaks_for(tmp_path: Path) -> None:
    payload = event("workflow_run", fork="stranger", branch="idea", run_id=8, attempt=3)
    assert payload["workflow_run"]["pull_requests"] == []
    assert github_job(tmp_path, "workflow_run", payload).host().workflow_run() == WorkflowRun(
        id="8", attempt=3, event="pull_request", commit=HEAD, branch="idea", owner="stranger",
        url="https://github.com/acme/ml/actions/runs/8/attempts/3", fork=True,
    )  # fmt: skip


def test_a_run_of_the_repository_itself_is_no_forks(tmp_path: Path) -> None:
    run = github_job(tmp_path, "workflow_run", event("workflow_run")).host().workflow_run()
    assert run
    assert (run.fork, run.owner) == (False, "acme")


@pytest.mark.parametrize(
    "wild",
    [{"id": -1}, {"head_sha": "x"}, {"head_branch": "-x"}, {"head_repository": {"full_name": "x"}}, {"id": None}],
)
def test_a_run_that_cannot_be_is_refused(wild: dict[str, Any]) -> None:
    payload = event("workflow_run")
    payload["workflow_run"] |= wild
    with pytest.raises(UsageError):
        workflow_run({}, encode(payload))
