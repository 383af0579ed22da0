"""The command line tells receivers, once each, and says in one line what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops_ci.__main__ import run
from tests.parts.github import FakeGitHub
from tests.parts.loopback import Answer, Request, serve
from tests.parts.receivers.event_grid import EventGridReceiver
from tests.parts.receivers.slack import SlackReceiver
from tests.parts.receivers.webhook import WebhookReceiver
from tests.support.lab import Done, Lab

pytest_plugins = ["tests.parts.github.fixture"]
_LOOKING = (("trigger", "--dry-run"), ("events", "list", "--json"))
Inside = Callable[..., Done]
Tried = Callable[..., Done]
CANARY = "canary" + "0123456789abcdef" * 2


@pytest.fixture
def hook() -> Iterator[WebhookReceiver]:
    with WebhookReceiver.started() as receiver:
        yield receiver
        assert receiver.violations == []


def _triggers(lab: Lab, *promoted: str, registered: tuple[str, ...] = ()) -> None:
    lines = ["triggers:"]
    for event, items in (("model-promoted", promoted), ("model-registered", registered)):
        lines += [f"  {event}:", *(f"    - {item}" for item in items)] if items else []
    lab.write("mlops.yaml", (lab.folder / "mlops.yaml").read_text() + "\n".join(lines) + "\n")
    lab.commit("triggers")


def _listens(hook: WebhookReceiver, name: str = "anybody") -> str:
    return f'{{name: {name}, webhook: "{hook.url}", secret: HOOK}}'


def _heard(hook: WebhookReceiver) -> list[tuple[str, int]]:
    return [(each.content["data"]["event"], each.content["data"]["version"]) for each in hook.deliveries]


def test_the_first_promotion_is_heard_and_a_rerun_tells_nothing_again(lab: Lab, hook: WebhookReceiver) -> None:
    _triggers(lab, _listens(hook), registered=(_listens(hook, "registrations"),))
    env = {"HOOK": hook.secret}
    first = lab.run("ci", "--host", "local", env=env)
    assert first.code == 0, first.err
    assert sorted(_heard(hook)) == [("model-promoted", 1), ("model-registered", 1)]
    assert "trigger anybody: told of " in first.err
    assert lab.run("ci", "--host", "local", env=env).code == 0
    lab.write("README.md", "nothing new\n")
    lab.commit("README")
    assert lab.run("ci", "--host", "local", env=env).code == 0
    assert len(_heard(hook)) == 2
    lab.skill(0.9)
    lab.commit("better")
    assert lab.ci("--host", "local", env=env)["outcome"] == "promoted"
    assert _heard(hook)[2:] == [("model-registered", 2), ("model-promoted", 2)]
    event = next(each.content for each in hook.deliveries if each.content["type"] == "mlops-ci.model-promoted")
    assert event["subject"] == "models/coin:1" and event["data"]["verdict"] == "pass"


def test_on_a_laptop_nobody_is_told_unless_asked_to(lab: Lab, hook: WebhookReceiver) -> None:
    _triggers(lab, _listens(hook))
    tried = lab.run("ci")
    assert tried.code == 0 and "nobody is told from a laptop" in tried.err  # though no secret is there
    assert _heard(hook) == []
    assert lab.run("trigger", env={"HOOK": hook.secret}).code == 0
    assert _heard(hook) == [("model-promoted", 1)]


def test_on_a_branch_nobody_is_told(lab_with_champion: Lab, hook: WebhookReceiver) -> None:
    lab = lab_with_champion
    _triggers(lab, _listens(hook))
    lab.git("checkout", "--quiet", "-b", "topic")
    lab.skill(0.9)
    lab.commit("better")
    assert lab.run("ci", "--host", "local", env={"HOOK": hook.secret}).code == 0
    assert hook.deliveries == []


def test_what_could_not_be_told_is_due_again_and_the_others_hear_of_it(
    lab_with_champion: Lab, hook: WebhookReceiver
) -> None:
    lab = lab_with_champion
    _triggers(lab, '{name: gone, webhook: "http://127.0.0.1:9/hook", secret: HOOK}', _listens(hook))
    lab.skill(0.9)
    lab.commit("better")
    done = lab.run("ci", "--host", "local", "--json", env={"HOOK": hook.secret})
    assert (done.code, done.json["outcome"]) == (3, "promoted")
    assert "error[3]: the webhook refuses connections; trigger gone; " in done.err
    assert _heard(hook) == [("model-promoted", 2)]
    lab.edit("mlops.yaml", "http://127.0.0.1:9/hook", hook.url)
    again = lab.run("trigger", "--json", env={"HOOK": hook.secret})
    assert (again.code, len(hook.deliveries)) == (0, 2), again.err
    assert [(one["sink"], len(one["sent"]), one["error"]) for one in again.json] == [
        ("gone", 1, None),
        ("anybody", 0, None),
    ]
    told = lab.run("events", "list", "--json").json[-1]
    assert [(each["sink"], each["status"], each["attempts"]) for each in told["deliveries"]] == [
        ("gone", "sent", 2),
        ("anybody", "sent", 1),
    ]
    table = lab.run("events", "list").out
    assert "gone: before it listened" in table and "gone: sent after 2 tries" in table


def test_register_and_promote_tell_too(lab: Lab, hook: WebhookReceiver) -> None:
    _triggers(lab, _listens(hook), registered=(_listens(hook, "registrations"),))
    env = {"HOOK": hook.secret}
    done = lab.run("register", "--model", "coin", "--file", "README.md", env=env)
    assert (done.code, _heard(hook)) == (0, [("model-registered", 1)]), done.err
    assert lab.run("register", "--model", "other", "--file", "README.md", env=env).code == 0
    assert lab.run("promote", "coin@v1", "--alias", "shadow", env=env).code == 0
    assert len(hook.deliveries) == 1, "shadow is not the gate's alias"
    assert lab.run("promote", "coin@v1", env=env).code == 0
    assert _heard(hook)[1:] == [("model-promoted", 1)]


def test_who_asks_to_deliver_is_told_that_there_is_nothing_to_do(lab_with_champion: Lab, hook: WebhookReceiver) -> None:
    assert lab_with_champion.run("trigger").out == "mlops.yaml has no triggers\n"
    _triggers(lab_with_champion, _listens(hook))
    assert lab_with_champion.run("trigger", env={"HOOK": hook.secret}).out == "nothing is due\n"


def test_a_dry_run_shows_the_request_and_leaves_everything_as_it_is(
    lab_with_champion: Lab, hook: WebhookReceiver, github: FakeGitHub
) -> None:
    lab = lab_with_champion
    _triggers(lab, _listens(hook), "{name: shop, github: acme/shop, token: PAT}", "{name: chat, slack: SLACK_URL}")
    env = {
        "HOOK": hook.secret,
        "PAT": CANARY,
        "SLACK_URL": f"https://hooks.example.org/{CANARY}",
        "GITHUB_API_URL": github.url,
    }
    assert lab.run("trigger", "--dry-run", env=env).out == "nothing is due\n"
    done = lab.run("trigger", "--dry-run", "--reference", "coin@champion", env=env)
    assert done.code == 0, done.err
    assert f"POST {github.url}/repos/acme/shop/dispatches" in done.out
    assert "Authorization: ***" in done.out and "POST https://hooks.example.org/***" in done.out
    assert CANARY not in done.out + done.err and hook.secret not in done.out
    shown = lab.run("trigger", "--dry-run", "--reference", "coin@v1", "--sink", "shop", "--json", env=env).json
    assert [request["body"]["event_type"] for one in shown for request in one["requests"]] == ["model-promoted"]
    assert hook.requests == [] and github.requests == []
    assert not (lab.workspace / "events").exists()


def test_a_test_event_says_that_it_is_one(lab_with_champion: Lab, hook: WebhookReceiver) -> None:
    lab = lab_with_champion
    _triggers(lab, _listens(hook))
    done = lab.run("events", "test", "anybody", env={"HOOK": hook.secret})
    assert done.code == 0, done.err
    (delivery,) = hook.deliveries
    assert delivery.id and delivery.id.startswith("test-") and done.out.startswith(delivery.id)
    assert (delivery.content["data"]["test"], delivery.content["data"]["version"]) == (True, 0)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Inside:
    """Run a command line in this process, which is quicker."""

    def inside(lab: Lab, *arguments: str, env: dict[str, str]) -> Done:
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(lab.folder)
            for name, value in env.items():
                patch.setenv(name, value)
            code = run(list(arguments))
        said = capfd.readouterr()
        return Done(code, said.out, said.err)

    return inside


@pytest.fixture
def tried(inside: Inside) -> Tried:
    """Send a test event to the one receiver of a project."""

    def tried(lab: Lab, line: str, **env: str) -> Done:
        _triggers(lab, line)
        return inside(lab, "events", "test", "x", env=env)

    return tried


def _answering(status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> tuple[list[Request], object]:
    seen: list[Request] = []

    def handle(request: Request) -> Answer:
        seen.append(request)
        return Answer(status, body, headers or {})

    return seen, serve(handle)


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (400, 2, "answered 400"),
        (401, 3, "check that the receiver knows the secret in HOOK"),
        (403, 3, "check that the receiver knows the secret in HOOK"),
        (404, 2, "check the address"),
        (410, 2, "the receiver is gone"),
        (413, 2, "the receiver takes no event of this size"),
        (302, 3, "redirects to"),
        (500, 3, "answered 500"),
        (502, 6, "it is not known whether the request was carried out"),
    ],
)
def test_a_refusal_is_one_line_and_is_not_asked_for_twice(
    lab_with_champion: Lab, tried: Tried, status: int, code: int, says: str
) -> None:
    seen, server = _answering(status, headers={"Location": "/elsewhere"} if status == 302 else None)
    secret = "whsec_" + "Y2FuYXJ5" * 4
    with server as url:  # type: ignore[attr-defined]
        done = tried(lab_with_champion, f'{{name: x, webhook: "{url}/hook", secret: HOOK}}', HOOK=secret)
    assert (done.code, len(seen)) == (code, 1), done.err
    assert done.err.startswith(f"mlops-ci: error[{code}]: ") and says in done.err and "trigger x" in done.err
    assert len(done.err.splitlines()) == 1 and secret not in done.err


@pytest.mark.parametrize("env", [{}, {"HOOK": ""}, {"HOOK": "  "}])
def test_a_missing_secret_is_named_with_its_trigger(lab_with_champion: Lab, tried: Tried, env: dict[str, str]) -> None:
    done = tried(lab_with_champion, '{name: x, webhook: "https://example.org", secret: HOOK}', **env)
    assert done.code == 2
    assert done.err.startswith("mlops-ci: error[2]: the variable HOOK is not set; trigger x; ")


@pytest.mark.parametrize(
    ("line", "permissions", "code", "says"),
    [
        ("github: acme/shop", {"contents": "read"}, 3, "the permission contents: write for acme/shop"),
        ("github: acme/none", {"contents": "write"}, 2, "check the name"),
        ("github: acme/shop, workflow: none.yml", {"actions": "write"}, 2, "check the name"),
        ("github: acme/shop, workflow: other.yml", {"actions": "write"}, 2, "must have on: workflow_dispatch"),
        ("github: acme/shop, deployment: production", {"deployments": "write"}, 2, "acme/shop must have the commit"),
        ("github: acme/shop, deployment: production", {"contents": "write"}, 3, "the permission deployments: write"),
    ],
)
def test_what_github_does_not_let_us_do_is_explained(
    lab_with_champion: Lab,
    tried: Tried,
    github: FakeGitHub,
    line: str,
    permissions: dict[str, str],
    code: int,
    says: str,
) -> None:
    repository = github.repository("acme/shop")
    repository.commit("a" * 40)
    repository.workflow("other.yml", dispatchable=False)
    token = repository.token(permissions)
    done = tried(lab_with_champion, f"{{name: x, {line}}}", GITHUB_TOKEN=token, GITHUB_API_URL=github.url)
    assert done.code == code, done.err
    assert says in done.err and token not in done.err and len(done.err.splitlines()) == 1


def test_an_unknown_trigger_is_told_of_the_known_ones(lab_with_champion: Lab) -> None:
    _triggers(lab_with_champion, "{name: chat, slack: URL}")
    for command in (("events", "test", "chta"), ("trigger", "--sink", "chta")):
        done = lab_with_champion.run(*command)
        assert (done.code, done.err) == (2, "mlops-ci: error[2]: no trigger 'chta'; there are: chat\n")


def test_no_secret_is_kept_or_shown_whatever_goes_wrong(lab_with_champion: Lab, inside: Inside) -> None:
    """Each receiver quotes all that it got, and refuses."""
    lab = lab_with_champion
    for number, status in enumerate((403, 500)):

        def handle(request: Request, status: int = status) -> Answer:
            quote = " ".join([request.target, *request.headers.values()])
            return Answer(status, json.dumps({"message": quote, "error": quote, "id": quote}).encode())

        with serve(handle) as url:
            secrets = {
                "PAT": f"ghp_{CANARY}a",
                "AZURE": f"{CANARY}b",
                "HOOK": "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5",
                "GRID": f"{CANARY}c",
                "SLACK_URL": f"{url}/services/{CANARY}d",
                "TEAMS_URL": f"{url}/workflows/x?sig={CANARY}e",
            }
            lines = [
                "{name: a, github: acme/shop, token: PAT}",
                "{name: b, azure: acme/shop/1, token: AZURE}",
                f'{{name: c, webhook: "{url}", secret: HOOK}}',
                f'{{name: d, event-grid: "{url}", key: GRID}}',
                "{name: e, slack: SLACK_URL}",
                "{name: f, teams: TEAMS_URL}",
                "{name: g, azure-webhook: acme/hook, secret: HOOK}",
            ]
            if number == 0:
                _triggers(lab, *lines)
                first_url = url
            else:
                lab.edit("mlops.yaml", first_url, url)
                first_url = url
            env = {**secrets, "GITHUB_API_URL": url, "MLOPS_CI_AZURE_DEVOPS_URL": url}
            model = ("register", "--model", "coin", "--file", "README.md", "--fingerprint", str(number))
            said = "".join(
                done.out + done.err
                for command in (model, ("promote", f"coin@v{number + 2}"), *_LOOKING)
                for done in [inside(lab, *command, env=env)]
            )
            kept = "".join(file.read_text() for file in (lab.workspace / "events").rglob("*.json"))
            for secret in (CANARY, "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"):
                assert secret not in said + kept, status


def test_a_gate_that_refuses_stays_the_answer_though_somebody_could_not_be_told(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    _triggers(lab, registered=("{name: chat, slack: SLACK_URL}",))
    lab.skill(0.3)
    lab.commit("worse")
    done = lab.run("ci", "--host", "local", env={})
    assert done.code == 1
    assert "the variable SLACK_URL is not set; trigger chat; " in done.err


def test_a_change_cannot_choose_who_hears(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.git("checkout", "--quiet", "-b", "topic")
    _triggers(lab, "{name: chat, slack: SLACK_URL}")
    assert (
        "`triggers` differs here"
        in lab.run("ci", "--host", "local", "--markdown", "report.md").out + (lab.folder / "report.md").read_text()
    )


def test_in_a_git_workspace_too(lab: Lab, hook: WebhookReceiver, tmp_path: Path) -> None:
    lab.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    lab.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    lab.git("push", "--quiet", "origin", "main")
    _triggers(lab, _listens(hook))
    lab.edit("mlops.yaml", "params: params.yaml", "workspace: git+origin\nparams: params.yaml")
    lab.commit("in git")
    for _ in range(2):
        done = lab.run("ci", "--host", "local", env={"HOOK": hook.secret})
        assert done.code == 0, done.err
    assert _heard(hook) == [("model-promoted", 1)]


def test_chat_and_grid_hear_of_it_in_one_go(lab: Lab) -> None:
    with SlackReceiver.started() as slack, EventGridReceiver.started() as grid:
        _triggers(lab, "{name: chat, slack: SLACK_URL}", f'{{name: grid, event-grid: "{grid.url}", key: GRID}}')
        assert lab.run("ci", "--host", "local", env={"SLACK_URL": slack.url, "GRID": grid.key}).code == 0
        assert (len(slack.deliveries), len(grid.deliveries)) == (1, 1)
        assert slack.violations == grid.violations == []
