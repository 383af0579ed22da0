"""Pull requests on GitHub: which one a commit belongs to, and what is shown beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import RemoteError
from mlops_ci.hosts.github.api import GitHubApi
from mlops_ci.hosts.github.checks import LONGEST_TEXT, cut
from mlops_ci.hosts.github.reviews import GitHubReviews
from mlops_ci.records.conclusion import Annotation, Conclusion
from tests.hosts.github_api import BASE, HEAD, PERMISSIONS, Place, make_place
from tests.parts.github import FAULTS, FakeGitHub
from tests.support.loopback import in_turn, of_json, serving

MERGED = "d" * 40
CONCLUSION = Conclusion(
    "coin", "failure", "refused: auc fell", "| auc |\n|---|", HEAD, "https://github.com/acme/ml/actions/runs/7"
)


@pytest.fixture
def place(github: FakeGitHub) -> Place:
    return make_place(github)


def remarks(count: int) -> tuple[Annotation, ...]:
    return tuple(Annotation("error", f"remark {number}", file="mlops.yaml", line=number) for number in range(count))


def test_a_merge_is_that_of_its_pull_request(place: Place) -> None:
    place.repository.merge(1, MERGED)
    assert place.reviews().merged_as(MERGED) == 1


def test_the_head_of_an_open_pull_request_has_merged_nothing(place: Place) -> None:
    assert place.reviews().merged_as(HEAD) is None


def test_a_test_merge_has_merged_nothing(place: Place) -> None:
    place.repository.open_pull(2, head="e" * 40, branch="other", test_merge=HEAD)
    assert place.reviews().merged_as(HEAD) is None


def test_a_commit_that_was_never_pushed_has_no_pull_request(place: Place) -> None:
    assert place.reviews().merged_as("f" * 40) is None


def test_the_pull_request_of_a_fork_is_found_by_its_head(place: Place) -> None:
    place.repository.open_pull(2, head="e" * 40, branch="feature", fork="stranger")
    reviews = place.reviews()
    assert reviews.of_head("stranger", "feature", "e" * 40) == 2
    assert reviews.of_head("acme", "feature", HEAD) == 1


def test_a_head_that_moved_on_or_closed_has_none(place: Place) -> None:
    reviews = place.reviews()
    assert reviews.of_head("acme", "feature", "f" * 40) is None
    place.repository.close(1)
    assert reviews.of_head("acme", "feature", HEAD) is None


def test_the_pull_request_into_the_default_branch_comes_first(place: Place) -> None:
    place.repository.open_pull(2, head=HEAD, branch="feature")
    place.repository.pulls[1].base_branch = "next"
    assert place.reviews().of_head("acme", "feature", HEAD) == 2
    place.repository.pulls[2].base_branch = "later"
    assert place.reviews().of_head("acme", "feature", HEAD) == 1


@pytest.mark.parametrize("branch", ["", "a&state=all", "x:y", "ü/é", 'zzz";echo${IFS}x;#'])
def test_a_filter_that_github_overlooks_finds_nothing(place: Place, branch: str) -> None:
    assert place.reviews().of_head("acme", branch, HEAD) is None


def test_a_conclusion_is_a_check_run(place: Place) -> None:
    place.reviews().conclude(replace(CONCLUSION, annotations=remarks(2)), 1)
    [run] = place.repository.check_runs
    assert (run.name, run.head_sha, run.conclusion, run.details_url) == (
        "mlops-ci / coin", HEAD, "failure", CONCLUSION.url,
    )  # fmt: skip
    assert run.output == {"title": "refused: auc fell", "summary": "| auc |\n|---|"}
    assert [(each["start_line"], each["annotation_level"]) for each in run.annotations] == [
        (1, "failure"), (1, "failure"),
    ]  # fmt: skip


def test_a_later_attempt_changes_the_same_check_run(place: Place) -> None:
    for state in ("failure", "success", "neutral"):
        place.reviews().conclude(replace(CONCLUSION, state=state), None)
    assert [run.conclusion for run in place.repository.check_runs] == ["neutral"]


def test_each_model_and_each_commit_has_its_own(place: Place) -> None:
    for model, commit in (("coin", HEAD), ("dice", HEAD), ("coin", BASE)):
        place.reviews().conclude(replace(CONCLUSION, model=model, commit=commit), 1)
    assert len(place.repository.check_runs) == 3


def test_remarks_of_an_earlier_attempt_are_not_shown_with_later_ones(place: Place) -> None:
    place.reviews().conclude(replace(CONCLUSION, annotations=remarks(1)), 1)
    place.reviews().conclude(replace(CONCLUSION, state="success"), 1)
    assert [len(run.annotations) for run in place.repository.check_runs] == [1, 0]


def test_many_remarks_go_in_batches(place: Place) -> None:
    place.reviews().conclude(replace(CONCLUSION, annotations=remarks(120)), 1)
    [run] = place.repository.check_runs
    assert [each["message"] for each in run.annotations] == [each.message for each in remarks(120)]
    assert [request.method for request in place.github.requests] == ["GET", "POST", "PATCH", "PATCH", "GET"]


def test_a_remark_on_no_file_and_texts_without_end_are_no_trouble(place: Place) -> None:
    wild = (Annotation("notice", "nowhere"), Annotation("warning", "ü" * 99_999, title="t\n" * 999, file="a.py"))
    long = replace(CONCLUSION, title="x\n" * 9999, summary="| ü |\n" * 99_999, annotations=wild)
    place.reviews().conclude(long, 1)
    [run] = place.repository.check_runs
    assert len(run.annotations) == 1
    assert len(run.output["summary"].encode()) <= LONGEST_TEXT


def test_text_is_cut_between_lines() -> None:
    assert cut("short") == "short"
    *lines, empty, notice = cut("ab\ncd\n" * 99, 60).splitlines()
    assert (set(lines), empty) == ({"ab", "cd"}, "")
    assert "summary of the run" in notice
    assert len(cut("ü" * 99, 60).encode()) <= 60


def test_a_job_of_that_name_is_left_alone(place: Place) -> None:
    token = place.repository.token(PERMISSIONS)
    place.reviews(token).conclude(CONCLUSION, 1)
    place.repository.check_runs[0].external_id = "a job"
    place.reviews(token).conclude(replace(CONCLUSION, state="success"), 1)
    assert [run.conclusion for run in place.repository.check_runs] == ["failure", "success"]


def test_a_personal_token_sets_a_status_instead(place: Place) -> None:
    token = place.repository.token(PERMISSIONS, "pat")
    place.reviews(token).conclude(replace(CONCLUSION, title="ü" * 200), 1)
    place.reviews(token).conclude(replace(CONCLUSION, state="neutral", url=None), 1)
    states = [(each.state, each.context, each.target_url) for each in place.repository.statuses]
    assert states == [("failure", "mlops-ci/coin", CONCLUSION.url), ("success", "mlops-ci/coin", None)]
    assert place.repository.statuses[0].description == "ü" * 139 + "…"
    assert place.repository.check_runs == []


def test_a_personal_token_that_cannot_have_check_runs_sets_a_status_too(place: Place) -> None:
    place.repository.private = True
    place.reviews(place.repository.token({"statuses": "write"}, "pat")).conclude(CONCLUSION, 1)
    assert [each.state for each in place.repository.statuses] == ["failure"]


def test_a_personal_token_without_statuses_is_told_what_it_lacks(place: Place) -> None:
    with pytest.raises(ResponseError, match="give the token statuses: write"):
        place.reviews(place.repository.token({"contents": "read"}, "pat")).conclude(CONCLUSION, 1)


@pytest.mark.parametrize(
    ("header", "lacks"),
    [
        ("", "checks: write"),
        ("checks=write", "checks: write"),
        ("checks=read", "checks: write"),
        ("actions=write,metadata=read; contents=write", "actions: write"),
        ("contents=write; pull_requests=read,checks=write", "contents: write"),
        ("metadata=read", "checks: write"),
        ("pull_requests=write ::error::, x=1", "pull-requests: write"),
        ("${{ secrets.X }}=write", "checks: write"),
    ],
)
def test_github_knows_best_which_permission_it_takes(header: str, lacks: str) -> None:
    said = {"message": "Resource not accessible by integration"}
    with serving(in_turn(of_json(said, 403, **{"X-Accepted-GitHub-Permissions": header}))) as server:
        api = GitHubApi("ghs_x", "acme/ml", base=server.url)
        with pytest.raises(ResponseError) as raised:
            api.ask("POST", "check-runs", needs="checks: write", body={})
    assert f"permissions: {{{lacks}}}" in raised.value.line()


@pytest.mark.parametrize("answer", [None, [], {}, "x", 7, {"check_runs": None}, {"id": "x"}, [{"number": "x"}]])
def test_an_answer_of_another_shape_is_no_crash(answer: object) -> None:
    with serving(in_turn(of_json(answer))) as server:
        reviews = GitHubReviews(GitHubApi("ghp_x", "acme/ml", base=server.url))
        conversation = reviews.conversation(1)
        calls: list[Callable[[], object]] = [
            lambda: reviews.is_open(1),
            lambda: reviews.merged_as(HEAD),
            lambda: reviews.of_head("acme", "feature", HEAD),
            lambda: conversation.ours("x"),
            lambda: conversation.post("x", resolved=True),
        ]
        for call in calls:
            with suppress(RemoteError):
                assert call() in (None, False, [])
        with pytest.raises(RemoteError):
            reviews.conclude(CONCLUSION, 1)


def test_a_missing_permission_is_named(place: Place) -> None:
    with pytest.raises(ResponseError, match=r"permissions: \{checks: write\}"):
        place.reviews(place.repository.token({"contents": "read"})).conclude(CONCLUSION, 1)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whatever_goes_wrong_a_second_try_leaves_one_check_run(place: Place, fault: str, method: str) -> None:
    place.github.faults.fail_next([fault], method)
    for _ in range(2):
        try:
            place.reviews().conclude(CONCLUSION, 1)
        except RemoteError:
            continue
    assert [run.conclusion for run in place.repository.check_runs] == ["failure"]


def test_on_an_enterprise_server_all_goes_there() -> None:
    with FakeGitHub.started(prefix="/api/v3") as github:
        place = make_place(github)
        for number in range(150):
            place.conversation().post(f"{number}", resolved=True)
        assert len(place.conversation().ours("1")) == 61
        assert github.violations == []
