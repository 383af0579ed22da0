"""A push that is refused: one line that says by whom, and what to do."""

from __future__ import annotations

import http.server
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.workspace.git.errors import LIMITS
from mlops_ci.workspace.open import open_store
from tests.parts.git_http import Repository, git_host
from tests.workspace.git_remote.conftest import Client, git

OWN, BRANCH = "refs/mlops-ci/workspace", "refs/heads/mlops-ci"
ONLY_BRANCHES = (
    'while read old new ref; do case "$ref" in refs/heads/*) ;; *) echo "funny refname"; exit 1;; esac; done'
)


def require_one_line(error: MlopsError, code: int, *words: str) -> None:
    line = error.line()
    assert error.exit_code == code, line
    assert "\n" not in line
    assert len(line) < 500
    for word in words:
        assert word in line


def test_a_remote_takes_a_ref_of_its_own(client: Client, remote: Repository) -> None:
    client().create("a", b"1")
    assert remote.refs() == [OWN]


@pytest.mark.parametrize("how", ["hidden", "hook"])
def test_where_only_branches_may_be_pushed_it_is_a_branch(client: Client, how: str) -> None:
    remote = git_host().repository(**({"receive__hideRefs": "refs/mlops-ci"} if how == "hidden" else {}))
    if how == "hook":
        remote.hook(ONLY_BRANCHES)
    one, other = client("one", f"git+{remote.url}"), client("other", f"git+{remote.url}")
    assert one.create("a", b"1")
    assert other.create("b", b"2")
    assert not one.create("b", b"3")
    assert remote.refs() == [BRANCH]
    assert other.get("a") == b"1"


def test_a_ref_that_is_named_is_the_only_one(client: Client, remote: Repository) -> None:
    client().create("a", b"1")
    named = client("other", f"git+{remote.url}#refs/heads/models")
    assert named.get("a") is None
    assert named.create("a", b"2")
    assert sorted(remote.refs()) == ["refs/heads/models", OWN]
    assert named.url.endswith("#refs/heads/models")


@pytest.mark.parametrize("ref", ["main", "refs/", "refs/a b", "refs/heads/x:y", ""])
def test_what_is_no_full_name_of_a_ref_is_a_usage_error(remote: Repository, tmp_path: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="ref"):
        open_store(f"git+{remote.url}#{ref}", tmp_path)


def test_a_remote_that_takes_neither_ref_says_why(client: Client, remote: Repository) -> None:
    remote.hook('echo "error: GH006: Protected branch update failed" >&2; exit 1')
    store = client()
    with pytest.raises(RemoteError) as caught:
        store.create("a", b"1")
    require_one_line(caught.value, 3, BRANCH, "pre-receive hook declined", "GH006", "branch protection")
    assert store.get("a") is None
    assert remote.refs() == []


def test_a_permission_that_is_missing_behind_a_rejection_is_told(client: Client, remote: Repository) -> None:
    remote.hook(
        "echo \"TF401027: You need the Git 'GenericContribute' permission to perform this action.\" >&2; exit 1"
    )
    with pytest.raises(RemoteError) as caught:
        client().create("a", b"1")
    require_one_line(caught.value, 3, "GenericContribute", "the permission Contribute")


def test_a_branch_whose_name_is_a_folder_of_others_is_told_at_once(client: Client, checkout: Path) -> None:
    hidden = git_host().repository(receive__hideRefs="refs/mlops-ci")
    git(checkout, "push", "--quiet", hidden.url, "HEAD:refs/heads/mlops-ci/theirs")
    with pytest.raises(RemoteError) as caught:
        client(url=f"git+{hidden.url}").create("a", b"1")
    require_one_line(caught.value, 3, "refs/heads/mlops-ci", "choose another")
    assert hidden.pushes() <= 4


def test_a_ref_that_became_protected_is_an_error_and_no_second_workspace(client: Client, remote: Repository) -> None:
    store = client()
    store.create("a", b"1")
    remote.hook("exit 1")
    with pytest.raises(RemoteError) as caught:
        store.create("b", b"1")
    require_one_line(caught.value, 3, OWN)
    assert remote.refs() == [OWN]
    assert store.get("b") is None


@pytest.mark.parametrize(
    "words",
    [
        "error: GH001: Large files detected.\nerror: File x is 123.00 MB; this exceeds GitHub's file size limit",
        "You are attempting to check in one or more blobs which exceed the 100.0MiB limit",
        "TF402462: The push operation failed because it exceeded the limit",
    ],
    ids=["github", "gitlab", "azure"],
)
def test_a_file_over_the_hosts_limit_is_named_with_the_ways_out(
    client: Client, remote: Repository, tmp_path: Path, words: str
) -> None:
    remote.hook(f"cat >&2 <<'END'\n{words}\nEND\nexit 1")
    (tmp_path / "model").write_bytes(os.urandom(3 << 20))
    store = client()
    with pytest.raises(RemoteError) as caught, store.together():
        store.create("log/1", b"1")
        store.upload("models/m/objects/a/files/model.bin", tmp_path / "model")
    require_one_line(caught.value, 3, "files/model.bin has 3.0 MiB", "files: s3://", "smaller model")
    assert remote.pushes() == 1
    assert list(store.list("")) == []


