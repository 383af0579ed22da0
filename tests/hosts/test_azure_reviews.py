"""Pull requests of Azure Repos and their statuses, against a server that keeps state."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import RemoteError
from mlops_ci.records.conclusion import Conclusion
from tests.hosts.azure_jobs import AUTHOR, MERGE
from tests.hosts.azure_server import Site, site
from tests.parts.azure_devops import CONTRIBUTE
from tests.parts.faults import Fault, Faults

LATER, SQUASH = "d" * 40, "e" * 40
RUN = "https://dev.azure.com/acme/ml/_build/results?buildId=8123"


@pytest.fixture
def azure() -> Iterator[Site]:
    with site() as found:
        yield found


def said(model: str, state: Any = "success", commit: str = AUTHOR, title: str = "passed") -> Conclusion:
    return Conclusion(model, state, f"{model}: {title}", "", commit, RUN)


def standing(azure: Site, iteration: int = 1) -> dict[str, str]:
    """What a branch policy sees: the newest status under each name."""
    assert {status["context"]["genre"] for status in azure.pull_request.statuses} <= {"mlops-ci"}
    return {
        status["context"]["name"]: status["state"]
        for status in azure.pull_request.statuses
        if status["iterationId"] == iteration
    }


def test_a_pull_request_is_open_until_it_is_not(azure: Site) -> None:
    reviews = azure.reviews()
    assert reviews.is_open(1)
    azure.pull_request.complete(SQUASH)
    assert not reviews.is_open(1)
    with pytest.raises(ResponseError, match="TF401180"):
        reviews.is_open(2)


@pytest.mark.parametrize("made", [MERGE, SQUASH, AUTHOR], ids=["merge", "squash or rebase", "fast-forward"])
def test_a_commit_of_the_default_branch_leads_to_its_pull_request(azure: Site, made: str) -> None:
    other = azure.server.open_pull_request(LATER, "refs/heads/other")
    reviews = azure.reviews()
    azure.pull_request.complete(made)
    assert reviews.merged_as(made) == 1
    assert reviews.merged_as("0" * 40) is None
    assert reviews.merged_as(other.commits[0]) is None


def test_a_fast_forward_that_the_service_tells_of_only_by_its_commits(azure: Site) -> None:
    azure.pull_request.complete(MERGE)
    assert azure.reviews().merged_as(AUTHOR) == 1


def test_an_earlier_commit_of_a_pull_request_is_not_what_its_merge_made(azure: Site) -> None:
    azure.pull_request.push(LATER)
    azure.pull_request.complete(SQUASH)
    assert azure.reviews().merged_as(AUTHOR) is None


def test_the_test_merge_of_an_open_pull_request_is_no_merge(azure: Site) -> None:
    assert azure.reviews().merged_as(MERGE) is None


def test_the_pull_request_of_a_branch_is_the_one_with_its_newest_commit(azure: Site) -> None:
    reviews = azure.reviews()
    fork = azure.server.open_pull_request(LATER, "refs/heads/feature/carriers", is_fork=True)
    assert reviews.of_head("acme", "feature/carriers", AUTHOR) == 1
    assert reviews.of_head("ada", "feature/carriers", LATER) == fork.number
    assert reviews.of_head("acme", "feature", AUTHOR) is None
    azure.pull_request.push("f" * 40)
    assert reviews.of_head("acme", "feature/carriers", AUTHOR) is None
    fork.abandon()
    assert reviews.of_head("ada", "feature/carriers", LATER) is None


def test_it_is_found_on_a_later_page_too(azure: Site) -> None:
    for _ in range(130):
        azure.server.open_pull_request(LATER, "refs/heads/feature/carriers")
    assert azure.reviews().of_head("acme", "feature/carriers", AUTHOR) == 1


@pytest.mark.parametrize(
    ("state", "shown"), [("success", "succeeded"), ("failure", "failed"), ("neutral", "notApplicable")]
)
def test_one_model_decides_alone(azure: Site, state: str, shown: str) -> None:
    azure.reviews().conclude(said("coin", state), 1)
    assert standing(azure) == {"gate": shown, "gate/coin": shown}
    assert [status["description"] for status in azure.pull_request.statuses] == ["coin: passed"] * 2
    assert {status["targetUrl"] for status in azure.pull_request.statuses} == {RUN}


@pytest.mark.parametrize(
    ("states", "shown", "words"),
    [
        (("success", "failure"), "failed", "not passed: two"),
        (("failure", "success"), "failed", "not passed: one"),
        (("success", "neutral"), "succeeded", "passed: one"),
        (("neutral", "neutral"), "notApplicable", "not judged: one, two"),
    ],
)
def test_several_models_are_summed_up(azure: Site, states: tuple[str, str], shown: str, words: str) -> None:
    reviews = azure.reviews()
    for model, state in zip(("one", "two"), states, strict=True):
        reviews.conclude(said(model, state), 1)
    assert standing(azure)["gate"] == shown
    assert azure.pull_request.statuses[-1]["description"] == words


def test_a_model_that_recovers_clears_the_sum(azure: Site) -> None:
    reviews = azure.reviews()
    reviews.conclude(said("one", "failure"), 1)
    reviews.conclude(said("two"), 1)
    reviews.conclude(said("one"), 1)
    assert standing(azure) == {"gate": "succeeded", "gate/one": "succeeded", "gate/two": "succeeded"}


def test_a_later_commit_starts_anew(azure: Site) -> None:
    reviews = azure.reviews()
    reviews.conclude(said("given up", "failure"), 1)
    azure.pull_request.push(LATER)
    reviews.conclude(said("one", commit=LATER), 1)
    assert standing(azure, 2) == {"gate": "succeeded", "gate/one": "succeeded"}
    reviews.conclude(said("one"), 1)
    assert standing(azure, 2)["gate"] == "succeeded", "a job that comes late speaks of its own commit"
    assert standing(azure, 1)["gate"] == "failed"


def test_a_commit_without_an_iteration_speaks_of_the_whole_pull_request(azure: Site) -> None:
    azure.reviews().conclude(said("coin", commit=LATER), 1)
    assert [status.get("iterationId") for status in azure.pull_request.statuses] == [None, None]


def test_statuses_of_others_do_not_count(azure: Site) -> None:
    theirs = {"id": 1, "state": "failed", "context": {"genre": "sonar", "name": "gate/x"}, "iterationId": 1}
    azure.pull_request.statuses.append(theirs)
    azure.reviews().conclude(said("coin"), 1)
    assert azure.pull_request.statuses[-1]["state"] == "succeeded"


def test_jobs_at_the_same_time_come_to_the_same_sum(azure: Site) -> None:
    states = ["success", "failure", "neutral", "success"]
    jobs = [said(f"m{number}", state) for number, state in enumerate(states)]
    reviews = [azure.reviews() for _ in jobs]
    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(lambda job: job[0].conclude(job[1], 1), zip(reviews, jobs, strict=True)))
    assert standing(azure)["gate"] == "failed"


def test_a_commit_without_a_pull_request_has_a_status_of_its_own(azure: Site) -> None:
    azure.reviews().conclude(said("coin", "failure"), None)
    [status] = azure.server.repository.commit_statuses[AUTHOR]
    assert (status["state"], status["context"]) == ("failed", {"genre": "mlops-ci", "name": "gate/coin"})
    assert azure.pull_request.statuses == []


def test_a_long_title_is_cut(azure: Site) -> None:
    azure.reviews().conclude(said("coin", title="x\n" * 500), 1)
    assert len(azure.pull_request.statuses[0]["description"]) == 200
    assert "\n" not in azure.pull_request.statuses[0]["description"]


def test_a_missing_permission_is_named(azure: Site) -> None:
    azure.server.denied.add(CONTRIBUTE)
    with pytest.raises(ResponseError, match="Contribute to pull requests"):
        azure.reviews().conclude(said("coin"), 1)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_status_may_be_set_twice(azure: Site, fault: Fault) -> None:
    azure.server.faults.fail_next([None, fault, fault, fault])
    azure.reviews().conclude(said("coin"), 1)
    assert standing(azure) == {"gate": "succeeded", "gate/coin": "succeeded"}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_wrong_the_sum_is_right_in_the_end(azure: Site, seed: int) -> None:
    reviews = azure.reviews()
    azure.server.faults = Faults(seed=seed, rate=0.35)
    for conclusion in (said("one", "failure"), said("two"), said("one")):
        for _ in range(40):
            try:
                reviews.conclude(conclusion, 1)
                break
            except RemoteError:
                continue
    assert standing(azure)["gate"] == "succeeded"
