"""A client of image registries.

Distribution specification 1.1: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin

from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.http_address import is_loopback
from mlops_ci.edge.http_exchange import ExchangeHttp, Reply
from mlops_ci.edge.http_failures import PassingError, ResponseError
from mlops_ci.errors import IntegrityError, RemoteError, UsageError
from mlops_ci.packaging import oci
from mlops_ci.packaging.challenge import answer, parse_challenge
from mlops_ci.packaging.credentials import PASSWORD, USER, Credentials
from mlops_ci.packaging.oci import Descriptor, Document
from mlops_ci.packaging.reference import DOCKER_HUB
from mlops_ci.records.digest import digest_of_bytes, is_digest

T = TypeVar("T")
_DOCUMENT = 8 << 20  # manifests have at most 4 MiB, configurations are not much larger
_NOT_LET_IN, _UNKNOWN = 401, 404
_REFUSED = frozenset({_NOT_LET_IN, 403})
_MOUNTED = 201
_READ, _WRITE = "pull", "pull,push"


class Registry:
    """A registry of images; one on this machine is spoken to without encryption, every other with it.

    Args:
        name: host and port, as in the names of images.
        credentials: who we are.
        sleep: waits between attempts.
    """

    def __init__(self, name: str, credentials: Credentials, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._credentials = credentials
        self._sleep = sleep
        self._source = f"{USER} and {PASSWORD}, or docker login {name}"
        host = "registry-1.docker.io" if name == DOCKER_HUB else name
        scheme = "http" if is_loopback(host.rpartition(":")[0] or host) else "https"
        self._http = ExchangeHttp(f"{scheme}://{host}", service=name, credential=self._source, sleep=sleep)
        self._scopes: set[str] = set()

    def manifest(self, repository: str, selector: str) -> Document | None:
        """A manifest or index, by tag or digest; None if there is none.

        Raises:
            IntegrityError: it is not what the digest says.
            RemoteError: the registry cannot be reached, or refuses.
        """
        accepted = {"Accept": ", ".join(sorted(oci.MANIFESTS | oci.INDEXES))}
        path = f"v2/{repository}/manifests/{selector}"
        reply = self._ask(
            repository, _READ, lambda: self._http.exchange("GET", path, headers=accepted, limit=_DOCUMENT)
        )
        if reply is None:
            return None
        self._require_digest(selector if is_digest(selector) else None, reply.data, path)
        return Document(oci.kind_of(oci.read_document(reply.data, path)), reply.data)

    def blob(self, repository: str, digest: str) -> bytes | None:
        """A small blob; None if there is none.

        Raises:
            IntegrityError: it is not what the digest says.
        """
        path = f"v2/{repository}/blobs/{digest}"
        reply = self._ask(repository, _READ, lambda: self._http.exchange("GET", path, limit=_DOCUMENT))
        if reply:
            self._require_digest(digest, reply.data, path)
        return reply.data if reply else None

    def download(self, repository: str, digest: str, target: Path) -> None:
        """Write a blob to a file that must not exist, verified.

        Raises:
            IntegrityError: it is not what the digest says.
            UsageError: there is none.
        """
        path = f"v2/{repository}/blobs/{digest}"
        if self._ask(repository, _READ, lambda: self._http.download(path, target)) is None:
            raise UsageError("the registry lacks a layer of the image", where=f"{self.name}/{repository}@{digest}")
        if digest_of_file(target) != digest:
            target.unlink()
            raise _damaged(path)

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether a repository has a blob, asked by somebody who is about to write to it."""
        path = f"v2/{repository}/blobs/{digest}"
        return self._ask(repository, _WRITE, lambda: self._http.exchange("HEAD", path)) is not None

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Let a repository have a blob that another one of this registry has; False if that cannot be done."""
        path, params = f"v2/{repository}/blobs/uploads/", {"mount": digest, "from": source}
        with suppress(ResponseError):  # whoever must not read there sends it instead
            reply = self._ask(
                repository,
                _WRITE,
                lambda: self._http.exchange("POST", path, params=params, content=b""),
                f"repository:{source}:pull",
            )
            if reply and reply.status == _MOUNTED:
                return True
            if reply:  # an upload was begun instead
                with suppress(ResponseError, PassingError):
                    self._http.exchange("DELETE", self._location(reply))
        return False

    def upload(self, repository: str, digest: str, content: bytes | Path) -> None:
        """Send a blob; a repository has all of it or nothing.

        Raises:
            IntegrityError: it is not what the digest says.
            RemoteError: the registry cannot be reached, or refuses.
        """
        found = digest_of_file(content) if isinstance(content, Path) else digest_of_bytes(content)
        if found != digest:
            raise IntegrityError("a layer in the cache is damaged", where=str(content)[:200], hint="delete it")

        def once() -> Reply:
            begun = self._http.exchange("POST", f"v2/{repository}/blobs/uploads/", content=b"")
            headers = {"Content-Type": "application/octet-stream"}
            return self._http.exchange(
                "PUT", self._location(begun), params={"digest": digest}, headers=headers, content=content
            )

        self._require_known(repository, self._ask(repository, _WRITE, once))

    def put(self, repository: str, selector: str, document: Document) -> Reply:
        """Write a manifest or index, by tag or digest.

        Raises:
            RemoteError: the registry cannot be reached, or refuses.
        """
        path, headers = f"v2/{repository}/manifests/{selector}", {"Content-Type": document.media_type}
        reply = self._ask(
            repository, _WRITE, lambda: self._http.exchange("PUT", path, headers=headers, content=document.data)
        )
        return self._require_known(repository, reply)

    def attached(self, repository: str, digest: str) -> tuple[Descriptor, ...]:
        """What is attached to an image, as the registry tells it or the tag that stands in for that."""
        path = f"v2/{repository}/referrers/{digest}"
        reply = self._ask(repository, _READ, lambda: self._http.exchange("GET", path, limit=_DOCUMENT))
        data = reply.data if reply else None
        if data is None and (fallback := self.manifest(repository, referrers_tag(digest))):
            data = fallback.data
        return oci.descriptors(oci.read_document(data, path), "manifests", path) if data is not None else ()

    def _ask(self, repository: str, action: str, once: Callable[[], T], *scopes: str) -> T | None:
        """What a request comes to, once the registry has let us in; None where it knows nothing of the kind."""
        self._scopes |= {f"repository:{repository}:{action}", *scopes}
        for let_in in (False, True):
            try:
                return self._http.repeatedly(once)
            except ResponseError as error:
                if error.status == _UNKNOWN:
                    return None
                if error.status == _NOT_LET_IN and not let_in and self._enter(error, self._scopes):
                    continue
                raise self._told(error, action) from error
        raise AssertionError("unreachable: the second refusal is raised")

    def _enter(self, refusal: ResponseError, scopes: Iterable[str]) -> bool:
        challenge = parse_challenge(refusal.headers.get("WWW-Authenticate", ""))
        if challenge is None:
            return False
        credential = self._credentials.find(self.name)
        value = answer(
            challenge, credential, scopes, registry=self.name, source=self._source, sleep=self._sleep
        )  # fmt: skip
        if value is None:
            return False
        self._http.authorize(value)
        return True

    def _told(self, error: ResponseError, action: str) -> RemoteError:
        """The refusal in the registry's own words, with what to do."""
        first = next((each for each in error.document.get("errors") or () if isinstance(each, dict)), {})
        said = " ".join(str(first.get("message") or first.get("code") or "").split())[:200]
        if error.status in _REFUSED:
            what = f"{self.name} does not let us {'write' if action == _WRITE else 'read'}"
            hint = f"set {self._source}; the account has to have the right to {'push' if action == _WRITE else 'pull'}"
        else:
            what, hint = error.what, error.hint or "run the command again later"
        shown = f"{what}: {said}" if said and said.isprintable() and said not in what else what
        return ResponseError(
            shown, status=error.status, document=error.document, headers=error.headers, where=error.where, hint=hint
        )

    def _require_known(self, repository: str, reply: T | None) -> T:
        if reply is None:
            hint = "create it there, or mend image.repository"
            raise UsageError("the registry has no such repository", where=f"{self.name}/{repository}", hint=hint)
        return reply

    def _location(self, reply: Reply) -> str:
        location = reply.headers.get("Location", "")
        if not location:
            raise RemoteError(f"{self.name} does not say where to send a layer", where=self._http.base)
        return urljoin(self._http.base, location)

    def _require_digest(self, digest: str | None, data: bytes, path: str) -> None:
        if digest is not None and digest_of_bytes(data) != digest:
            raise _damaged(f"{self.name}/{path}")


def referrers_tag(digest: str) -> str:
    """The tag that stands in for a registry's account of what is attached to an image."""
    return digest.replace(":", "-")


def _damaged(path: str) -> IntegrityError:
    return IntegrityError("the registry answered with other bytes than the digest says", where=path)
