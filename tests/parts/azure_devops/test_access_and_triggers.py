import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from tests.parts.azure_devops import (
    CREATE_RELEASES,
    QUEUE_BUILDS,
    FakeAzureDevOps,
    IncomingWebhook,
    Pipeline,
    ReleaseDefinition,
)
from tests.parts.azure_devops.asking import Asking
from tests.parts.azure_devops.contract import OPERATIONS
from tests.parts.azure_devops.operations import Operations
from tests.parts.azure_devops.repositories import Project

_RUNS = "ml/_apis/pipelines/7/runs"
_RELEASES = "ml/_apis/release/releases"
_HOOK = "_apis/public/distributedtask/webhooks/registered"


@pytest.fixture
def azure() -> Iterator[FakeAzureDevOps]:
    with FakeAzureDevOps.started() as server:
        server.open_pull_request("a" * 40)
        parameters = {"modelName": None, "modelVersion": "latest"}
        server.add_pipeline(
            Pipeline(7, "deploy", server.project, server.repository, parameters, settable=frozenset({"reason"}))
        )
        server.add_release_definition(ReleaseDefinition(3, "Deploy", server.project, {"model": True, "code": False}))
        server.add_webhook(IncomingWebhook("registered", "s3cret", "X-Signature"))
        yield server


@pytest.fixture
def ask(azure: FakeAzureDevOps) -> Asking:
    return Asking(azure)


def test_every_operation_is_there() -> None:
    assert {f"_{name.replace(' ', '_')}" for name in OPERATIONS} <= set(vars(Operations))


def test_a_stranger_gets_a_page_to_sign_in(azure: FakeAzureDevOps) -> None:
    page = Asking(azure, authorization="")("GET", "/threads")
    assert (page.status, page.body) == (203, None)
    assert b"Sign In" in page.data


def test_a_stranger_may_be_sent_to_a_page_to_sign_in(azure: FakeAzureDevOps) -> None:
    azure.redirects_strangers = True
    page = Asking(azure, authorization="")("GET", "/threads")
    assert (page.status, page.headers["location"]) == (302, f"{azure.endpoint}/_signin")
    assert Asking(azure)("GET", "_signin", base=f"{azure.endpoint}/").status == 200
    assert not azure.violations


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_token_is_the_password_of_anybody(azure: FakeAzureDevOps) -> None:
    for user in ("", "jo"):
        assert Asking(azure, _basic(f"{user}:{azure.token}"))("GET", "/threads").status == 200


@pytest.mark.parametrize("authorization", ["Bearer wrong", _basic(":wrong"), "Basic ???", "Digest x"])
def test_a_wrong_token_is_refused(azure: FakeAzureDevOps, authorization: str) -> None:
    refused = Asking(azure, authorization)("GET", "/threads")
    assert refused.status == 401
    assert refused.body["message"].startswith("TF400813")


def test_a_violation_of_a_stranger_is_noted_too(azure: FakeAzureDevOps) -> None:
    assert Asking(azure, authorization="")("GET", "/nothing").status == 203
    assert len(azure.violations) == 1


def _run(**fields: Any) -> dict[str, Any]:
    self_repository = {"repositories": {"self": {"refName": "refs/heads/main"}}}
    return {"resources": self_repository, "templateParameters": {"modelName": "flight-delay"}, **fields}


def test_a_pipeline_runs_with_its_parameters(ask: Asking) -> None:
    run = ask("POST", _RUNS, _run(variables={"reason": {"value": "registered"}})).body
    assert run["templateParameters"] == {"modelName": "flight-delay", "modelVersion": "latest"}
    assert run["state"] == "inProgress"
    assert ask("GET", f"{_RUNS}/{run['id']}").body == run
    assert not ask.server.violations


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_run(templateParameters={"modelName": "a", "stage": "b"}), "Unexpected parameter 'stage'"),
        (_run(templateParameters={}), "A value for the 'modelName' parameter must be provided."),
        (_run(variables={"x": {"value": "1"}}), "You can't set the following variables (x)"),
        (_run(resources={"repositories": {"self": {"refName": "refs/heads/gone"}}}), "using ref refs/heads/gone."),
    ],
)
def test_a_pipeline_takes_only_what_fits_it(ask: Asking, body: dict[str, Any], message: str) -> None:
    refused = ask("POST", _RUNS, body)
    assert (refused.status, refused.body["typeKey"]) == (400, "PipelineValidationException")
    assert message in refused.body["message"]
    assert not ask.server.pipelines[7].runs
    assert not ask.server.violations


