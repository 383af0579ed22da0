"""A dataset at an address, through the journeys: planned by its etag, downloaded for a step that runs, on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.github import event
from tests.parts.loopback import Request
from tests.support.lab import Lab
from tests.support.loopback import Loopback, Reply, serving

HEADER = "id,target\n"


class Web:
    """A web server with the dataset, and what it says of it."""

    def __init__(self) -> None:
        self.tag = '"one"'
        self.rows = 400
        self.status = 200

    def __call__(self, request: Request) -> Reply:
        lines = [f"r{number},{number % 2}\n" for number in range(self.rows)]
        return Reply(self.status, (HEADER + "".join(lines)).encode(), {"ETag": self.tag})


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def server(web: Web) -> Iterator[Loopback]:
    with serving(web) as found:
        yield found


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}


@pytest.fixture
def far(lab: Lab, server: Loopback) -> Lab:
    """A lab whose data are on the web server, and nowhere in its repository."""
    lab.edit("mlops.yaml", "rows: {path: data/rows.csv}", f"rows: {{path: data/rows.csv, uri: {server.url}/rows.csv}}")
    lab.git("rm", "--quiet", "data/rows.csv")
    lab.commit("data elsewhere")
    return lab


def methods(server: Loopback) -> list[str]:
    asked = [request.method for request in server.requests]
    server.requests.clear()
    return asked


def test_a_plan_downloads_nothing_a_run_once_and_the_next_run_not_at_all(
    far: Lab, server: Loopback, web: Web, env: dict[str, str]
) -> None:
    def run(*arguments: str) -> str:
        done = far.run(*arguments, "--host", "local", env=env)
        assert done.code == 0, done.err
        return done.out

    assert [step["action"] for step in json.loads(run("plan", "--json"))["steps"]] == ["run", "depends"]
    assert methods(server) == ["HEAD"]
    run("ci")
    assert methods(server) == ["HEAD", "GET"]
    assert not (far.folder / "data").exists()
    (known,) = far.run("datasets", "list", "--json", env=env).json
    assert known["version"]["source"] == {"fingerprint": "etag", "uri": f"{server.url}/rows.csv", "tag": '"one"'}
    assert known["version"]["profile"]["rows"] == 400
    shown = far.run("datasets", "show", "rows", env=env)
    assert f'known by its etag "one" at {server.url}/rows.csv' in shown.out
    run("run")
    assert methods(server) == ["HEAD"]

    web.tag, web.rows = '"two"', 300
    plan = json.loads(run("plan", "--json"))
    assert plan["steps"][0]["reasons"] == ["dataset rows changed"]


def test_what_was_recorded_is_run_again_only_with_the_data_of_then(far: Lab, web: Web, env: dict[str, str]) -> None:
    assert far.run("ci", "--host", "local", env=env).code == 0
    done = far.run("reproduce", "coin@v1", "--json", "--host", "local", env=env)
    assert (done.code, done.json["outcome"]) == (0, "identical"), done.err
    web.tag = '"two"'
    done = far.run("reproduce", "coin@v1", "--host", "local", env=env)
    assert done.code == 3
    assert "the dataset rows is not what it was" in done.err and "rows.csv" in done.err and '"one"' in done.err


def test_a_champion_is_rescored_on_what_is_at_the_address_today(far: Lab, web: Web, env: dict[str, str]) -> None:
    assert far.run("ci", "--host", "local", env=env).code == 0
    web.tag, web.rows = '"two"', 500
    far.skill(0.9)
    far.commit("better, on new data")
    done = far.run("ci", "--json", "--host", "local", env=env)
    assert done.code == 0, done.err
    assert (done.json["outcome"], done.json["verdict"]["outcome"]) == ("promoted", "pass")


def test_what_git_has_where_the_data_appear_is_refused(far: Lab, env: dict[str, str]) -> None:
    far.write_rows(3)
    assert far.run("plan", "--host", "local", env=env).code == 0
    far.commit("in both places")
    done = far.run("plan", "--host", "local", env=env)
    assert done.code == 2
    assert "git tracks 'data/rows.csv', which is where data that are elsewhere appear; dataset rows" in done.err


def test_another_job_publishes_without_asking_for_the_data(
    far: Lab, server: Loopback, web: Web, env: dict[str, str], tmp_path: Path
) -> None:
    done = far.run("run", "--read-only", "--bundle", str(tmp_path / "bundle"), "--host", "local", env=env)
    assert done.code == 0, done.err
    server.requests.clear()
    done = far.run("ci", "--json", "--bundle", str(tmp_path / "bundle"), "--host", "local", env=env)
    assert (done.code, done.json["outcome"]) == (0, "promoted"), done.err
    assert server.requests == []
    (known,) = far.run("datasets", "list", "--json", env=env).json
    assert (known["version"]["source"]["tag"], known["version"]["profile"]["rows"]) == ('"one"', 400)
    manifest = tmp_path / "bundle" / "bundle.json"
    manifest.write_text(manifest.read_text().replace("/rows.csv", "/other.csv", 2))
    done = far.run("ci", "--bundle", str(tmp_path / "bundle"), "--host", "local", env=env)
    assert done.code == 5 and "the run has other datasets" in done.err


def test_a_fork_without_credentials_is_told_what_to_do(far: Lab, tmp_path: Path, env: dict[str, str]) -> None:
    far.edit(
        "mlops.yaml", "path: data/rows.csv, uri: http://127.0.0.1", "path: data/rows.csv, uri: s3://acme/127.0.0.1"
    )
    head = far.commit("data in a bucket")
    payload = event("pull_request", number=5, head=head, branch="feature", base=head, fork="eve")
    (tmp_path / "event.json").write_text(json.dumps(payload))
    github = {
        "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "acme/ml",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_REF": "refs/pull/5/merge", "GITHUB_SHA": head,
        "GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_ACTOR": "eve", "GITHUB_OUTPUT": str(tmp_path / "out"),
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": "http://127.0.0.1:9",
        "MLOPS_CI_WORKSPACE": str(tmp_path / "workspace"), "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path),
    }  # fmt: skip
    done = far.run("plan", env=env | github)
    assert done.code == 3
    assert "no credentials for S3" in done.err and "a fork's job has no credentials; a member" in done.err


@pytest.mark.parametrize(("status", "code"), [(404, 2), (403, 3)])
def test_what_is_not_to_be_had_is_one_line(far: Lab, web: Web, env: dict[str, str], status: int, code: int) -> None:
    web.status = status
    done = far.run("plan", "--host", "local", env=env)
    assert (done.code, len(done.complaints)) == (code, 1), done.err
    assert "rows.csv" in done.err