def test_a_push_that_is_too_large_for_the_server_names_its_largest_file(client: Client, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(os.urandom(3 << 20))
    small, proxied = git_host().repository(receive__maxInputSize="1000000"), git_host().repository()
    proxied.fault = lambda service, _: 413 if service == "receive-pack" else None
    for remote in (small, proxied):
        with pytest.raises(RemoteError) as caught:
            client("cache", f"git+{remote.url}").upload("model", tmp_path / "model")
        require_one_line(caught.value, 3, "model has 3.0 MiB", "files: s3://")


def test_a_file_over_a_known_limit_is_not_even_sent(
    client: Client, remote: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LIMITS["github.com"] == 100 << 20
    monkeypatch.setitem(LIMITS, "127.0.0.1", 1 << 20)
    (tmp_path / "model").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(RemoteError) as caught:
        client().upload("model", tmp_path / "model")
    require_one_line(caught.value, 3, "limit of 1 MiB", "model has 1.0 MiB", "files: s3://")
    assert remote.pushes() == 0


def test_a_token_that_may_only_read_is_told_the_permission(client: Client, remote: Repository) -> None:
    remote.fault = lambda service, _: 403 if service == "receive-pack" else None
    store = client()
    assert store.get("a") is None
    with pytest.raises(RemoteError) as caught:
        store.create("a", b"1")
    require_one_line(caught.value, 3, "403", "permissions: contents: write", "Contribute")


def test_without_a_credential_nobody_is_asked(client: Client, remote: Repository) -> None:
    remote.credentials = ("bot", "secret-token")
    with pytest.raises(RemoteError) as caught:
        client().get("a")
    require_one_line(caught.value, 3, "does not let us in", "persistCredentials")


def test_a_repository_that_is_not_there_is_told(client: Client, remote: Repository) -> None:
    with pytest.raises(RemoteError) as caught:
        client(url=f"git+{remote.url.removesuffix('.git')}x.git").get("a")
    require_one_line(caught.value, 3, "no such repository", "private repository")


def test_a_path_that_is_no_repository_is_told(client: Client, tmp_path: Path) -> None:
    with pytest.raises(RemoteError) as caught:
        client(url=f"git+file://{tmp_path}/nothing.git").get("a")
    require_one_line(caught.value, 3, "no such repository")


def test_a_dumb_server_is_told(client: Client, remote: Repository) -> None:
    client().create("a", b"1")
    remote.git("update-server-info")
    remote.dumb = True
    with pytest.raises(RemoteError) as caught:
        client("other").create("b", b"1")
    require_one_line(caught.value, 3, "smart protocol")


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.fixture
def not_tls() -> Iterator[int]:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_closed_port_and_one_without_tls_are_told(client: Client, closed_port: int, not_tls: int) -> None:
    with pytest.raises(RemoteError) as caught:
        client(url=f"git+http://127.0.0.1:{closed_port}/x.git").get("a")
    require_one_line(caught.value, 3, "the remote failed", f"{closed_port}")
    with pytest.raises(RemoteError) as caught:
        client(url=f"git+https://127.0.0.1:{not_tls}/x.git").get("a")
    require_one_line(caught.value, 3, "certificate")


def test_a_host_name_that_nobody_knows_is_told(client: Client) -> None:
    with pytest.raises(RemoteError) as caught:
        client(url="git+https://git.invalid/x.git").get("a")
    require_one_line(caught.value, 3, "git.invalid")


def test_a_remote_that_the_checkout_does_not_have_is_a_usage_error(checkout: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_store("git+upstream", checkout)
    require_one_line(caught.value, 2, "no remote 'upstream'", "its remotes are: origin")


@pytest.mark.parametrize("url", ["git+origin", "git+--upload-pack=touch x", "git+ext::sh -c true"])
def test_a_remote_outside_of_a_checkout_is_a_usage_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, tmp_path)
    require_one_line(caught.value, 2, "checkout", "git+https://")


@pytest.mark.parametrize(
    "url", ["git+https://bot:hunter2000@host/x.git", "git+https://ghp_0123456789abcdefghij@host/x.git"]
)
def test_credentials_in_the_url_are_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, tmp_path)
    require_one_line(caught.value, 2, "credential helper")
    assert not {"hunter2000", "ghp_0123456789abcdefghij"} & set(caught.value.line().replace("@", " ").split())


def test_a_git_that_is_too_old_or_absent_is_told(
    remote: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\necho git version 2.20.1\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(RemoteError, match=r"git version 2\.20\.1 is too old"):
        open_store(f"git+{remote.url}", tmp_path)
    (folder / "git").unlink()
    with pytest.raises(RemoteError, match="git cannot be started"):
        open_store(f"git+{remote.url}", tmp_path)


def test_a_cache_that_cannot_be_written_is_told(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RemoteError) as caught:
        client("file").get("a")
    require_one_line(caught.value, 3, "MLOPS_CI_CACHE_DIR")


def test_a_history_that_is_rewritten_under_a_writer_stops_it(client: Client, remote: Repository) -> None:
    one, other = client("one"), client("other", f"git+{remote.url}#refs/heads/elsewhere")
    one.create("a", b"1")
    other.create("b", b"2")
    remote.git("update-ref", OWN, "refs/heads/elsewhere")
    with pytest.raises(RemoteError) as caught:
        one.put("c", b"3")
    require_one_line(caught.value, 3, "rewritten")
    assert one.get("b") == b"2"
    assert one.get("a") is None


def test_a_checkout_in_which_nothing_was_pushed_is_left_alone(checkout: Path, remote: Repository) -> None:
    assert open_store("git+origin", checkout).get("a") is None
    assert git(checkout, "status", "--porcelain") == ""
    assert remote.refs() == ["refs/heads/main"]
