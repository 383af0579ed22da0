"""How git reaches the repository of a job of GitHub Actions: a real git, which says what it sends."""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.hosts.github.api import GitHubApi
from mlops_ci.source.checkout import Checkout
from tests.hosts.hosts import Job, github_job
from tests.support.loopback import Reply, in_turn, serving


def sent(job: Job, url: str, folder: Path) -> list[str]:
    """The credentials that git sends to an address, with the job's settings in its environment."""
    settings = job.host().git_settings()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_TRACE_CURL": "1",
        "GIT_TRACE_REDACT": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    done = subprocess.run(
        ["git", "-C", folder, "ls-remote", f"{url}/acme/ml"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    first = done.stderr.partition("<= Recv header")[0]
    lines = [line.partition("=> Send header: ")[2] for line in first.splitlines()]
    return [line.partition(": ")[2] for line in lines if line.lower().startswith("authorization:")]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return github_job(tmp_path, "push", {}, GITHUB_TOKEN="ghs_secret")


@pytest.mark.parametrize("name", ["extraheader", "extraHeader"])
def test_the_token_takes_the_place_of_what_the_checkout_left(job: Job, repository: Path, name: str) -> None:
    with serving(in_turn(Reply(404))) as server:
        job.environ["GITHUB_SERVER_URL"] = server.url
        left = f"http.{server.url}/.{name}"
        subprocess.run(["git", "-C", repository, "config", left, "AUTHORIZATION: basic b2xk"], check=True)
        [header] = sent(job, server.url, repository)
    scheme, _, value = header.partition(" ")
    assert (scheme, b64decode(value)) == ("basic", b"x-access-token:ghs_secret")


def test_no_other_server_gets_it(job: Job, repository: Path) -> None:
    with serving(in_turn(Reply(404))) as ours, serving(in_turn(Reply(404))) as other:
        job.environ["GITHUB_SERVER_URL"] = ours.url
        assert sent(job, other.url, repository) == []


def test_a_token_of_ones_own_comes_first(job: Job) -> None:
    job.environ["MLOPS_CI_TOKEN"] = " mine\n"
    [_, value] = job.host().git_settings().values()
    assert b64decode(value.rpartition(" ")[2]) == b"x-access-token:mine"
    job.environ["MLOPS_CI_TOKEN"] = " "
    [_, value] = job.host().git_settings().values()
    assert b64decode(value.rpartition(" ")[2]) == b"x-access-token:ghs_secret"


def test_pull_requests_take_a_token_and_a_repository(job: Job) -> None:
    assert job.host().reviews(None) is not None
    del job.environ["GITHUB_REPOSITORY"]
    assert job.host().reviews(None) is None


@pytest.mark.parametrize("address", ["ftp://x", "https://user:pass@ghe.example.com/api/v3", "https://x/?a"])
def test_an_address_that_is_none_is_refused(job: Job, address: str) -> None:
    job.environ["GITHUB_API_URL"] = address
    with pytest.raises(UsageError):
        job.host().reviews(None)


def test_the_token_is_in_no_error() -> None:
    api = GitHubApi("ghs_verysecret", "acme/ml", base="http://127.0.0.1:9", sleep=lambda _: None)
    with pytest.raises(Exception, match="refuses connections") as raised:
        api.ask("GET", "pulls/1", needs="pull-requests: read")
    assert "verysecret" not in str(raised.value)


def test_a_shallow_checkout_of_a_test_merge_still_names_its_parents(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
        done = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q", "whole")
    in_whole = ("-C", "whole")
    git(*in_whole, "commit", "-q", "--allow-empty", "-m", "base")
    assert Checkout(tmp_path / "whole").parents == ()
    git(*in_whole, "checkout", "-q", "-b", "idea")
    git(*in_whole, "commit", "-q", "--allow-empty", "-m", "parent 0\n\nparent 1")
    head = git(*in_whole, "rev-parse", "HEAD")
    git(*in_whole, "checkout", "-q", "main")
    git(*in_whole, "commit", "-q", "--allow-empty", "-m", "meanwhile")
    base = git(*in_whole, "rev-parse", "HEAD")
    git(*in_whole, "merge", "-q", "--no-ff", "-m", "test merge", "idea")
    git("clone", "-q", "--depth=1", (tmp_path / "whole").as_uri(), "shallow")
    checkout = Checkout(tmp_path / "shallow")
    assert checkout.shallow
    assert checkout.parents == (base, head)
