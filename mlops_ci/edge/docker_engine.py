"""The local Docker Engine, through Docker's SDK: opening it, and its failures as errors of ours."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_ci.errors import MissingExtraError, RemoteError

if TYPE_CHECKING:
    from docker import DockerClient

_SOCKET = "unix:///var/run/docker.sock"
_TIMEOUT = 120  # seconds; stopping and loading take their time
_NOT_RUNNING = "start Docker, or set DOCKER_HOST to where it listens; you may have to belong to the group docker"


def open_engine(environ: Mapping[str, str]) -> DockerClient:
    """A client of the Engine that ``DOCKER_HOST`` names, by default the one of this machine; it is closed when it goes.

    Raises:
        MissingExtraError: Docker's SDK is not installed.
        RemoteError: no Engine answers.
    """
    try:
        import docker
    except ImportError as error:
        raise MissingExtraError("the Docker Engine", "docker") from error
    with telling_of_the_engine(where=environ.get("DOCKER_HOST") or _SOCKET, hint=_NOT_RUNNING):
        client = docker.from_env(environment=dict(environ), timeout=_TIMEOUT)
    weakref.finalize(client, client.api.close)
    return client


@contextmanager
def telling_of_the_engine(
    *, where: str | None = None, hint: str | None = None, redact: Callable[[str], str] = str
) -> Iterator[None]:
    """Turn failures of the Engine into errors that say what it says; ``redact`` takes out what must not be shown."""
    import requests
    from docker.errors import APIError, DockerException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        said = redact(" ".join(str(error.explanation or error).split()))
        raise RemoteError(f"the Docker Engine refuses: {said}", where=where, hint=hint) from error
    except (DockerException, requests.RequestException, HTTPError, OSError) as error:
        raise RemoteError("the Docker Engine does not answer", where=where, hint=hint or _NOT_RUNNING) from error
