"""A connection to a cluster, as the official client makes it of a kubeconfig. Nothing else imports that client.

Of the client this uses what people configure: contexts, certificates, exec plugins such as kubelogin, proxies, the
account of a pod. Requests are made here: its own methods differ between versions, and repeat what must not be.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mlops_ci.edge.http_failures import PassingError, ResponseError, broken, refusal
from mlops_ci.edge.http_retries import Retries
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import MissingExtraError, RemoteError, UsageError
from mlops_ci.project.deploy import KubernetesPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "the cluster"
_LARGEST = 32 << 20
_TIMEOUTS = (10.0, 60.0)  # to connect, and between two pieces of an answer
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the cluster answered, whatever it is."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Connection:
    """Requests to the API server of a cluster, each with a fresh credential.

    Args:
        configuration: of the official client.
        namespace: where everything is.
        context: the name of the cluster for people.
        sleep: waits between attempts.
        clock: tells the time (epoch seconds).
    """

    def __init__(
        self,
        configuration: Any,
        *,
        namespace: str,
        context: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        from kubernetes.client import ApiClient

        self.namespace = namespace
        self.context = context
        self._configuration = configuration
        self._pool = ApiClient(configuration).rest_client.pool_manager
        self._base = str(configuration.host).rstrip("/")
        self._retries = Retries(sleep)
        self._clock = clock

    def json(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None,
             media: str = "application/json") -> Any:  # fmt: skip
        """The JSON that a request is answered with. All requests of this kind may be repeated.

        Raises:
            ResponseError: the cluster refused.
            RemoteError: it cannot be reached, or answers with something else.
        """
        data = self.data(method, path, query=query, body=body, media=media)
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            what = f"{SERVICE} answered with something, not JSON"
            raise RemoteError(what, where=self._base, hint="check the address in the kubeconfig") from error
        return document

    def data(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None,
             media: str = "application/json") -> bytes:  # fmt: skip
        """The bytes that a request is answered with; see :meth:`json`."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": media} if content else {}

        def once() -> bytes:
            reply = self.exchange(method, path, query=query, content=content, headers=headers)
            if reply.status < 300:
                return reply.data
            error = self.refused(reply, path)
            raise PassingError.of_status(error, self._clock) or error

        return self._retries(once, again=True)

    def refused(self, reply: Reply, path: str) -> ResponseError:
        """The error for an answer that is none of success."""
        return refusal(
            reply.status,
            reply.headers,
            reply.data,
            SERVICE,
            f"{self._base}{path}",
            credential=f"the credentials of {self.context} in the kubeconfig",
            redact=Redactor([]),
        )

    def exchange(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:  # fmt: skip
        """One attempt at a request.

        Raises:
            PassingError: there is no whole answer, but there may be another time.
            RemoteError: there never will be.
        """
        from urllib3.exceptions import HTTPError
        from urllib3.util import Timeout

        url = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._pool.request(
                method,
                url,
                body=content or None,
                headers={"User-Agent": "mlops-ci", "Accept": "*/*", **(headers or {}), **self._authorization()},
                timeout=Timeout(connect=_TIMEOUTS[0], read=_TIMEOUTS[1]),
                preload_content=False,
                retries=False,
                redirect=False,
            )
            try:
                data = response.read(_LARGEST + 1)
            finally:
                response.close()
        except (HTTPError, OSError) as error:
            raise broken(error, SERVICE, self._base) from error
        if len(data) > _LARGEST:
            raise RemoteError(f"{SERVICE} answered with more than {_LARGEST:,} bytes", where=f"{self._base}{path}")
        return Reply(response.status, response.headers, data)

    def _authorization(self) -> dict[str, str]:
        """The credential of now: asking for it renews one that has expired."""
        with _understood(self.context):
            settings = self._configuration.auth_settings().values()
        return {item["key"]: item["value"] for item in settings if item["in"] == "header" and item["value"]}


def connect(
    place: KubernetesPlace, environ: Mapping[str, str], *, sleep: Callable[[float], None] = time.sleep
) -> Connection:
    """Connect to a place: by the kubeconfig, or as the account of the pod where there is none.

    Raises:
        MissingExtraError: the client is not installed.
        UsageError: there is no such context, or no configuration at all.
    """
    try:
        from kubernetes import client, config
        from kubernetes.config.incluster_config import InClusterConfigLoader
    except ImportError as error:
        raise MissingExtraError("Kubernetes", "kubernetes") from error
    configuration = client.Configuration()
    files = environ.get("KUBECONFIG") or str(Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config")
    name = place.context or "the current context"
    if not any(Path(file).is_file() for file in files.split(os.pathsep)):
        if place.context or "KUBERNETES_SERVICE_HOST" not in environ:
            hint = "log in to the cluster first (such as: az aks get-credentials), or set KUBECONFIG"
            raise UsageError("there is no kubeconfig", where=files, hint=hint)
        with _understood("the pod's account"):
            InClusterConfigLoader(str(_ACCOUNT / "token"), str(_ACCOUNT / "ca.crt"), environ=environ).load_and_set(
                configuration
            )
            namespace = place.namespace or (_ACCOUNT / "namespace").read_text("utf-8").strip()
        return Connection(configuration, namespace=namespace, context="this cluster", sleep=sleep)
    with _understood(name):
        contexts, current = config.list_kube_config_contexts(files)
        config.load_kube_config(files, context=place.context, client_configuration=configuration, persist_config=False)
        chosen = next((item for item in contexts if item["name"] == place.context), current)
    namespace = place.namespace or chosen["context"].get("namespace") or "default"
    return Connection(configuration, namespace=namespace, context=str(chosen["name"]), sleep=sleep)


@contextmanager
def _understood(name: str) -> Iterator[None]:
    """What is wrong with a configuration, as one line; it may be wrong in any way."""
    try:
        yield
    except (UsageError, RemoteError):
        raise
    except Exception as error:
        what = f"the configuration of {name} cannot be used: {type(error).__name__}: {error}"
        raise UsageError(what[:400], hint="check the kubeconfig: kubectl config get-contexts") from error
