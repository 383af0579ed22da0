"""Datasets at an address: known without a download, downloaded once, and never another than was looked at."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from mlops_ci.edge.content_facts import ContentFacts
from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.http_file import HttpFile
from mlops_ci.errors import ConflictError, MlopsError, RemoteError, UsageError
from mlops_ci.pipeline.datasets import dataset_versions, with_profiles
from mlops_ci.pipeline.downloads import Downloads, downloads
from mlops_ci.pipeline.remote_data import RemoteDataset, remote_datasets
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.files import FileRecord, RemoteFile
from tests.parts.bucket import Bucket
from tests.parts.loopback import Request
from tests.parts.seaweed import environ_of
from tests.parts.sigv4 import signed
from tests.support.loopback import Loopback, Reply, serving
from tests.support.remote_data import delete, put

CONTENT = "a,b\n1,2\n"
OTHER = "a,b\n1,3\n"
SERVICES = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("azure", "gcs", "s3")]


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> Bucket:
    found: Bucket = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}


def at(bucket: Bucket, key: str, fingerprint: Any = "etag", path: str = "data/t.csv") -> Dataset:
    return Dataset("flights", path, bucket.url(key), fingerprint)


def looked_at(dataset: Dataset, environ: dict[str, str], folder: Path) -> tuple[Snapshot, DatasetVersion]:
    remote = remote_datasets([dataset], environ)
    snapshot = Snapshot(folder, ".", tracked=frozenset(), files=(), remote=remote)
    return snapshot, dataset_versions([dataset], snapshot, ContentFacts(None))["flights"]


def kept(environ: dict[str, str]) -> list[Path]:
    return sorted(Path(environ["MLOPS_CI_CACHE_DIR"], "data").glob("*.csv"))


@pytest.mark.parametrize("bucket", SERVICES, indirect=True)
def test_an_object_is_known_by_its_etag_and_downloaded_when_it_is_copied(
    bucket: Bucket, environ: dict[str, str], tmp_path: Path
) -> None:
    key = f"{uuid.uuid4().hex}/my data.csv"
    put(bucket, key, CONTENT)
    snapshot, version = looked_at(at(bucket, key), environ, tmp_path)
    assert (version.size, version.files, version.profile) == (len(CONTENT), 1, None)
    assert version.source and version.source.tag and kept(environ) == []
    assert snapshot.dataset("data/t.csv", declared="d") == ("data/t.csv",)
    snapshot.require_content(["data/t.csv"], declared="d")
    snapshot.copy("data/t.csv", tmp_path / "copy.csv")
    assert (tmp_path / "copy.csv").read_text() == CONTENT
    assert snapshot.digest("data/t.csv") == digest_of_file(tmp_path / "copy.csv")
    (told,) = with_profiles({"flights": version}, snapshot, ContentFacts(None)).values()
    assert told.profile and told.profile.rows == 1 and replace(told, profile=None) == version

    delete(bucket, key)
    put(bucket, key, OTHER)
    _, after = looked_at(at(bucket, key), environ, tmp_path)
    assert after.digest != version.digest and after.profile is None


@pytest.mark.parametrize("bucket", SERVICES, indirect=True)
def test_a_folder_is_its_listing_and_only_what_changed_is_downloaded_again(
    bucket: Bucket, environ: dict[str, str], tmp_path: Path
) -> None:
    key = uuid.uuid4().hex
    put(bucket, f"{key}/a.csv", CONTENT)
    put(bucket, f"{key}/sub/b.csv", CONTENT)
    put(bucket, f"{key}x/c.csv", CONTENT)
    folder = at(bucket, f"{key}/", path="data")
    snapshot, before = looked_at(folder, environ, tmp_path)
    files = snapshot.dataset("data", declared="d")
    assert (files, before.files, before.size) == (("data/a.csv", "data/sub/b.csv"), 2, 2 * len(CONTENT))
    for file in files:
        snapshot.copy(file, tmp_path / "copy" / file)
    assert (tmp_path / "copy/data/sub/b.csv").read_text() == CONTENT
    first = kept(environ)
    put(bucket, f"{key}/a.csv", OTHER)
    snapshot, after = looked_at(folder, environ, tmp_path)
    snapshot.copy("data/a.csv", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == OTHER
    assert after.digest != before.digest and len(first) == 2 and len(kept(environ)) == 3
    _, content = looked_at(replace(folder, fingerprint="content"), environ, tmp_path)
    (tmp_path / "copy/data/a.csv").write_text(OTHER)
    here = Snapshot(tmp_path / "copy", ".", tracked=frozenset(), files=())
    assert content.digest == dataset_versions([Dataset("d", "data")], here, ContentFacts(None))["d"].digest


@pytest.mark.parametrize("bucket", SERVICES, indirect=True)
def test_what_changes_or_vanishes_before_its_download_is_a_conflict(
    bucket: Bucket, environ: dict[str, str], tmp_path: Path
) -> None:
    for vanishes in (False, True):
        key = f"{uuid.uuid4().hex}.csv"
        put(bucket, key, CONTENT)
        snapshot, _ = looked_at(at(bucket, key), environ, tmp_path)
        if vanishes:
            delete(bucket, key)
        else:
            put(bucket, key, OTHER)
        with pytest.raises(ConflictError, match="changed between") as caught:
            snapshot.copy("data/t.csv", tmp_path / "copy.csv")
        assert key in caught.value.line() and not (tmp_path / "copy.csv").exists() and kept(environ) == []


@pytest.mark.parametrize("bucket", SERVICES, indirect=True)
@pytest.mark.parametrize("key", ["none.csv", "none/"])
def test_nothing_at_an_address_is_said(bucket: Bucket, key: str, environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is there"):
        looked_at(at(bucket, f"{uuid.uuid4().hex}/{key}"), environ, tmp_path)
    gone = Dataset("flights", "t.csv", bucket.url(key, bucket="no-such-bucket"))
    with pytest.raises(RemoteError, match="no-such-bucket does not exist"):
        looked_at(gone, environ, tmp_path)


@pytest.mark.xdist_group("s3")
def test_versions_of_a_bucket_that_keeps_them(s3: Bucket, environ: dict[str, str], tmp_path: Path) -> None:
    key = f"{uuid.uuid4().hex}.csv"
    put(s3, key, CONTENT)
    with pytest.raises(UsageError, match="keeps no versions"):
        looked_at(at(s3, key, "version"), environ, tmp_path)
    keeping = replace(s3, name="versions")
    request = partial(requests.put, timeout=10)
    who = environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
    switched_on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    for query, body in (("", ""), ("?versioning=", switched_on)):
        url = f"{s3.endpoint}/{keeping.name}{query}"
        assert request(url, headers=signed("PUT", url, *who), data=body).ok
    put(keeping, key, CONTENT)
    snapshot, first = looked_at(at(keeping, key, "version"), environ, tmp_path)
    _, etag = looked_at(at(keeping, key), environ, tmp_path)
    put(keeping, key, CONTENT)  # the same content, and so the same etag
    _, second = looked_at(at(keeping, key, "version"), environ, tmp_path)
    assert first.digest != second.digest
    assert looked_at(at(keeping, key), environ, tmp_path)[1].digest == etag.digest
    with pytest.raises(ConflictError):
        snapshot.copy("data/t.csv", tmp_path / "copy.csv")


@pytest.mark.xdist_group("s3")
def test_who_may_not_is_told_so_in_one_line(
    s3: Bucket, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    for key in ("a.csv", "a/"):
        with pytest.raises(RemoteError) as caught:
            looked_at(at(s3, key), environ, tmp_path)
        line = caught.value.line()
        assert "does not accept the credentials" in line and "<" not in line and "not-the-secret" not in line
    nobody = {name: value for name, value in environ.items() if name not in environ_of("writer")}
    with pytest.raises(RemoteError, match="no credentials for S3"):
        looked_at(at(s3, "a.csv"), nobody | {"AWS_EC2_METADATA_DISABLED": "true"}, tmp_path)


class Web:
    """A web server with one file. It notes what was sent of it."""

    def __init__(self) -> None:
        self.headers = {"ETag": '"one"', "Content-Type": "text/csv"}
        self.body = CONTENT.encode()
        self.takes_head = True
        self.cut: int | None = None

    def __call__(self, request: Request) -> Reply:
        if request.path == "/moved.csv":
            return Reply(302, headers={"Location": "/t.csv"})
        if request.path != "/t.csv":
            return Reply({"/closed.csv": 403}.get(request.path, 404))
        if request.method == "HEAD" and not self.takes_head:
            return Reply(405)
        return Reply(200, self.body, self.headers, self.cut)


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def server(web: Web) -> Iterator[Loopback]:
    with serving(web) as found:
        yield found


@pytest.mark.parametrize("takes_head", [True, False])
@pytest.mark.parametrize("name", ["t.csv", "moved.csv"])
def test_a_file_of_a_web_server(
    web: Web, server: Loopback, environ: dict[str, str], tmp_path: Path, takes_head: bool, name: str
) -> None:
    web.takes_head = takes_head
    dataset = Dataset("flights", "data/t.csv", f"{server.url}/{name}")
    snapshot, version = looked_at(dataset, environ, tmp_path)
    assert (version.size, version.source and version.source.tag) == (len(CONTENT), '"one"')
    snapshot.copy("data/t.csv", tmp_path / "copy.csv")
    assert (tmp_path / "copy.csv").read_text() == CONTENT
    asked = len(server.requests)
    again, same = looked_at(dataset, environ, tmp_path)
    again.copy("data/t.csv", tmp_path / "again.csv")
    assert same.profile and replace(same, profile=None) == version
    assert {request.method for request in server.requests[asked:]} == ({"HEAD"} if takes_head else {"HEAD", "GET"})
    web.headers["ETag"] = '"two"'
    snapshot, _ = looked_at(dataset, environ, tmp_path)
    web.headers["ETag"] = '"three"'
    with pytest.raises(ConflictError):
        snapshot.copy("data/t.csv", tmp_path / "third.csv")


def test_a_server_without_etags_is_asked_for_times_or_for_the_content(
    web: Web, server: Loopback, environ: dict[str, str], tmp_path: Path
) -> None:
    dataset = Dataset("flights", "data/t.csv", f"{server.url}/t.csv")
    web.headers = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    _, version = looked_at(dataset, environ, tmp_path)
    assert version.source and version.source.tag == "Mon, 01 Jan 2024 00:00:00 GMT, 8 bytes"
    web.headers = {}
    with pytest.raises(UsageError, match="neither etag nor time"):
        looked_at(dataset, environ, tmp_path)
    _, content = looked_at(replace(dataset, fingerprint="content"), environ, tmp_path)
    (tmp_path / "t.csv").write_text(CONTENT)
    assert content.digest == digest_of_file(tmp_path / "t.csv") and content.profile
    web.body = OTHER.encode()
    _, other = looked_at(replace(dataset, fingerprint="content"), environ, tmp_path)
    assert other.digest != content.digest


def test_content_is_downloaded_and_hashed_once_for_each_etag(
    web: Web, server: Loopback, environ: dict[str, str], tmp_path: Path
) -> None:
    dataset = Dataset("flights", "data/t.csv", f"{server.url}/t.csv", "content")
    _, first = looked_at(dataset, environ, tmp_path)
    for file in kept(environ):
        file.unlink()
    _, second = looked_at(dataset, environ, tmp_path)
    assert second == replace(first, profile=None)
    assert [request.method for request in server.requests] == ["HEAD", "GET", "HEAD"]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [("closed.csv", RemoteError, "without credentials"), ("none.csv", UsageError, "nothing is there")],
)
def test_a_refusal_of_a_web_server(
    server: Loopback, environ: dict[str, str], tmp_path: Path, name: str, kind: type[MlopsError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        looked_at(Dataset("flights", "data/t.csv", f"{server.url}/{name}"), environ, tmp_path)
    assert name in caught.value.line()


def test_half_a_file_is_none(web: Web, server: Loopback, environ: dict[str, str], tmp_path: Path) -> None:
    uri = f"{server.url}/t.csv"
    waited: list[float] = []
    remote = RemoteDataset(
        Dataset("flights", "t.csv", uri), HttpFile(uri, lambda *_: None, waited.append), downloads(environ)
    )
    assert remote.files() == ("t.csv",)
    web.cut = 3
    with pytest.raises(RemoteError, match="broke"):
        remote.place("t.csv")
    web.cut = None
    assert waited and kept(environ) == []
    assert remote.place("t.csv").read_text() == CONTENT


def test_a_spoiled_download_is_made_again(server: Loopback, environ: dict[str, str], tmp_path: Path) -> None:
    dataset = Dataset("flights", "data/t.csv", f"{server.url}/t.csv")
    looked_at(dataset, environ, tmp_path)[0].copy("data/t.csv", tmp_path / "copy.csv")
    (file,) = kept(environ)
    file.write_text(OTHER)
    looked_at(dataset, environ, tmp_path)[0].copy("data/t.csv", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == CONTENT


@dataclass(frozen=True)
class Shelf:
    """A storage that lists what it is told to."""

    listed: tuple[RemoteFile, ...]

    def files(self) -> tuple[RemoteFile, ...]:
        return self.listed

    def fetch(self, file: RemoteFile, target: Path) -> FileRecord:
        target.write_text(file.name)
        return FileRecord(file.name, digest_of_file(target), len(file.name))


def of_names(folder: Path, *names: str) -> RemoteDataset:
    listed = tuple(RemoteFile(name, 0 if name == "d/sub" else 1, "tag") for name in names)
    return RemoteDataset(Dataset("flights", "data", "s3://bucket/d/"), Shelf(listed), Downloads(folder))


def test_what_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    first = of_names(tmp_path, "d/x", "d/y")
    places = [first.place(path) for path in first.files()]
    for place in places:
        place.chmod(0o400)
    again = of_names(tmp_path, "d/x", "d/y")
    assert [again.place(path) for path in again.files()] == places
    assert [place.stat().st_mode & 0o777 for place in places] == [0o400, 0o400]  # a new download would have its own


@pytest.mark.parametrize("key", ["a.csv", "a/"])
def test_a_web_page_in_place_of_a_storage_is_no_data(
    key: str, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ_of("reader").items():
        monkeypatch.setenv(name, value)
    page = Reply(200, b"<!doctype html><html>log in</html>", {"Content-Type": "text/html"})
    with serving(lambda _: page) as portal, pytest.raises(RemoteError, match="what answers is not S3"):
        dataset = Dataset("flights", "d", f"s3://bucket/{key}?endpoint={portal.url}&region=us-east-1")
        looked_at(dataset, {**environ, **environ_of("reader")}, tmp_path)


@pytest.mark.parametrize("name", ["d/../../x", "d/./x", "d//x", "d/a\0", "d//etc/passwd"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no path of a file"):
        of_names(tmp_path, "d/fine", name).files()


def test_objects_that_mark_folders_are_no_files(tmp_path: Path) -> None:
    assert of_names(tmp_path, "d/sub", "d/sub/x").files() == ("data/sub/x",)
    with pytest.raises(UsageError, match="no path of a file"):
        of_names(tmp_path, "d/other", "d/other/x").files()
