"""Which event a job of Azure Pipelines answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import UsageError
from mlops_ci.hosts.azure.event import read_event
from mlops_ci.hosts.azure.variables import collection, repository_name
from mlops_ci.records.actor import Actor
from mlops_ci.records.host import PullRequest
from tests.hosts.azure_jobs import AT_GITHUB, AUTHOR, COLLECTION, MERGE, PULL_REQUEST, PUSH, TIP, Checked

MAIN = Checked("main")


def test_a_push_to_the_default_branch() -> None:
    context = read_event(PUSH, MAIN)
    assert (context.host, context.event, context.branch, context.default_branch) == ("azure", "push", "main", "main")
    assert (context.base, context.commit, context.pull_request) == (None, None, None)
    assert context.releases
    assert context.ephemeral
    assert context.repository == "Data Science/ml"
    assert context.url == f"{COLLECTION}Data%20Science/_build/results?buildId=8123"
    assert context.actor == Actor("Ada Lovelace", "Data Science/ml", "model", "8123", 2)


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        ("IndividualCI", "push"),
        ("BatchedCI", "push"),
        ("Manual", "dispatch"),
        ("ResourceTrigger", "dispatch"),
        ("BuildCompletion", "dispatch"),
        ("Schedule", "schedule"),
        ("SomethingNew", "push"),
        ("$(Build.Reason)", "push"),
    ],
)
def test_the_reason_of_a_run_of_the_default_branch(reason: str, event: str) -> None:
    assert read_event(PUSH | {"BUILD_REASON": reason}, MAIN).event == event


@pytest.mark.parametrize("reason", ["IndividualCI", "Manual", "Schedule", "ResourceTrigger"])
def test_any_other_branch_is_judged_by_the_default_branchs_tip(reason: str) -> None:
    job = PUSH | {"BUILD_REASON": reason, "BUILD_SOURCEBRANCH": "refs/heads/feature/idea"}
    context = read_event(job, MAIN)
    assert (context.event, context.branch, context.base) == ("pull_request", "feature/idea", TIP)
    assert (context.pull_request, context.commit, context.releases) == (None, None, False)


def test_a_tag() -> None:
    context = read_event(PUSH | {"BUILD_SOURCEBRANCH": "refs/tags/v1/x"}, MAIN)
    assert (context.event, context.tag, context.branch) == ("tag", "v1/x", None)


def test_a_pull_request_is_its_authors_commit_judged_by_what_it_was_merged_into() -> None:
    context = read_event(PULL_REQUEST, Checked("main", tips={}))
    assert (context.event, context.commit, context.base) == ("pull_request", AUTHOR, TIP)
    assert context.branch == "feature/carriers"
    assert context.pull_request == PullRequest(7, AUTHOR, "feature/carriers", "main", False, "Data Science/ml")


def test_a_pull_request_at_github_has_githubs_number() -> None:
    context = read_event(AT_GITHUB, MAIN)
    assert context.pull_request == PullRequest(7, AUTHOR, "feature/carriers", "main", True, "ada/ml")
    assert context.repository == "acme/ml"


def test_without_githubs_number_the_reference_has_it() -> None:
    context = read_event(AT_GITHUB | {"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "$(x)"}, MAIN)
    assert context.pull_request
    assert context.pull_request.number == 7, "and not Azure's identifier of it"


def test_a_pull_request_that_is_not_merged_is_judged_by_its_targets_tip() -> None:
    context = read_event(PULL_REQUEST | {"BUILD_SOURCEVERSION": AUTHOR}, Checked("main", parents=("f" * 40,)))
    assert (context.base, context.commit) == (TIP, AUTHOR)


def test_a_checkout_of_the_authors_own_merge_is_not_judged_by_an_earlier_commit_of_the_author() -> None:
    context = read_event(PULL_REQUEST, Checked("main", parents=("f" * 40, "e" * 40)))
    assert (context.base, context.commit) == (TIP, AUTHOR)


def test_a_pull_request_stays_one_whatever_branch_is_named() -> None:
    context = read_event(PULL_REQUEST, MAIN, branch="main")
    assert (context.event, context.releases, context.commit) == ("pull_request", False, AUTHOR)


def test_a_pull_request_into_another_branch_is_judged_by_that() -> None:
    job = PULL_REQUEST | {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/release/1", "BUILD_SOURCEVERSION": AUTHOR}
    context = read_event(job, Checked("main", tips={"release/1": "d" * 40}, parents=()))
    assert (context.default_branch, context.base) == ("main", "d" * 40)


def test_a_run_by_hand_of_a_pull_requests_merge_is_that_pull_request() -> None:
    job = {name: value for name, value in PULL_REQUEST.items() if not name.startswith("SYSTEM_PULLREQUEST")}
    context = read_event(job | {"BUILD_REASON": "Manual"}, MAIN)
    assert context.pull_request == PullRequest(7, AUTHOR, None, "main", False)
    assert (context.event, context.commit, context.base) == ("pull_request", AUTHOR, TIP)
    assert read_event(job, Checked("main", parents=())).commit == MERGE


def test_unexpanded_macros_are_not_there() -> None:
    macros = dict.fromkeys((name for name in PULL_REQUEST if name.startswith("SYSTEM_PULLREQUEST")), "$(System.x)")
    context = read_event(PUSH | macros, MAIN)
    assert (context.event, context.pull_request) == ("push", None)


def test_an_older_server_calls_its_collection_otherwise() -> None:
    older = "https://tfs.example/tfs/DefaultCollection"
    assert collection({"SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": older}) == f"{older}/"
    assert collection({"SYSTEM_COLLECTIONURI": "$(System.CollectionUri)"}) is None


@pytest.mark.parametrize(
    ("job", "checkout", "says"),
    [
        (PUSH | {"BUILD_SOURCEBRANCH": ""}, MAIN, "which branch it builds"),
        (PUSH | {"BUILD_SOURCEBRANCH": "$/Fabrikam"}, MAIN, "no git repository"),
        (PUSH, Checked(), "which branch releases"),
        (PUSH | {"BUILD_SOURCEBRANCH": "refs/heads/idea"}, Checked("main", {}), "does not have main"),
        (PULL_REQUEST, Checked(tips={}, parents=()), "does not have main"),
    ],
)
def test_what_cannot_be_known_is_asked_for(job: dict[str, str], checkout: Checked, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        read_event(job, checkout)
    assert raised.value.hint


def test_a_branch_that_is_alone_in_the_checkout_does_not_release() -> None:
    job = PUSH | {"BUILD_SOURCEBRANCH": "refs/heads/idea"}
    with pytest.raises(UsageError, match="which branch releases"):
        read_event(job, Checked("idea"))
    assert read_event(job, Checked("idea"), default_branch="idea").event == "push"


def test_the_branch_that_releases_can_be_named() -> None:
    assert read_event(PUSH, Checked(), default_branch="main").event == "push"
    assert read_event(PUSH, MAIN, default_branch="main").branch == "main"


def test_a_pull_request_needs_no_default_branch() -> None:
    assert read_event(PULL_REQUEST, Checked()).default_branch == "main"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://acme@dev.azure.com/acme/ml/_git/models", "ml/models"),
        ("https://acme.visualstudio.com/_git/models", "models"),
        ("https://github.com/acme/ml.git", "acme/ml"),
        ("", ""),
    ],
)
def test_repositories_are_called_as_people_call_them(address: str, name: str) -> None:
    assert repository_name(address) == name


@given(
    st.dictionaries(
        st.sampled_from(sorted(PULL_REQUEST)), st.sampled_from(["", "$(x)", "x", "-1", "9" * 30, "\n", "http://[x"])
    )
)
def test_no_environment_surprises(changed: dict[str, str]) -> None:
    try:
        context = read_event(PULL_REQUEST | changed, MAIN)
    except UsageError as error:
        assert error.hint
    else:
        assert context.event in {"push", "pull_request"}
