"""Each kind of receiver takes what it is sent, as its published contract says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.azure_devops import FakeAzureDevOps, IncomingWebhook, Pipeline, ReleaseDefinition
from tests.parts.github import FakeGitHub
from tests.parts.receivers.event_grid import EventGridReceiver
from tests.parts.receivers.slack import SlackReceiver
from tests.parts.receivers.teams import TeamsReceiver
from tests.parts.receivers.webhook import WebhookReceiver
from tests.registry.making import MODEL, sha
from tests.triggers.office import METRICS, Office, project

pytest_plugins = ["tests.parts.github.fixture"]


@pytest.fixture
def azure() -> Iterator[FakeAzureDevOps]:
    with FakeAzureDevOps.started() as server:
        server.open_pull_request("a" * 40)
        pipeline = Pipeline(7, "deploy", server.project, server.repository, {"version": None}, frozenset({"reason"}))
        server.add_pipeline(pipeline)
        server.add_release_definition(ReleaseDefinition(3, "Deploy", server.project, {"_model": True}))
        server.add_webhook(IncomingWebhook("landed", "s3cret-of-the-hook", "X-Signature"))
        yield server
        assert server.violations == []


def _office(tmp_path: Path, line: str, **environ: str) -> Office:
    office = Office(tmp_path, project(line), environ)
    office.register(1)
    office.register(2)
    return office


def _sent(office: Office, event: str) -> str | None:
    """Deliver one event to the one receiver, once and for all; return the receipt."""
    (told,) = office.deliver().values()
    assert (told.sent, told.error) == ((event,), None), told.error and told.error.line()
    (again,) = office.deliver().values()
    assert again.sent == ()
    receipts = [office.store.get(item.key) or b"" for item in office.store.list("events/")]
    assert not any(
        value.encode() in data for data in receipts for name, value in office.environ.items() if "URL" not in name
    )
    return next((data.decode() for data in receipts if b'"receipt"' in data), None)


def test_a_repository_dispatch_carries_what_a_workflow_needs(tmp_path: Path, github: FakeGitHub) -> None:
    repository = github.repository("acme/shop")
    token = repository.token({"contents": "write"})
    office = _office(tmp_path, "{name: shop, github: acme/shop}", GITHUB_TOKEN=token, GITHUB_API_URL=github.url)
    event = office.promote(2)
    _sent(office, event)
    (dispatch,) = repository.dispatches
    assert dispatch.event_type == "model-promoted"
    payload = dispatch.client_payload
    assert (payload["id"], payload["version"], payload["commit"]) == (event, 2, sha(2))
    assert payload["data"]["metrics"] == METRICS and payload["data"]["tags"] == {"team": "fraud"}


def test_an_action_hands_the_token_of_its_job_on_and_no_other_host_s(tmp_path: Path, github: FakeGitHub) -> None:
    repository = github.repository("acme/ml")
    given = {"MLOPS_CI_TOKEN": repository.token({"contents": "write"}), "GITHUB_API_URL": github.url}
    line = "{name: shop, github: acme/ml}"
    office = _office(tmp_path, line, GITHUB_ACTIONS="true", **given)
    _sent(office, office.promote(2))
    assert len(repository.dispatches) == 1
    for other in (_office(tmp_path, line, TF_BUILD="True", **given), _office(tmp_path, line, **given)):
        other.promote(2)
        (told,) = other.deliver().values()
        assert told.error and "GITHUB_TOKEN is not set" in told.error.line()
    assert len(repository.dispatches) == 1


def test_a_workflow_is_dispatched_with_inputs_filled_in(tmp_path: Path, github: FakeGitHub) -> None:
    repository = github.repository("acme/ml")
    repository.commit("c" * 40)
    repository.workflow("deploy.yml", inputs={"version": {"required": True}, "dry": {}})
    line = (
        '{name: deploy, github: acme/ml, workflow: deploy.yml, inputs: {version: "v{version}", dry: true}, token: PAT}'
    )
    office = _office(tmp_path, line, PAT=repository.token({"actions": "write"}), GITHUB_API_URL=github.url)
    _sent(office, office.promote(2))
    (run,) = repository.workflow_runs
    assert (run.workflow, run.ref, run.inputs) == ("deploy.yml", "main", {"version": "v2", "dry": "true"})


@pytest.mark.parametrize("fault", ["lost after", "502 after", "cut", "500", "lost before"])
def test_a_deployment_is_made_once_however_its_answer_gets_lost(tmp_path: Path, github: FakeGitHub, fault: str) -> None:
    repository = github.repository("acme/ml")
    repository.commit(sha(2))
    line = "{name: production, github: acme/ml, deployment: production}"
    token = repository.token({"deployments": "write"})
    office = _office(tmp_path, line, GITHUB_TOKEN=token, GITHUB_API_URL=github.url)
    event = office.promote(2)
    github.faults.fail_next([fault], "POST")
    for _ in range(3):
        office.deliver()
        office.time.pass_(11)
    (deployment,) = repository.deployments
    assert (deployment.sha, deployment.environment, deployment.payload["id"]) == (sha(2), "production", event)
    assert [status.state for status in deployment.statuses] == ["queued"]


def test_a_deployment_whose_status_got_lost_gets_it_with_the_next_try(tmp_path: Path, github: FakeGitHub) -> None:
    repository = github.repository("acme/ml")
    repository.commit(sha(2))
    line = "{name: production, github: acme/ml, deployment: production}"
    token = repository.token({"deployments": "write"})
    office = _office(tmp_path, line, GITHUB_TOKEN=token, GITHUB_API_URL=github.url)
    event = office.promote(2)
    github.faults.fail_next(["slow", "500"], "POST")
    assert office.deliver()["production"].held_up == "failed"
    assert repository.deployments[0].statuses == []
    assert office.deliver()["production"].sent == (event,)
    assert [[status.state for status in made.statuses] for made in repository.deployments] == [["queued"]]


def test_a_deployment_that_somebody_has_begun_is_not_put_back(tmp_path: Path, github: FakeGitHub) -> None:
    repository = github.repository("acme/ml")
    repository.commit(sha(2))
    line = "{name: production, github: acme/ml, deployment: production}"
    token = repository.token({"deployments": "write"})
    office = _office(tmp_path, line, GITHUB_TOKEN=token, GITHUB_API_URL=github.url)
    event = office.promote(2)
    github.faults.fail_next(["slow", "lost after"], "POST")
    assert office.deliver()["production"].held_up == "failed"
    office.time.pass_(11)
    assert office.deliver()["production"].sent == (event,)
    assert [[status.state for status in made.statuses] for made in repository.deployments] == [["queued"]]


def test_a_pipeline_runs_with_parameters(tmp_path: Path, azure: FakeAzureDevOps) -> None:
    line = (
        "{name: shop, azure: acme/ml/7, branch: main, "
        'parameters: {version: "{version}"}, variables: {reason: "{model} by {event}"}}'
    )
    office = _office(tmp_path, line, SYSTEM_ACCESSTOKEN=azure.token, MLOPS_CI_AZURE_DEVOPS_URL=azure.endpoint)
    receipt = _sent(office, office.promote(2))
    (run,) = azure.pipelines[7].runs
    assert run["templateParameters"] == {"version": "2"}
    assert run["variables"] == {"reason": {"value": f"{MODEL} by model-promoted"}}
    assert receipt and f"run {run['id']}" in receipt


def test_a_classic_release_gets_the_version_as_its_artifact(tmp_path: Path, azure: FakeAzureDevOps) -> None:
    line = "{name: classic, azure-release: acme/ml/3, artifact: _model}"
    environ = {"SYSTEM_ACCESSTOKEN": azure.token, "MLOPS_CI_AZURE_DEVOPS_URL": f"{azure.endpoint}/vsrm"}
    office = _office(tmp_path, line, **environ)
    _sent(office, event := office.promote(2))
    (release,) = azure.release_definitions[3].releases
    assert event in release["description"]


def test_an_incoming_webhook_is_signed_over_the_very_bytes(tmp_path: Path, azure: FakeAzureDevOps) -> None:
    line = "{name: landed, azure-webhook: acme/landed, secret: HOOK, header: X-Signature}"
    office = _office(tmp_path, line, HOOK="s3cret-of-the-hook", MLOPS_CI_AZURE_DEVOPS_URL=azure.endpoint)
    event = office.promote(2)
    _sent(office, event)
    (heard,) = azure.webhooks["landed"].events
    assert (heard["id"], heard["type"], heard["data"]["version"]) == (event, "mlops-ci.model-promoted", 2)


def test_a_webhook_is_signed_at_the_time_of_sending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with WebhookReceiver.started() as receiver:
        office = _office(tmp_path, f'{{name: any, webhook: "{receiver.url}", secret: HOOK}}', HOOK=receiver.secret)
        from mlops_ci.edge.clock import now

        office.time.now = now()  # the receiver takes nothing that is older than five minutes
        event = office.promote(2)
        _sent(office, event)
        assert receiver.violations == []
        (delivery,) = receiver.deliveries
        assert (delivery.id, delivery.content["subject"]) == (event, f"models/{MODEL}:2")


def test_event_grid_gets_the_envelope_of_azure_machine_learning(tmp_path: Path) -> None:
    with EventGridReceiver.started() as receiver:
        registered = (f'{{name: grid, event-grid: "{receiver.url}", key: GRID}}',)
        office = Office(tmp_path, project(registered=registered), {"GRID": receiver.key})
        event = office.register(1)
        _sent(office, event)
        assert receiver.violations == []
        (delivery,) = receiver.deliveries
        assert delivery.content["eventType"] == "Microsoft.MachineLearningServices.ModelRegistered"
        assert delivery.content["data"]["ModelName"] == MODEL and delivery.content["data"]["ModelVersion"] == "1"


def test_people_read_of_it_in_teams_and_slack(tmp_path: Path) -> None:
    with TeamsReceiver.started() as teams, SlackReceiver.started() as slack:
        lines = ("{name: people, teams: TEAMS_URL}", "{name: chat, slack: SLACK_URL}")
        office = Office(tmp_path, project(*lines), {"TEAMS_URL": teams.url, "SLACK_URL": slack.url})
        office.register(1, metrics={"<!channel> [x](http://y) *" + "m" * 200: 1.0})
        event = office.promote(1)
        told = office.deliver()
        assert [one.sent for one in told.values()] == [(event,), (event,)], teams.violations
        assert teams.violations == slack.violations == []
        assert slack.deliveries[0].content["text"] == f"{MODEL} v1 is now champion"
        assert {block["text"]["type"] for block in slack.deliveries[0].content["blocks"]} == {"plain_text"}


@pytest.mark.parametrize(("sign", "hears"), [("GITHUB_ACTIONS", True), ("TF_BUILD", False), ("CI", False)])
def test_the_token_of_an_action_is_shown_to_its_own_host_only(
    tmp_path: Path, github: FakeGitHub, sign: str, hears: bool
) -> None:
    repository = github.repository("acme/shop")
    token = repository.token({"contents": "write"})
    environ = {sign: "true", "MLOPS_CI_TOKEN": token, "GITHUB_API_URL": github.url}
    office = _office(tmp_path, "{name: shop, github: acme/shop}", **environ)
    office.promote(2)
    (told,) = office.deliver().values()
    assert bool(told.sent) is bool(repository.dispatches) is hears
    if not hears:
        assert told.error is not None and told.error.line().startswith("the variable GITHUB_TOKEN is not set")


@pytest.mark.parametrize(
    ("collection", "server"),
    [
        ("https://dev.azure.com/acme/", "https://dev.azure.com"),
        ("https://acme.visualstudio.com/", "https://dev.azure.com"),
        ("https://server.example.org/tfs/Default/", "https://server.example.org/tfs"),
    ],
)
def test_the_token_of_a_job_goes_to_the_server_that_the_job_is_of(tmp_path: Path, collection: str, server: str) -> None:
    environ = {"TF_BUILD": "True", "SYSTEM_ACCESSTOKEN": "x.y.z", "SYSTEM_COLLECTIONURI": collection}
    office = _office(tmp_path, "{name: shop, azure: acme/shop/12}", **environ)
    office.promote(2)
    (due,) = office.triggering().due()
    assert due.requests[0].url.startswith(f"{server}/acme/shop/_apis/pipelines/12/runs?")
