"""MLflow's REST API: tracking, registry, and the artifacts that a server hands through."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from mlops_ci.edge.http import Http
from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import IntegrityError, RemoteError
from mlops_ci.exchange.files import MOST_FILES, safe_join
from mlops_ci.exchange.foreign import GoneError

_API = "api/2.0/mlflow/"
_ARTIFACTS = "api/2.0/mlflow-artifacts/artifacts"
_CREDENTIAL = "MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
_DEEPEST = 64
_PAGE = "200"


class MlflowApi:
    """A server. Credentials come from the variables that MLflow's own client reads."""

    def __init__(self, url: str, environ: Mapping[str, str], **testing: Any) -> None:
        self.http = Http(
            url, service="the MLflow server", authorization=_authorization(environ), credential=_CREDENTIAL, **testing
        )

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """What the API says.

        Raises:
            ResponseError: the server refused.
        """
        return self._object(self.http.json("GET", _API + path, params=params), path)

    def find(self, path: str, **params: str) -> dict[str, Any] | None:
        """What the API says; None where the server knows no such thing."""
        try:
            return self.get(path, **params)
        except ResponseError as error:
            # A 404 of another kind is a wrong address, or an endpoint that an old server does not have.
            if error.document.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def post(self, path: str, body: Mapping[str, Any], *, idempotent: bool) -> dict[str, Any]:
        """Change something.

        Raises:
            ResponseError: the server refused.
            OutcomeUnknownError: it may or may not have happened.
        """
        answer = self.http.json("POST", _API + path, body=body, idempotent=idempotent)
        return self._object({} if answer is None else answer, path)

    def pages(self, path: str, key: str, **params: str) -> Iterator[dict[str, Any]]:
        """All items of a list that comes in pages."""
        token: dict[str, str] = {}
        while True:
            page = self.get(path, max_results=_PAGE, **params, **token)
            yield from page.get(key) or ()
            following = page.get("next_page_token")
            if not following:
                return
            if token.get("page_token") == following:
                raise RemoteError("the MLflow server repeats a page without end", where=self.http.base + _API + path)
            token = {"page_token": following}

    def artifact_path(self, uri: str) -> str | None:
        """The path of artifacts that this server hands through; None if a URI says something else.

        Raises:
            GoneError: another server has them.
        """
        parts = urlsplit(uri)
        if parts.scheme == "mlflow-artifacts":
            path = unquote(parts.path)
        elif parts.scheme in {"http", "https"} and _ARTIFACTS in parts.path:
            path = unquote(parts.path.partition(_ARTIFACTS)[2])
        else:
            return None
        if parts.hostname not in {None, self.http.host}:
            raise GoneError(f"its files are served by {parts.hostname}, another server")
        return posixpath.normpath(path.strip("/"))

    def list_artifacts(self, path: str) -> list[tuple[str, bool, int | None]]:
        """What lies in a folder of artifacts: name, whether it is a folder, and size."""
        answer = self._object(self.http.json("GET", _ARTIFACTS, params={"path": path}), _ARTIFACTS)
        return [_entry(item, where=path) for item in answer.get("files") or ()]

    def download_artifacts(self, path: str, target: Path) -> None:
        """Write all artifacts below a path into a folder, or the one that the path is.

        Raises:
            GoneError: there are none.
            IntegrityError: a name leads out of the folder, or a file has another size than the server says.
        """
        waiting, files = [(path, target, 0)], 0
        while waiting:
            folder, into, depth = waiting.pop()
            for name, is_folder, size in self.list_artifacts(folder):
                files += 1
                if files > MOST_FILES or depth > _DEEPEST:
                    raise IntegrityError("a model of that many files is none", where=path)
                place = safe_join(into, name, where=folder)
                if is_folder:
                    waiting.append((f"{folder}/{name}", place, depth + 1))
                    continue
                into.mkdir(parents=True, exist_ok=True)
                self._download(f"{folder}/{name}", place, size)
        if not files:
            self._download(path, safe_join(target, posixpath.basename(path), where=path), None)

    def _download(self, path: str, target: Path, size: int | None) -> None:
        try:
            written = self.http.download(f"{_ARTIFACTS}/{quote(path)}", target)
        except ResponseError as error:
            # MLflow lists names that it then refuses to serve, such as those with a "#".
            if error.status in {400, 404}:
                raise GoneError(f"its files are gone: {error.what}", where=path) from error
            raise
        if size is not None and written != size:
            raise IntegrityError(f"the server sent {written:,} bytes of a file of {size:,}", where=path)

    def upload_artifact(self, path: str, source: Path) -> None:
        """Write one artifact."""
        self.http.upload(f"{_ARTIFACTS}/{quote(path)}", source)

    def _object(self, answer: Any, path: str) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise RemoteError("the MLflow server answered with something that is no record of MLflow", where=path)
        return answer


def _entry(item: Any, *, where: str) -> tuple[str, bool, int | None]:
    name, size = str(item.get("path", "")), item.get("file_size")
    if "/" in name:  # listings of folders give bare names
        raise IntegrityError(f"a file is called {name[:80]!r}, which leads out of its folder", where=where)
    return name, bool(item.get("is_dir")), int(size) if str(size or "").isdecimal() else None


def _authorization(environ: Mapping[str, str]) -> str | None:
    user, password = environ.get("MLFLOW_TRACKING_USERNAME"), environ.get("MLFLOW_TRACKING_PASSWORD")
    if user and password:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    token = environ.get("MLFLOW_TRACKING_TOKEN")
    return f"Bearer {token}" if token else None
