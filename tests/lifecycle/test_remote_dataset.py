"""A dataset at an address, through the journeys: planned by its etag, downloaded for a step that runs, on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

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
        done = far.run_here(*arguments, "--host", "local", env=env)
        assert done.code == 0, done.err
        return done.out

    assert [step["action"] for step in json.loads(run("plan", "--json"))["steps"]] == ["run", "depends"]
    assert methods(server) == ["HEAD"]
    run("ci")
    assert methods(server) == ["HEAD", "GET"]
    assert not (far.folder / "data").exists()
    (known,) = far.run_here("datasets", "list", "--json", env=env).json
    assert known["version"]["source"] == {"fingerprint": "etag", "uri": f"{server.url}/rows.csv", "tag": '"one"'}
    assert known["version"]["profile"]["rows"] == 400
    shown = far.run_here("datasets", "show", "rows", env=env)
    assert f'known by its etag "one" at {server.url}/rows.csv' in shown.out
    run("run")
    assert methods(server) == ["HEAD"]

    web.tag, web.rows = '"two"', 300
    plan = json.loads(run("plan", "--json"))
    assert plan["steps"][0]["reasons"] == ["dataset rows changed"]


def test_what_was_recorded_is_run_again_only_with_the_data_of_then(far: Lab, web: Web, env: dict[str, str]) -> None:
    assert far.run_here("ci", "--host", "local", env=env).code == 0
    done = far.run_here("reproduce", "coin@v1", "--json", "--host", "local", env=env)
    assert (done.code, done.json["outcome"]) == (0, "identical"), done.err
    web.tag = '"two"'
    done = far.run_here("reproduce", "coin@v1", "--host", "local", env=env)
    assert done.code == 3
    assert "the dataset rows is not what it was" in done.err and "rows.csv" in done.err and '"one"' in done.err


def test_a_champion_is_rescored_on_what_is_at_the_address_today(far: Lab, web: Web, env: dict[str, str]) -> None:
    assert far.run_here("ci", "--host", "local", env=env).code == 0
    web.tag, web.rows = '"two"', 500
    far.skill(0.9)
    far.commit("better, on new data")
    done = far.run_here("ci", "--json", "--host", "local", env=env)
    assert done.code == 0, done.err
    assert (done.json["outcome"], done.json["verdict"]["outcome"]) == ("promoted", "pass")


@pytest.mark.parametrize(("status", "code"), [(404, 2), (403, 3)])
def test_what_is_not_to_be_had_is_one_line(far: Lab, web: Web, env: dict[str, str], status: int, code: int) -> None:
    web.status = status
    done = far.run_here("plan", "--host", "local", env=env)
    assert (done.code, len(done.complaints)) == (code, 1), done.err
    assert "rows.csv" in done.err
