"""Objects that somebody else has put into a storage: what they are like, and their bytes. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, PreconditionError

from mlops_ci.edge.interruption import stoppable
from mlops_ci.errors import ChangedMeanwhileError, MlopsError
from mlops_ci.records.files import FileRecord, RemoteFile
from mlops_ci.workspace.objects.address import Address
from mlops_ci.workspace.objects.connect import Client, connect
from mlops_ci.workspace.objects.errors import NO_BUCKET, explain, web_page
from mlops_ci.workspace.objects.interruptible import call
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.objects.reply import read_reply
from mlops_ci.workspace.objects.transfer import Downloading
from mlops_ci.workspace.store import Watch, unwatched

_PROBE = ".mlops-ci-probe"  # never written


class ObjectReader:
    """An object, or all below a prefix, under the very names that they have there.

    Args:
        address: the object or prefix.
        environ: the environment variables, where credentials come from.
        watch: is told of downloads.
        folder: whether all below the address is meant.
        patience: how long a storage that fails is tried again.
    """

    def __init__(
        self,
        address: Address,
        environ: Mapping[str, str],
        watch: Watch = unwatched,
        *,
        folder: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self._address = address
        self._environ = environ
        self._watch = watch
        self._folder = folder
        self._patience = patience or Patience()

    def files(self) -> Sequence[RemoteFile]:
        """The object at the address or those below it, by requests that do not send them; none where nothing is.

        Raises:
            RemoteError: the storage refused, or cannot be reached.
        """
        return self._listed() if self._folder else self._looked_at()

    def fetch(self, file: RemoteFile, target: Path) -> FileRecord:
        """Write an object to a file that must not exist.

        Raises:
            ChangedMeanwhileError: it is not the one that was looked at any more.
            RemoteError: the storage refused, or cannot be reached.
        """
        where = self._where(file.name)
        downloading = Downloading(self._bulk, file.name, target, partial(self._watch, where))
        try:
            first = call(downloading.begin)
            now = _remote(first.meta)
            if (now.size, now.tag) != (file.size, file.tag) or (file.version and now.version != file.version):
                raise ChangedMeanwhileError(where)
            with stoppable(downloading.stop):
                written = downloading.finish(first)
        except PreconditionError as error:
            raise ChangedMeanwhileError(where) from error
        except FileNotFoundError as error:
            if read_reply(error).code in NO_BUCKET:
                raise self._error(error, file.name) from error
            raise ChangedMeanwhileError(where) from error
        except BaseError as error:
            raise self._error(error, file.name) from error
        return FileRecord(file.name, written.digest, written.size)

    def _looked_at(self) -> Sequence[RemoteFile]:
        name = self._address.prefix
        try:
            found = call(lambda: obstore.head(self._small, name))
        except (BaseError, FileNotFoundError) as error:
            if not 400 <= (read_reply(error).status or 0) < 500:
                raise self._error(error, name) from error
            self._explained(name, error)
            return ()
        if not found["e_tag"]:
            raise web_page(self._address)
        return (_remote(found),)

    def _listed(self) -> Sequence[RemoteFile]:
        prefix = self._address.prefix
        try:
            found = call(lambda: obstore.list(self._small, prefix or None, chunk_size=1000).collect())
        except (BaseError, FileNotFoundError) as error:
            raise explain(error, self._address, "list", "") from error
        if not found:  # as a bucket seems to be that is not there, or a web page
            self._explained(f"{prefix}/{_PROBE}".lstrip("/"), None)
        return sorted(map(_remote, found), key=lambda file: file.name)

    def _explained(self, name: str, failure: Exception | None) -> None:
        """Nothing where there is no such object; else the error, asked for again: a HEAD is answered without words."""
        try:
            found = call(lambda: obstore.get(self._small, name, options={"range": (0, 1)}))
        except FileNotFoundError as error:
            if read_reply(error).code in NO_BUCKET or read_reply(error).foreign:
                raise self._error(error, name) from error
        except BaseError as error:
            if read_reply(error).status != 416:
                raise self._error(error, name) from error
        else:
            if str(found.attributes.get("Content-Type", "")).startswith("text/html"):
                raise web_page(self._address)
            if failure:
                raise self._error(failure, name) from failure

    def _error(self, error: Exception, name: str) -> MlopsError:
        return explain(error, self._address, "read", "" if name == self._address.prefix else name)

    def _where(self, name: str) -> str:
        return f"{self._address.service.scheme}://{self._address.bucket}/{name}"

    @cached_property
    def _clients(self) -> tuple[Client, Client]:
        return connect(self._address, self._patience, self._environ)

    @property
    def _small(self) -> Client:
        return self._clients[0]

    @property
    def _bulk(self) -> Client:
        return self._clients[1]


def _remote(meta: obstore.ObjectMeta) -> RemoteFile:
    # A listing of Azure has no quotes around what a request has them around.
    tag = meta["e_tag"].strip('"') if meta["e_tag"] else None
    return RemoteFile(meta["path"], meta["size"], tag, meta["version"])