@pytest.mark.parametrize(
    "body",
    [
        _run(resources={"repositories": {"self": {"refName": "main"}}}),
        _run(templateParameters={"modelName": {"a": 1}}),
        _run(variables={"reason": "x"}),
        _run(branch="main"),
        [],
    ],
)
def test_a_run_in_another_shape_is_a_violation(ask: Asking, body: Any) -> None:
    assert ask("POST", _RUNS, body).status == 400
    assert len(ask.server.violations) == 1


def test_a_preview_runs_nothing(ask: Asking) -> None:
    assert ask("POST", _RUNS, _run(previewRun=True)).status == 200
    assert not ask.server.pipelines[7].runs


def test_another_project_has_nothing_of_this_one(ask: Asking) -> None:
    ask.server.projects.append(Project("other"))
    assert ask("POST", _RUNS.replace("ml/", "other/"), _run()).status == 404
    assert ask("POST", _RELEASES.replace("ml/", "other/"), _release(), base=ask.server.release_url).status == 404
    refused = ask("GET", "other/_apis/git/repositories/models/pullRequests/1")
    assert refused.body["typeKey"] == "GitRepositoryNotFoundException"


def test_an_unknown_pipeline_is_named(ask: Asking) -> None:
    refused = ask("POST", "ml/_apis/pipelines/8/runs", _run())
    assert (refused.status, refused.body["typeKey"]) == (404, "DefinitionNotFoundException")
    assert "TF215016: The build pipeline 8 does not exist" in refused.body["message"]


def test_permissions_to_start_something_are_asked_for(ask: Asking) -> None:
    ask.server.denied |= {QUEUE_BUILDS, CREATE_RELEASES}
    assert "TF215106" in ask("POST", _RUNS, _run()).body["message"]
    refused = ask("POST", _RELEASES, {"definitionId": 3}, base=ask.server.release_url)
    assert (refused.status, refused.body["message"][:8]) == (403, "VS402904")


def _release(alias: str = "model", definition: int = 3) -> dict[str, Any]:
    return {
        "definitionId": definition,
        "description": "flight-delay 12",
        "artifacts": [{"alias": alias, "instanceReference": {"id": "12", "name": "flight-delay 12"}}],
        "isDraft": False,
        "reason": "none",
    }


def test_a_release_is_created_on_the_host_of_releases(ask: Asking) -> None:
    made = ask("POST", _RELEASES, _release(), base=ask.server.release_url).body
    assert (made["name"], made["status"], made["releaseDefinition"]["name"]) == ("Release-1", "active", "Deploy")
    assert ask("GET", f"{_RELEASES}/1", base=ask.server.release_url).body == made
    assert not ask.server.violations
    assert ask("POST", _RELEASES, _release()).status == 404
    assert len(ask.server.violations) == 1


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (_release(definition=4), 404, "VS402885: Release definition with ID 4 does not exist"),
        (_release("data"), 400, "the alias 'data'"),
        ({"definitionId": 3}, 400, "No version is given for the artifact 'model'"),
        (_release() | {"variables": {"x": {"value": "1"}}}, 400, "cannot be overridden at release time: x"),
    ],
)
def test_a_release_takes_only_what_fits_its_definition(
    ask: Asking, body: dict[str, Any], status: int, message: str
) -> None:
    refused = ask("POST", _RELEASES, body, base=ask.server.release_url)
    assert refused.status == status
    assert message in refused.body["message"]
    assert not ask.server.release_definitions[3].releases


def _signed(data: bytes, secret: str = "s3cret", prefix: str = "sha1=") -> dict[str, str]:
    return {"X-Signature": prefix + hmac.new(secret.encode(), data, hashlib.sha1).hexdigest(), "Authorization": ""}


def test_an_incoming_webhook_wants_no_credential_but_a_signature(ask: Asking) -> None:
    data = b'{ "model": "flight-delay" }\n'
    assert ask("POST", _HOOK, data, version="6.0-preview", headers=_signed(data)).status == 200
    assert ask.server.webhooks["registered"].events == [{"model": "flight-delay"}]


@pytest.mark.parametrize(
    "headers",
    [{}, _signed(b'{"a":1}'), _signed(b'{"a": 1}', "other"), _signed(b'{"a": 1}', prefix="")],
)
def test_a_signature_is_over_the_very_bytes(ask: Asking, headers: dict[str, str]) -> None:
    assert ask("POST", _HOOK, b'{"a": 1}', version="6.0-preview", headers=headers).status == 401
    assert not ask.server.webhooks["registered"].events


def test_an_unknown_webhook_is_refused(ask: Asking) -> None:
    assert ask("POST", f"{_HOOK}2", b"{}", version="6.0-preview").status == 404


def test_a_webhook_is_under_preview(ask: Asking) -> None:
    assert ask("POST", _HOOK, b"{}", version="7.1", headers=_signed(b"{}")).status == 400
    assert len(ask.server.violations) == 1
