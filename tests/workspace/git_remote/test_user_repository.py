"""The user's checkout lends its remote and how to reach it, is never changed, and its secrets stay secret."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.open import open_store
from tests.parts.git_http import Repository
from tests.parts.loopback import Request
from tests.support.loopback import Reply, serving
from tests.workspace.git_remote.conftest import git

USER, PASSWORD = "x-access-token", "ghs_NobodyMayEverSeeThis0123456789"
HEADER = f"AUTHORIZATION: basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Content and time of change of each file, those of git too."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def require_use(checkout: Path, tmp_path: Path, url: str = "git+origin") -> None:
    store = open_store(url, checkout)
    (tmp_path / "model").write_bytes(b"model" * 1000)
    with store.together():
        assert store.create("log/1", b"1")
        store.upload("objects/model", tmp_path / "model")
    store.put("hint", b"2")
    store.delete("hint")
    fresh = open_store(url, checkout)
    assert fresh.get("log/1") == b"1"
    assert fresh.download("objects/model", tmp_path / "copy") is not None
    assert [item.key for item in fresh.list("")] == ["log/1", "objects/model"]


def test_the_users_repository_stays_byte_for_byte_as_it_is(checkout: Path, tmp_path: Path) -> None:
    (checkout / "train.py").write_text("changed, not staged")
    (checkout / "staged.py").write_text("staged")
    git(checkout, "add", "staged.py")
    (checkout / "untracked").write_text("")
    (checkout / ".git" / "hooks" / "pre-push").write_text("#!/bin/sh\ntouch ran\nexit 1\n")
    (checkout / ".git" / "hooks" / "pre-push").chmod(0o755)
    git(checkout, "config", "commit.gpgSign", "true")
    git(checkout, "status")
    before = everything_in(checkout)
    require_use(checkout, tmp_path)
    assert everything_in(checkout) == before
    assert not (checkout / "ran").exists()


def test_the_users_branches_on_the_remote_stay(checkout: Path, remote: Repository, tmp_path: Path) -> None:
    before = remote.git("rev-parse", "refs/heads/main")
    require_use(checkout, tmp_path)
    assert remote.git("rev-parse", "refs/heads/main") == before
    assert remote.refs() == ["refs/heads/main", "refs/mlops-ci/workspace"]


def _extraheader(checkout: Path, remote: Repository) -> None:
    git(checkout, "config", f"http.{remote.url.rpartition('/')[0]}/.extraheader", HEADER)


def _included(checkout: Path, remote: Repository) -> None:
    """As newer versions of actions/checkout keep it: in a file that is included for this folder."""
    kept = checkout.parent / "credentials.config"
    git(checkout, "config", "--file", str(kept), f"http.{remote.url.rpartition('/')[0]}/.extraheader", HEADER)
    git(checkout, "config", f"includeIf.gitdir:{checkout}/.git.path", str(kept))


def _in_the_url(checkout: Path, remote: Repository) -> None:
    git(checkout, "remote", "set-url", "origin", remote.url.replace("http://", f"http://{USER}:{PASSWORD}@"))


def _rewritten(checkout: Path, remote: Repository) -> None:
    base = remote.url.rpartition("/")[0]
    secret = base.replace("http://", f"http://{USER}:{PASSWORD}@")
    git(checkout, "config", "--global", f"url.{secret}/.insteadOf", f"{base}/")


def _helper(checkout: Path, remote: Repository) -> None:
    script = checkout.parent / "helper"
    script.write_text(f"#!/bin/sh\n[ $1 = get ] && printf 'username={USER}\\npassword={PASSWORD}\\n'\n")
    script.chmod(0o755)
    git(checkout, "config", "credential.helper", str(script))


@pytest.mark.parametrize("how", [_extraheader, _included, _in_the_url, _rewritten, _helper])
def test_credentials_of_the_checkout_are_used_and_shown_to_nobody(
    checkout: Path, remote: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: object
) -> None:
    assert callable(how)
    how(checkout, remote)
    remote.credentials = (USER, PASSWORD)
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))  # the arguments of every process that git starts
    _log_arguments(tmp_path, monkeypatch)
    require_use(checkout, tmp_path)
    monkeypatch.delenv("GIT_TRACE")
    started = trace.read_text() + (tmp_path / "arguments").read_text()
    assert "remote-http" in started
    assert "push" in started
    header = HEADER.rpartition(" ")[2]
    for secret in (PASSWORD, header):
        assert secret not in started
        assert secret not in open_store("git+origin", checkout).url
        assert not [name for name, (_, data) in everything_in(tmp_path / "cache").items() if secret.encode() in data]
    sent = [request.headers.get("authorization") for request in remote.requests]
    assert all(each is None or each.endswith(header) for each in sent)
    assert sum(each is not None for each in sent) > 5


def _log_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("git")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/arguments\nexec {real} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_wrong_credential_is_told_and_not_shown(checkout: Path, remote: Repository) -> None:
    _in_the_url(checkout, remote)
    remote.credentials = (USER, "another")
    with pytest.raises(RemoteError) as caught:
        open_store("git+origin", checkout).get("a")
    assert "does not let us in" in caught.value.line()
    assert PASSWORD not in caught.value.line()


def test_the_jobs_credential_reaches_the_remotes_of_the_checkout_and_no_others(
    checkout: Path, remote: Repository, tmp_path: Path
) -> None:
    """As after actions/checkout with ``persist-credentials: false``: the host lends what the checkout has not kept."""
    lent = {f"http.{remote.url.rpartition('/')[0]}/.extraheader": HEADER}
    remote.credentials = (USER, PASSWORD)
    before = everything_in(checkout)
    store = open_store("git+origin", checkout, lent=lent)
    assert store.create("log/1", b"1")
    assert open_store("git+origin", checkout, lent=lent).get("log/1") == b"1"
    for url in ("git+origin", f"git+{remote.url}"):
        with pytest.raises(RemoteError, match="does not let us in"):
            open_store(url, checkout, lent=None if url == "git+origin" else lent).get("log/1")
    assert everything_in(checkout) == before
    secret = HEADER.rpartition(" ")[2]
    assert not [name for name, (_, data) in everything_in(tmp_path / "cache").items() if secret.encode() in data]


def test_the_jobs_credential_follows_no_redirect_to_another_server(checkout: Path, remote: Repository) -> None:
    def onwards(request: Request) -> Reply:
        return Reply(302, headers={"Location": remote.url + request.target.partition("/coin.git")[2]})

    with serving(onwards) as server:
        git(checkout, "remote", "set-url", "origin", f"{server.url}/coin.git")
        lent = {f"http.{server.url}/.extraheader": HEADER}
        with pytest.raises(RemoteError):
            open_store("git+origin", checkout, lent=lent).create("log/1", b"1")
        assert HEADER.endswith(server.requests[0].headers["authorization"])
    assert not [request for request in remote.requests if "authorization" in request.headers]


@pytest.mark.parametrize("how", [_extraheader, _in_the_url])
def test_a_credential_that_the_checkout_has_goes_before_the_jobs(
    checkout: Path, remote: Repository, tmp_path: Path, how: object
) -> None:
    assert callable(how)
    how(checkout, remote)
    remote.credentials = (USER, PASSWORD)
    lent = {f"http.{remote.url.rpartition('/')[0]}/.extraheader": "AUTHORIZATION: basic d3Jvbmc6d3Jvbmc="}
    assert open_store("git+origin", checkout, lent=lent).get("log/1") is None
    sent = {request.headers.get("authorization") for request in remote.requests} - {None}
    assert {str(each).rpartition(" ")[2] for each in sent} == {HEADER.rpartition(" ")[2]}


def test_headers_that_git_reads_anywhere_are_sent_once(checkout: Path, remote: Repository, tmp_path: Path) -> None:
    git(checkout, "config", "--global", "http.extraHeader", "X-Everywhere: 1")
    git(checkout, "config", "--add", "http.extraHeader", "X-Here: 2")
    require_use(checkout, tmp_path)
    assert {request.headers.get("x-everywhere") for request in remote.requests} == {"1"}
    assert {request.headers.get("x-here") for request in remote.requests} == {"2"}


def test_any_remote_of_the_checkout_will_do_be_it_a_path_relative_to_its_top(checkout: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "team.git")
    git(checkout, "remote", "add", "team", "../team.git")
    (checkout / "sub").mkdir()
    require_use(checkout / "sub", tmp_path, "git+team")
    assert open_store("git+team", checkout).url == f"git+file://{tmp_path}/team.git"
    assert open_store(f"git+file://{tmp_path}/team.git", tmp_path).get("log/1") == b"1"


def _fake_ssh(tmp_path: Path, name: str) -> Path:
    """An ssh whose far end is this machine; it notes how it was called."""
    script = tmp_path / "ssh-bin" / name
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/ssh-log\n'
        'for last; do :; done\ncase "$*" in *-G*) exit 1;; esac\nexec sh -c "$last"\n'
    )
    script.chmod(0o755)
    return script


def test_over_ssh_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "team.git")
    _fake_ssh(tmp_path, "ssh")
    monkeypatch.setenv("PATH", f"{tmp_path}/ssh-bin{os.pathsep}{os.environ['PATH']}")
    url = f"git+ssh://git@host{tmp_path}/team.git"
    require_use(tmp_path, tmp_path, url)
    assert open_store(url, tmp_path).url == url
    called = (tmp_path / "ssh-log").read_text().splitlines()
    assert all("BatchMode=yes" in line and "git@host" in line for line in called)


def test_the_ssh_command_of_the_checkout_is_used_as_it_is(checkout: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "team.git")
    git(checkout, "config", "core.sshCommand", f"{_fake_ssh(tmp_path, 'mine')} -i key")
    git(checkout, "remote", "add", "team", f"git@host:{tmp_path}/team.git")
    require_use(checkout, tmp_path, "git+team")
    assert open_store("git+team", checkout).url == f"git+ssh://git@host:{tmp_path}/team.git"
    called = (tmp_path / "ssh-log").read_text().splitlines()
    assert all(line.startswith("-i key") and "BatchMode" not in line for line in called)


def test_inside_a_hook_of_the_user_their_repository_is_still_not_ours(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything_in(checkout)
    monkeypatch.setenv("GIT_DIR", str(checkout / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(checkout / ".git" / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(checkout / ".git" / "objects"))
    require_use(checkout, tmp_path)
    assert everything_in(checkout) == before


def test_settings_that_come_by_the_environment_are_kept(
    checkout: Path, remote: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "X-Given: 1")
    require_use(checkout, tmp_path)
    assert {request.headers.get("x-given") for request in remote.requests} == {"1"}
