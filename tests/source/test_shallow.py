"""A shallow clone answers as a whole one does, and stays as it is."""

from __future__ import annotations

import base64
import os
import subprocess
from functools import partial
from pathlib import Path

import pytest

from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import UsageError
from mlops_ci.records.difference import FileChange
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.git.settings import find_remote
from tests.parts.git_http import Repository, git_host
from tests.support.lab import git_environment, tree_bytes

USER, PASSWORD = "x-access-token", "ghs_NobodyMayEverSeeThis0123456789"
HEADER = f"AUTHORIZATION: basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
NONE = Redactor(())


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=git_environment(), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


class Story:
    """A repository with a main branch of five commits, a pull request on it, its test merge, and a commit pushed away.

    ``remote`` is served by http and asks for a password.
    """

    def __init__(self, folder: Path, remote: Repository) -> None:
        self.remote = remote
        self.author = folder / "author"
        git(folder, "clone", "--quiet", remote.url, str(self.author))
        self.main = [self._commit(f"main {number}", "mlops.yaml", f"version: {number}\n") for number in range(5)]
        self._commit("gone", "gone", "")
        git(self.author, "push", "--quiet", "origin", "HEAD:main")
        self.gone = git(self.author, "rev-parse", "HEAD")
        git(self.author, "reset", "--quiet", "--hard", self.main[4])
        git(self.author, "push", "--quiet", "--force", "origin", "HEAD:main")
        git(self.author, "switch", "--quiet", "--create", "idea", self.main[3])
        self.head = self._commit("an idea\n\nin two lines", "train.py", "print()\n")
        git(self.author, "switch", "--quiet", "--detach", self.main[4])
        git(self.author, "merge", "--quiet", "--no-ff", "-m", "merge", self.head)
        self.merge = git(self.author, "rev-parse", "HEAD")
        git(self.author, "push", "--quiet", "origin", "idea:idea", f"{self.merge}:refs/pull/7/merge")
        remote.credentials = (USER, PASSWORD)

    def _commit(self, message: str, file: str, text: str) -> str:
        (self.author / file).write_text(text)
        git(self.author, "add", "--all")
        git(self.author, "commit", "--quiet", "--message", message)
        return git(self.author, "rev-parse", "HEAD")

    def clone(self, folder: Path, ref: str, url: str | None = None) -> Path:
        """As actions/checkout does it: depth 1, detached, no credentials kept."""
        folder.mkdir()
        git(folder, "init", "--quiet")
        git(folder, "remote", "add", "origin", url or self.remote.url)
        secret = ["-c", f"http.{self.remote.url.rpartition('/')[0]}/.extraheader={HEADER}"]
        git(folder, *secret, "fetch", "--quiet", "--depth=1", "--no-tags", "origin", f"+{ref}:refs/remotes/pull/merge")
        git(folder, "checkout", "--quiet", "--detach", "refs/remotes/pull/merge")
        return folder


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path, git_host().repository())


def opened(story: Story, folder: Path, **more: str) -> Checkout:
    lent = {f"http.{story.remote.url.rpartition('/')[0]}/.extraheader": HEADER, **more}
    return Checkout(folder, partial(find_remote, "git+origin", folder, os.environ, lent))


def require_answers(checkout: Checkout, story: Story) -> None:
    base, merge = story.main[4], story.merge
    assert checkout.shallow
    assert checkout.read_at(base, "mlops.yaml") == b"version: 4\n"
    assert checkout.read_at(story.main[1], "mlops.yaml") == b"version: 1\n"
    assert checkout.read_at(base, "nothing/here") is None
    assert checkout.changed_between(story.main[1], merge) == ("mlops.yaml", "train.py")
    assert checkout.changed_between(base, merge) == ("train.py",)
    assert checkout.is_ancestor(story.main[0], merge)
    assert checkout.is_ancestor(story.main[2], story.head)
    assert checkout.is_ancestor(merge, merge)
    assert not checkout.is_ancestor(merge, story.main[0])
    assert not checkout.is_ancestor(story.main[4], story.head)
    assert checkout.merge_base(base, story.head) == story.main[3]
    assert checkout.merge_base(base, merge) == base
    assert checkout.parents == (base, story.head)
    assert checkout.branch_commit("main") == base
    assert checkout.branch_commit("nothing") is None
    described = checkout.describe(story.head, NONE, branch="idea")
    assert (described.sha, described.branch) == (story.head, "idea")
    assert described.message == "an idea\n\nin two lines"
    assert checkout.resolve(story.main[2]) == story.main[2]
    between = checkout.commits_between(story.main[1], merge, 50, NONE)
    assert {commit.sha for commit in between} == {merge, story.head, *story.main[2:]}
    assert between[0].sha == merge
    assert [commit.sha for commit in checkout.commits_between(story.main[1], merge, 1, NONE)] == [merge]
    assert checkout.commits_between(merge, story.main[1], 50, NONE) == ()
    assert {commit.subject for commit in between} >= {"merge", "an idea", "main 2"}
    assert checkout.file_changes(story.main[1], merge) == (
        FileChange("mlops.yaml", "modified"), FileChange("train.py", "added")
    )  # fmt: skip


def test_a_clone_of_a_test_merge_answers_as_a_whole_one_and_stays_byte_for_byte(story: Story, tmp_path: Path) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/pull/7/merge")
    before = tree_bytes(folder)
    require_answers(opened(story, folder), story)
    assert tree_bytes(folder) == before


