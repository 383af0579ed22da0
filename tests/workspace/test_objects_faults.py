"""A network that loses, delays and cuts what passes costs time, and never a wrong answer."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.workspace.objects.address import parse_address
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.objects.store import ObjectStore
from mlops_ci.workspace.store import Written
from tests.parts.bucket import Bucket
from tests.parts.faulty_proxy import faulty_proxy, once, seeded
from tests.parts.gcs import Google
from tests.parts.loopback import Request
from tests.parts.need import soak
from tests.workspace.test_contract_races import require_one_winner

QUICK = Patience(total=20, first=0.002, longest=0.02)
SERVICES = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("azure", "gcs", "s3")]


@pytest.fixture(params=SERVICES)
def bucket(request: pytest.FixtureRequest) -> Bucket:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Bucket)
    return found


def stores(bucket: Bucket, endpoint: str) -> tuple[ObjectStore, ObjectStore]:
    """A client behind the faults, and one beside them, of one fresh workspace."""
    prefix = f"faults/{uuid.uuid4().hex}"
    urls = bucket.url(prefix, endpoint=endpoint), bucket.url(prefix)
    return ObjectStore(parse_address(urls[0]), patience=QUICK), ObjectStore(parse_address(urls[1]), patience=QUICK)


def test_after_a_lost_reply_a_creation_may_be_told_as_lost_and_reading_back_shows_ones_own_bytes(
    bucket: Bucket,
) -> None:
    with faulty_proxy(bucket.endpoint, once("lost after", "PUT")) as endpoint:
        store, beside = stores(bucket, endpoint)
        assert not store.create("a", b"mine"), "the second try found what the first had written"
        assert store.get("a") == beside.get("a") == b"mine"


@pytest.mark.parametrize("fault", ["lost before", "429", "500"])
def test_a_creation_that_never_arrived_is_tried_again(bucket: Bucket, fault: str) -> None:
    with faulty_proxy(bucket.endpoint, once(fault, "PUT")) as endpoint:
        store, beside = stores(bucket, endpoint)
        assert store.create("a", b"mine")
        assert beside.get("a") == b"mine"


def test_what_is_acknowledged_is_there_whatever_the_network_does(bucket: Bucket) -> None:
    with faulty_proxy(bucket.endpoint, seeded(7, 0.4)) as endpoint:
        store, beside = stores(bucket, endpoint)
        for number in range(soak(25, 1000)):
            key, data = f"log/{number:06d}", f"entry {number}".encode()
            try:
                store.create(key, data)
            except RemoteError:
                assert beside.get(key) in {None, data}
            else:
                assert beside.get(key) == data
                assert store.get(key) == data
        listed = [item.key for item in store.list("log/")]
        assert listed == [item.key for item in beside.list("log/")]


def test_an_upload_whose_completion_was_not_heard_of_is_complete(google_server: Google, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(9 << 20))
    posts = 0

    def lose_the_completion(request: Request) -> str | None:
        nonlocal posts
        posts += request.method == "POST"
        return "lost after" if request.method == "POST" and posts == 2 else None

    with faulty_proxy(google_server.endpoint, lose_the_completion) as endpoint:
        store, beside = stores(google_server.bucket, endpoint)
        written = store.upload("big", source)
    assert written == Written(digest_of_bytes(source.read_bytes()), 9 << 20)
    assert beside.get("big") == source.read_bytes()


def test_files_arrive_whole_through_a_bad_network(bucket: Bucket, tmp_path: Path) -> None:
    data = b"".join(number.to_bytes(4, "big") for number in range(3_000_000))  # 12 MB: parts and ranges
    source = tmp_path / "source"
    source.write_bytes(data)
    expected = Written(digest_of_bytes(data), len(data))
    with faulty_proxy(bucket.endpoint, seeded(3, 0.25)) as endpoint:
        store, beside = stores(bucket, endpoint)
        assert store.upload("big", source) == expected
        assert beside.download("big", tmp_path / "beside") == expected
        assert store.download("big", tmp_path / "copy") == expected
    assert (tmp_path / "beside").read_bytes() == (tmp_path / "copy").read_bytes() == data


def _google(server: Google) -> ObjectStore:
    return ObjectStore(parse_address(server.bucket.url(uuid.uuid4().hex)), patience=Patience(total=20, first=0.3))


def test_the_one_write_a_second_of_an_object_is_waited_for(google_server: Google) -> None:
    google_server.one_a_second = True
    store = _google(google_server)
    store.put("hint", b"1")
    store.put("hint", b"2")
    assert google_server.refused > 0
    assert store.get("hint") == b"2"


def test_a_storage_that_accepts_both_of_two_creations_is_caught_by_the_contract(google_server: Google) -> None:
    google_server.overwrites = True
    with pytest.raises(AssertionError, match="were told that they created"):
        require_one_winner([_google(google_server) for _ in range(4)], rounds=5)


def test_a_listing_of_many_pages_is_complete_and_sorted(google_server: Google) -> None:
    google_server.page = 7
    store = _google(google_server)
    keys = [f"a/{number:03d}" for number in range(50)]
    for key in keys:
        store.create(key, b"")
    assert [item.key for item in store.list("a/")] == keys
