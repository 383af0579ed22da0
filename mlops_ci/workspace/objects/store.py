"""A bucket or container as a workspace. Create-if-absent is a conditional write, which the storage decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from mlops_ci.edge.interruption import stoppable
from mlops_ci.errors import RemoteError
from mlops_ci.workspace.keys import require_key
from mlops_ci.workspace.objects.address import Address, parse_address
from mlops_ci.workspace.objects.connect import Client, connect
from mlops_ci.workspace.objects.errors import NO_BUCKET, explain, web_page
from mlops_ci.workspace.objects.interruptible import call
from mlops_ci.workspace.objects.names import key_of, name_of
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.objects.reply import read_reply
from mlops_ci.workspace.objects.transfer import CONTENT, Downloading, Uploading
from mlops_ci.workspace.store import StoredObject, Watch, Written, unwatched

T = TypeVar("T")

_ABSENT = frozenset({"NoSuchKey", "BlobNotFound"})
_TRY_AGAIN = frozenset({"ConditionalRequestConflict", "OperationAborted"})
_PROBE = ".mlops-ci-probe"  # never written


class ObjectStore:
    """Objects below a prefix of a bucket. The client connects with the first request."""

    def __init__(self, address: Address, watch: Watch = unwatched, patience: Patience | None = None) -> None:
        self._address = address
        self._watch = watch
        self._patience = patience or Patience()

    @property
    def url(self) -> str:
        """The address; credentials are never part of it."""
        return self._address.url

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""
        name = self._name(key)

        def fetch() -> bytes:
            found = obstore.get(self._small, name)
            self._require_object(found)
            return bytes(found.bytes())

        return self._if_there(key, fetch)

    def create(self, key: str, data: bytes) -> bool:
        """Create an object if the key is free: a write on the condition that nothing is there."""
        return self._do("write", key, lambda: self._create(key, data))

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        name = self._name(key)
        self._do("write", key, lambda: obstore.put(self._small, name, data, attributes=CONTENT, use_multipart=False))

    def upload(self, key: str, source: Path) -> Written:
        """Create an object from a file: a small one conditionally, a big one in parallel parts if nothing is there."""
        uploading = Uploading(self._bulk, self._name(key), source, lambda moved, total: self._watch(key, moved, total))
        if uploading.is_small:
            content = uploading.read()
            self._do("write", key, lambda: self._create(key, content.data))
            self._watch(key, content.written.size, content.written.size)
            return content.written
        if self._is_there(key):
            return uploading.measure()
        try:
            return self._do("write", key, uploading.send, uploading.stop)
        except RemoteError:
            # The reply to the completion got lost, or somebody else was faster: a whole object stays either way.
            if not self._is_there(key):
                raise
            return uploading.measure()

    def download(self, key: str, target: Path) -> Written | None:
        """Write an object to a new file, from parallel ranges."""
        downloading = Downloading(
            self._bulk, self._name(key), target, lambda moved, total: self._watch(key, moved, total)
        )
        first = self._if_there(key, downloading.begin)
        if first is None:
            return None
        self._require_object(first)
        try:
            with stoppable(downloading.stop):
                return downloading.finish(first)
        except (BaseError, FileNotFoundError) as error:
            raise explain(error, self._address, "read", key) from error

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below a folder of keys, sorted. The whole listing is read first."""
        place = self._name(prefix.removesuffix("/")) if prefix else name_of(self._address.prefix)
        found = self._do("list", prefix, lambda: obstore.list(self._small, place or None, chunk_size=1000).collect())
        if not found:
            self._do("list", prefix, self._require_storage)
        inside = len(name_of(self._address.prefix)) + 1 if self._address.prefix else 0
        items = (
            StoredObject(key_of(meta["path"][inside:]), meta["size"], meta["last_modified"].timestamp())
            for meta in found
        )
        yield from sorted(items, key=lambda item: item.key)

    def folders(self, prefix: str) -> Sequence[str]:
        """The folders of keys below one."""
        place = self._name(prefix.removesuffix("/")) if prefix else name_of(self._address.prefix)
        found = self._do("list", prefix, lambda: obstore.list_with_delimiter(self._small, place or None))
        return sorted(key_of(path.rstrip("/").rpartition("/")[2]) for path in found["common_prefixes"])

    def delete(self, key: str) -> None:
        """Delete an object; the storage forgets it at once."""
        name = self._name(key)
        self._if_there(key, lambda: obstore.delete(self._small, name), action="delete")

    def together(self) -> AbstractContextManager[None]:
        """Each write is done when its method returns."""
        return nullcontext()

    def sweep(self, before: float) -> int:  # noqa: ARG002 - the Protocol's signature
        """Nothing: parts of uploads that were cut off are not listed; a lifecycle rule of the bucket removes them."""
        return 0

    @cached_property
    def _clients(self) -> tuple[Client, Client]:
        return connect(self._address, self._patience)

    @property
    def _small(self) -> Client:
        return self._clients[0]

    @property
    def _bulk(self) -> Client:
        return self._clients[1]

    def _name(self, key: str) -> str:
        require_key(key)
        return name_of(f"{self._address.prefix}/{key}" if self._address.prefix else key)

    def _do(self, action: str, key: str, function: Callable[[], T], stop: Callable[[], None] | None = None) -> T:
        try:
            return call(function, stop)
        except (BaseError, FileNotFoundError) as error:
            raise explain(error, self._address, action, key) from error

    def _if_there(self, key: str, function: Callable[[], T], action: str = "read") -> T | None:
        """The function's result; None where there is no such object, and nothing else is amiss."""
        try:
            return call(function)
        except FileNotFoundError as error:
            if read_reply(error).code not in _ABSENT:
                # A bucket that is not there answers a HEAD in the same way.
                self._do("list", "", self._require_storage)
            return None
        except BaseError as error:
            raise explain(error, self._address, action, key) from error

    def _is_there(self, key: str) -> bool:
        def look() -> bool:
            try:
                obstore.get(self._small, self._name(key), options={"range": (0, 1)})
            except BaseError as error:
                if read_reply(error).status != 416:
                    raise
            return True  # an empty object has no first byte

        # Not a HEAD: its answer has no body, and so no word about what else may be wrong.
        return self._if_there(key, look) is not None

    def _create(self, key: str, data: bytes) -> bool:
        name = self._name(key)
        for _ in self._patience.tries():
            try:
                obstore.put(self._small, name, data, attributes=CONTENT, mode="create")
            except AlreadyExistsError as error:
                reply = read_reply(error)
                if reply.status == 412 or reply.code == "BlobAlreadyExists":
                    return False
                if reply.code not in _TRY_AGAIN:
                    raise explain(error, self._address, "write", key) from error
            else:
                return True
        raise RemoteError(
            "others keep writing the same object", where=f"{key} in {self.url}", hint="run the same command again"
        )

    def _require_object(self, found: obstore.GetResult) -> None:
        kind = str(found.attributes.get("Content-Type", ""))
        if kind.startswith("text/html"):  # we never write that
            raise web_page(self._address)

    def _require_storage(self) -> None:
        """Raise where the bucket does not exist, or something else than a storage answers.

        A web page reads as an empty listing, and only a request for an object shows what it is.
        """
        next(iter(obstore.list(self._small, self._name(_PROBE), chunk_size=1)), None)
        try:
            found = obstore.get(self._small, self._name(_PROBE))
        except (BaseError, FileNotFoundError) as error:
            if read_reply(error).code in NO_BUCKET or read_reply(error).foreign:
                raise
            return
        self._require_object(found)


def open_objects(url: str, watch: Watch) -> ObjectStore:
    """Open the storage at a URL of one of the services; no request is made yet."""
    return ObjectStore(parse_address(url), watch)