def test_over_a_path_too(story: Story, tmp_path: Path) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/pull/7/merge", f"file://{story.remote.path}")
    require_answers(opened(story, folder), story)


def test_a_remote_without_filters_sends_more_and_the_answers_are_the_same(story: Story, tmp_path: Path) -> None:
    story.remote.git("config", "uploadpack.allowFilter", "false")
    folder = story.clone(tmp_path / "checkout", "refs/pull/7/merge")
    require_answers(opened(story, folder), story)


def test_a_remote_that_gives_branches_only_is_asked_for_them(story: Story, tmp_path: Path) -> None:
    story.remote.git("config", "uploadpack.allowAnySHA1InWant", "false")
    folder = story.clone(tmp_path / "checkout", "refs/pull/7/merge")
    checkout = opened(story, folder, **{"protocol.version": "0"})
    require_answers(checkout, story)
    # Nobody's ancestor, as in a whole clone: it is in no branch, and the remote gives it to nobody.
    assert not checkout.is_ancestor(story.gone, story.merge)
    assert not checkout.is_ancestor(story.merge, story.gone)


def test_a_commit_that_was_pushed_away_is_nobodys_ancestor(story: Story, tmp_path: Path) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/heads/main")
    checkout = opened(story, folder)
    assert not checkout.is_ancestor(story.gone, story.main[4])
    assert checkout.is_ancestor(story.main[4], story.gone)  # the remote has it still
    unknown = "f" * 40
    assert not checkout.is_ancestor(unknown, story.main[4])
    assert not checkout.is_ancestor(story.main[4], unknown)
    with pytest.raises(UsageError, match="such a commit"):
        checkout.read_at(unknown, "mlops.yaml")
    with pytest.raises(UsageError, match="no such"):
        checkout.describe(unknown, NONE)


def test_a_champion_one_commit_back_costs_no_file_and_one_look(story: Story, tmp_path: Path) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/heads/main")
    story.remote.requests.clear()
    checkout = opened(story, folder)
    assert checkout.is_ancestor(story.main[3], story.main[4])
    assert not checkout.is_ancestor(story.main[4], story.main[3])
    fetches = [request for request in story.remote.requests if b"command=fetch" in request.body]
    assert len(fetches) == 1
    assert b"filter tree:0" in fetches[0].body


def test_the_rules_of_a_base_cost_one_commit_and_one_file(story: Story, tmp_path: Path) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/heads/main")
    story.remote.requests.clear()
    assert opened(story, folder).read_at(story.main[2], "mlops.yaml") == b"version: 2\n"
    commit, file = (request.body for request in story.remote.requests if b"command=fetch" in request.body)
    assert b"deepen 1" in commit
    assert b"filter blob:none" in commit
    assert b"deepen" not in file


@pytest.mark.parametrize("password", ["another", None])
def test_without_a_credential_the_way_out_is_told_and_no_secret(
    story: Story, tmp_path: Path, password: str | None
) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/heads/main")
    pair = base64.b64encode(f"{USER}:{password}".encode()).decode()
    lent = {f"http.{story.remote.url}.extraheader": f"AUTHORIZATION: basic {pair}"} if password else {}
    checkout = Checkout(folder, partial(find_remote, "git+origin", folder, os.environ, lent))
    with pytest.raises(UsageError, match="fetch-depth: 0") as caught:
        checkout.is_ancestor(story.main[0], story.main[4])
    assert pair not in caught.value.line()
    with pytest.raises(UsageError, match="fetch-depth: 0"):
        checkout.read_at(story.main[0], "mlops.yaml")


def test_without_an_origin_the_way_out_is_told(story: Story, tmp_path: Path) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/heads/main")
    git(folder, "remote", "remove", "origin")
    with pytest.raises(UsageError, match="fetch-depth: 0"):
        opened(story, folder).is_ancestor(story.main[0], story.main[4])


def test_a_credential_that_the_checkout_kept_is_not_sent_twice(story: Story, tmp_path: Path) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/heads/main")
    git(folder, "config", f"http.{story.remote.url.rpartition('/')[0]}/.extraheader", HEADER)
    story.remote.requests.clear()
    lent = {f"http.{story.remote.url.rpartition('/')[0]}/.extraheader": "AUTHORIZATION: basic d3Jvbmc6d3Jvbmc="}
    checkout = Checkout(folder, partial(find_remote, "git+origin", folder, os.environ, lent))
    assert checkout.is_ancestor(story.main[0], story.main[4])
    sent = {request.headers.get("authorization") for request in story.remote.requests}
    assert sent == {HEADER.removeprefix("AUTHORIZATION: ")}


def test_the_secret_is_in_no_argument_and_on_no_disk(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = story.clone(tmp_path / "checkout", "refs/pull/7/merge")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))  # the arguments of every process that git starts
    checkout = opened(story, folder)
    require_answers(checkout, story)
    monkeypatch.delenv("GIT_TRACE")
    assert "remote-http" in trace.read_text()
    secrets = (PASSWORD, HEADER.rpartition(" ")[2])
    for secret in secrets:
        assert secret not in trace.read_text()
        assert not [name for name, data in tree_bytes(scratch).items() if secret.encode() in data]
